"""Lines of a trail that somebody wrote by hand never enter the history of what is here."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.models import ApiToken
from audit.models import AuditEvent
from documents.models import LibraryDocument
from personal_data.moving.into import import_practice
from personal_data.moving.people import id_here
from tests.personal_data.house import House
from tests.personal_data.moving.content import entries_of, write
from tests.personal_data.moving.test_claims import Entries, refused, rows, with_rows
from webhooks.models import WebhookEndpoint

pytestmark = pytest.mark.django_db


def a_line(entries: Entries, **changes: object) -> Entries:
    """One more line of the trail, like the first about an appointment."""
    lines = rows(entries, "audit")
    booked = next(one for one in lines if one["action"] == "appointment.booked")
    return with_rows(entries, "audit", [*lines, {**booked, **changes}])


def test_no_line_enters_the_history_of_what_is_here(
    moved_out: Path, house: House, other: House, tmp_path: Path
) -> None:
    entries = entries_of(moved_out)
    token = ApiToken.objects.get(user=other.own)
    for kind, what in (
        ("User", other.own),
        ("User", house.own),  # here, too, and under another id than that of the archive
        ("Appointment", other.own),
        ("ApiToken", token),
        ("LibraryDocument", LibraryDocument.objects.get(practice=other.practice)),
        ("WebhookEndpoint", WebhookEndpoint.objects.get(practice=other.practice)),
        ("Agenda", other.agenda),
        ("", other.own),
        ("Nobody", house.past),
        ("User", house.past),
    ):
        changed = a_line(entries, object_type=kind, object=str(what.pk))
        if what == house.own:
            changed = with_rows(
                changed, "people", [one for one in rows(changed, "people") if one["pk"] != str(what.pk)]
            )
        assert "trail" in refused(changed, tmp_path, f"{kind} {what!r}") or what == house.own
    refused(a_line(entries, record=str(other.agenda.pk)), tmp_path, "a record that is none")


def test_a_line_has_a_known_action_and_a_moment_that_was(moved_out: Path, tmp_path: Path) -> None:
    entries = entries_of(moved_out)
    tomorrow = timezone.now() + timedelta(days=1)
    for changes in (
        {"action": "document.blessed"},
        {"action": ""},
        {"at": "2999-01-01T00:00:00Z"},
        {"at": tomorrow.isoformat()},
        {"at": "1999-12-31T23:59:59Z"},
        {"at": "2020-01-01T00:00:00"},
        {"at": "yesterday"},
    ):
        assert "of the trail" in refused(a_line(entries, **changes), tmp_path, str(changes))


def test_a_detail_names_no_account_that_is_here(moved_out: Path, other: House, tmp_path: Path) -> None:
    named = [str(other.own.pk), other.own.pk.hex]
    changed = a_line(
        entries_of(moved_out),
        id=0,
        at="2020-01-01T08:00:00Z",
        detail={"account": named[0], "accounts": named, "rule": "x"},
    )
    report = import_practice(write(tmp_path / "detail.zip", changed))
    lines = AuditEvent.objects.filter(practice_id=report.practice, detail__moved_from="0")
    stands_in = str(id_here(report.practice, other.own.pk))
    assert [one.detail["account"] for one in lines] == [stands_in]
    assert [one.detail["accounts"] for one in lines] == [[stands_in, stands_in]]
    assert [one.detail["rule"] for one in lines] == ["x"]
