"""The history of an appointment shows the old and new values of a move, in the practice's time zone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from html import unescape
from itertools import combinations
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from accounts.models import User
from appointments.models import Agenda, Appointment, AppointmentKind, VisitReason
from appointments.moving import move
from audit.trail import record
from practices.models import Practice

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
START = datetime(2026, 12, 1, 9, 30, tzinfo=UTC)
PARTS = ("starts_at", "agenda", "visit_reason", "kind")
SENTENCES = {
    "fr": {
        "starts_at": "Date et heure : {new_time} (avant : {old_time}).",
        "agenda": "Agenda : Salle 3 (avant : {agenda}).",
        "visit_reason": "Motif : Bilan (avant : {reason}).",
        "kind": "Lieu : en vidéo (avant : au cabinet).",
    },
    "en": {
        "starts_at": "Date and time: {new_time} (before: {old_time}).",
        "agenda": "Agenda: Salle 3 (before: {agenda}).",
        "visit_reason": "Reason: Bilan (before: {reason}).",
        "kind": "Place: by video (before: at the practice).",
    },
}
TIMES = {
    ("fr", "Europe/Paris"): ("mardi 1er décembre 2026, 10:30", "mercredi 2 décembre 2026, 11:30"),
    ("en", "Europe/Paris"): ("Tuesday, 1 December 2026, 10:30", "Wednesday, 2 December 2026, 11:30"),
    ("fr", "Pacific/Noumea"): ("mardi 1er décembre 2026, 20:30", "mercredi 2 décembre 2026, 21:30"),
    ("en", "Pacific/Noumea"): ("Tuesday, 1 December 2026, 20:30", "Wednesday, 2 December 2026, 21:30"),
}


@pytest.fixture
def changes(practice: Practice, agenda: Agenda, visit_reason: VisitReason) -> dict[str, Any]:
    room = Agenda.objects.create(practice=practice, name="Salle 3", video_url="https://video.example/3")
    Agenda.objects.filter(pk=agenda.pk).update(video_url="https://video.example/1")
    check = VisitReason.objects.create(practice=practice, name="Bilan", duration_minutes=30)
    for one in (visit_reason, check):
        one.agendas.set([agenda, room])
    return {
        "starts_at": START.replace(day=2, hour=10),
        "agenda": room,
        "visit_reason": check,
        "kind": AppointmentKind.VIDEO,
    }


def notes(client: Client, appointment: Appointment, language: str) -> str:
    page = client.get(f"/pro/appointments/{appointment.pk}/history/", headers={"accept-language": language})
    assert page.status_code == 200
    return " ".join(unescape(page.content.decode()).replace("\xa0", " ").split())


@pytest.mark.parametrize("zone", ["Europe/Paris", "Pacific/Noumea"])
@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("parts", [c for n in (1, 2, 4) for c in combinations(PARTS, n)])
def test_each_part_that_changed_is_said_and_no_other(
    appointment: Appointment,
    changes: dict[str, Any],
    alice: User,
    sign_in: SignIn,
    parts: tuple[str, ...],
    language: str,
    zone: str,
) -> None:
    Practice.objects.filter(pk=appointment.practice_id).update(time_zone=zone)
    User.objects.filter(pk=alice.pk).update(language=language)
    Appointment.objects.filter(pk=appointment.pk).update(starts_at=START, ends_at=START.replace(minute=50))
    before = Appointment.objects.select_related("practice", "agenda", "visit_reason").get(pk=appointment.pk)
    move(appointment=before, by=alice, **{name: changes[name] for name in parts})
    text = notes(sign_in(alice), before, language)
    old_time, new_time = TIMES[language, zone]
    facts = {"old_time": old_time, "new_time": new_time, "agenda": before.agenda, "reason": before.visit_reason}
    for name in PARTS:
        assert (SENTENCES[language][name].format(**facts) in text) == (name in parts), name


def test_the_same_shows_when_its_place_followed_its_reason(
    appointment: Appointment, changes: dict[str, Any], alice: User, sign_in: SignIn
) -> None:
    VisitReason.objects.filter(pk=changes["visit_reason"].pk).update(in_person=False)
    move(appointment=appointment, by=alice, visit_reason=VisitReason.objects.get(pk=changes["visit_reason"].pk))
    assert "Lieu : en vidéo (avant : au cabinet)." in notes(sign_in(alice), appointment, "fr")


def test_a_move_of_an_earlier_version_says_which_parts_changed(
    appointment: Appointment, alice: User, sign_in: SignIn
) -> None:
    detail = {"fields": ["agenda", "starts_at"]}
    with transaction.atomic():
        record(
            "appointment.moved",
            by=alice,
            on=appointment,
            practice=appointment.practice_id,
            within=appointment,
            detail=detail,
        )
    assert "A changé : date et heure, agenda." in notes(sign_in(alice), appointment, "fr")


def test_an_agenda_that_was_deleted_since_is_said_to_be(
    appointment: Appointment, changes: dict[str, Any], alice: User, sign_in: SignIn
) -> None:
    first = appointment.agenda
    move(appointment=appointment, by=alice, agenda=changes["agenda"])
    first.delete()
    assert "Agenda : Salle 3 (avant : supprimé depuis)." in notes(sign_in(alice), appointment, "fr")
