"""Pages that belong to no practice show every time with its offset from UTC: the admin, the state of the
installation, its outbox, the account of a user without a practice."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import DateTimeField, Model
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.browsers import Browser
from accounts.devices import remember
from accounts.models import User
from accounts.operators import invite_operator
from appointments.models import Agenda, VisitReason
from audit.trail import record
from docshare.health import parts
from docshare.health.running import moment
from notifications.tasks import dispatch
from tests.conftest import PASSWORD
from tests.notifications.conftest import make_email

pytestmark = pytest.mark.django_db
CLOCK = re.compile(r"\b\d{1,2}:\d\d\b")
UNAMBIGUOUS = re.compile(
    r"\b\d{1,2}:\d\d(:\d\d)? \(UTC([+-]\d{1,2}(:?\d\d)?)?\)|\d\d:\d\d(:\d\d)?[+-]\d\d:\d\d|UTC[+-]\d\d:\d\d"
)


class Text(HTMLParser):
    """The visible text of a page: no attributes, scripts or styles."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[str] = []
        self._inside = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside += tag in ("script", "style", "template")

    def handle_endtag(self, tag: str) -> None:
        self._inside -= tag in ("script", "style", "template")

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.shown.append(data)


def bare_times(page: str) -> list[str]:
    reader = Text()
    reader.feed(page)
    text = " ".join(" ".join(reader.shown).split())
    return [text[max(0, one.start() - 60) : one.end() + 20] for one in CLOCK.finditer(UNAMBIGUOUS.sub("", text))]


def offsets(page: str) -> list[str]:
    return [one[0] for one in UNAMBIGUOUS.finditer(page)]


@pytest.mark.parametrize("bare", ["24 novembre 2026 09:14", "<p>à 9:14</p>", "2027-01-04 08:00", "09:14 (heure)"])
def test_a_bare_time_is_found(bare: str) -> None:
    assert bare_times(bare)


@pytest.mark.parametrize("said", ["09:14 (UTC+1)", "09:14 (UTC+0100)", "09:14 (UTC)", "2027-01-04T08:00+00:00"])
def test_one_that_says_its_offset_is_not(said: str) -> None:
    assert not bare_times(said)


@pytest.fixture
def operator(sign_in: Callable[..., Client]) -> Client:
    """An operator without a practice."""
    return sign_in(User.objects.create_superuser("root@operator.example", PASSWORD))


@pytest.fixture
def rows(alice: User, agenda: Agenda, visit_reason: VisitReason) -> list[Model]:
    """One row of each model in the admin, with every time filled in."""
    now = timezone.now()
    make_email()
    invite_operator(email="anne@operator.example", by=User.objects.create_superuser("two@operator.example", PASSWORD))
    found = []
    for model in admin.site._registry:
        moments = [one.name for one in model._meta.fields if isinstance(one, DateTimeField) and one.null]
        model._base_manager.update(**dict.fromkeys(moments, now))
        row = model._base_manager.first()
        assert row is not None, f"no {model._meta.label}: add one to this fixture"
        found.append(row)
    return found


def pages_of(row: Model) -> Iterator[str]:
    place = f"admin:{row._meta.app_label}_{row._meta.model_name}"
    yield reverse(f"{place}_changelist")
    if row._meta.label == "practices.Practice":
        for page in ("change", "history", "delete"):
            yield reverse(f"{place}_{page}", args=[row.pk])


@pytest.mark.parametrize("language", ["fr", "en"])
def test_no_list_detail_or_history_of_the_administration_has_a_bare_time(
    language: str, rows: list[Model], operator: Client
) -> None:
    User.objects.filter(email="root@operator.example").update(language=language)
    root = User.objects.get(email="root@operator.example")
    for row in rows:
        LogEntry.objects.create(
            user=root, content_type=ContentType.objects.get_for_model(row), object_id=str(row.pk),
            object_repr=str(row), action_flag=ADDITION,
        )  # fmt: skip
    times = 0
    for address in ["/admin/", *(page for row in rows for page in pages_of(row))]:
        answer = operator.get(address)
        assert answer.status_code == 200 or address.endswith("/delete/"), address  # messages are read-only
        page = answer.content.decode()
        assert bare_times(page) == [], address
        assert not re.search(r"\(UTC[+-]\d{3}", page), address  # in the format of moment_anywhere
        times += len(offsets(page))
    assert times > 5


@pytest.mark.parametrize("language", ["fr", "en"])
def test_no_page_without_a_practice_has_a_bare_time(
    language: str, operator: Client, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EMAIL_BACKEND = "notifications.channels.outbox.OutboxEmailBackend"
    settings.EMAIL_URL = settings.SMS_URL = ""
    settings.OUTBOX_DIR = tmp_path
    make_email()
    dispatch("email")
    root = User.objects.get(email="root@operator.example")
    User.objects.filter(pk=root.pk).update(language=language)
    remember(root, browser=Browser("Firefox", "Linux"), code_given=True)
    record("account.signed_in", by=root, on=root)
    UserSession.objects.create(
        user=root, ip="127.0.0.1", session_key=operator.session.session_key, user_agent="Firefox"
    )
    found = parts.findings()
    found[0] = type(found[0])(**{**vars(found[0]), "sentence": moment(timezone.now())})
    monkeypatch.setattr("docshare.health.page.findings", lambda: found)
    for address in ("/outbox/", "/my-account/", "/my-account/activity/", "/account/sessions/", "/admin/system/"):
        answer = operator.get(address)
        assert answer.status_code == 200, address
        page = answer.content.decode()
        assert bare_times(page) == [], address
        assert offsets(page), address


def test_the_offset_is_that_of_the_day(operator: Client) -> None:
    winter, summer = datetime.fromisoformat("2026-01-15T12:00Z"), datetime.fromisoformat("2026-07-15T12:00Z")
    assert moment(winter).endswith("13:00 (UTC+1)")
    assert moment(summer).endswith("14:00 (UTC+2)")
