"""Dragging an appointment in the grid: it moves, asks as the page that moves asks, and the move can be undone."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from appointments.models import Agenda, Appointment, OpeningHours, VisitReason
from documents.models import LibraryDocument, SharedDocument
from documents.sharing.share import share_library_document
from patients.models import Patient
from practices.models import Practice
from tests.markup import one_line

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]


@pytest.fixture
def booked(practice: Practice, agenda: Agenda, visit_reason: VisitReason, marie: Patient) -> Appointment:
    """At ten, in nine days, on a day that is open from nine to noon."""
    day = timezone.localdate(timezone=practice.zone) + timedelta(days=9)
    OpeningHours.objects.create(agenda=agenda, weekday=day.weekday(), opens_at=time(9), closes_at=time(12))
    start = datetime.combine(day, time(10), practice.zone)
    return Appointment.objects.create(
        practice=practice, agenda=agenda, visit_reason=visit_reason, patient=marie,
        starts_at=start, ends_at=start + timedelta(minutes=20),
    )  # fmt: skip


def dropped(booked: Appointment, hour: int, **more: Any) -> dict[str, Any]:
    at = booked.local_start.replace(hour=hour)
    return {
        "starts_at": f"{at:%Y-%m-%dT%H:%M}",
        "agenda": booked.agenda_id,
        "was": booked.starts_at.isoformat(),
        **more,
    }


def start_of(booked: Appointment) -> int:
    return Appointment.objects.select_related("practice").get(pk=booked.pk).local_start.hour


def test_it_moves_at_once_and_can_be_undone(
    booked: Appointment, bob: User, sign_in: SignIn, settings: Settings
) -> None:
    settings.UNDO_FOR = timedelta(seconds=30)
    client, address = sign_in(bob), f"/pro/appointments/{booked.pk}/move/grid/"
    day = f"?date={booked.local_start.date().isoformat()}"
    page = client.get(f"/pro/{day}")
    assert f'data-move="{address}"' in page.content.decode()
    answer = client.post(f"{address}{day}&view=week", dropped(booked, 11))
    assert answer["Location"] == f"/pro/{day}&view=week"
    assert start_of(booked) == 11
    shown = one_line(client.get(answer["Location"]).content)
    assert "est à présent" in shown
    undo = re.search(r'action="(/pro/acts/[^"]+/undo/)"', shown)
    assert undo
    assert "Annuler le déplacement" in shown
    assert client.post(undo[1]).status_code == 302
    assert start_of(booked) == 10
    assert "Annuler le déplacement" not in client.get(f"/pro/{day}").content.decode()


def test_a_doubt_opens_the_page_that_moves_with_its_question(booked: Appointment, bob: User, sign_in: SignIn) -> None:
    client, address = sign_in(bob), f"/pro/appointments/{booked.pk}/move/grid/"
    answer = client.post(address, dropped(booked, 14), follow=True)
    page = answer.content.decode()
    assert start_of(booked) == 10
    assert "Déplacer quand même ce rendez-vous" in page
    assert re.search(rf'value="{booked.local_start.date().isoformat()}T14:00"', page)
    fields = answer.context["form"].initial
    accepted = re.findall(r'name="accepted"\s+value="([^"]+)"', page)
    sent = dropped(booked, 14, visit_reason=fields["visit_reason"], kind=fields["kind"], accepted=accepted)
    assert client.post(f"/pro/appointments/{booked.pk}/move/", sent).status_code == 302
    assert start_of(booked) == 14


def test_another_agenda_that_does_not_offer_the_reason_is_refused_on_the_page_that_moves(
    booked: Appointment, practice: Practice, bob: User, sign_in: SignIn
) -> None:
    other = Agenda.objects.create(practice=practice, name="Salle 2")
    client, address = sign_in(bob), f"/pro/appointments/{booked.pk}/move/grid/"
    answer = client.post(address, dropped(booked, 11, agenda=other.pk), follow=True)
    assert "n’est pas proposé sur l’agenda Salle 2" in answer.content.decode()
    assert f'value="{other.pk}" selected' in one_line(answer.content)
    booked.visit_reason.agendas.add(other)
    OpeningHours.objects.create(
        agenda=other, weekday=booked.local_start.weekday(), opens_at=time(9), closes_at=time(12)
    )
    client.post(address, dropped(booked, 11, agenda=other.pk))
    booked.refresh_from_db()
    assert booked.agenda == other


def test_what_a_colleague_moved_meanwhile_stays(
    booked: Appointment, bob: User, rita: User, charlie: User, sign_in: SignIn
) -> None:
    address, sent = f"/pro/appointments/{booked.pk}/move/grid/", dropped(booked, 11)
    Appointment.objects.filter(pk=booked.pk).update(starts_at=booked.starts_at + timedelta(minutes=5))
    answer = sign_in(bob).post(address, sent, follow=True)
    assert "a changé d’heure entre-temps" in answer.content.decode()
    assert start_of(booked) == 10
    assert sign_in(rita).post(address, sent).status_code == 403
    assert sign_in(charlie).post(address, sent).status_code == 404
    assert "data-move" not in sign_in(rita).get("/pro/").content.decode()
    answer = sign_in(bob).post(address, {"starts_at": "x"}, follow=True)
    assert answer.redirect_chain[-1][0] == f"/pro/appointments/{booked.pk}/move/"


@pytest.mark.parametrize("year", ["0001", "9999"])
def test_a_year_that_no_appointment_has_moves_nothing(
    booked: Appointment, bob: User, sign_in: SignIn, year: str
) -> None:
    sent = dropped(booked, 11, starts_at=f"{year}-12-31T09:00")
    answer = sign_in(bob).post(f"/pro/appointments/{booked.pk}/move/grid/", sent, follow=True)
    assert answer.status_code == 200
    assert "Ce n’est pas une date de rendez-vous" in answer.content.decode()
    assert start_of(booked) == 10


def test_marks_count_what_was_read_apart_from_what_was_not(
    booked: Appointment, access_plan: LibraryDocument, bob: User, sign_in: SignIn
) -> None:
    for _ in range(3):
        shared = share_library_document(appointment=booked, library_document=access_plan, by=bob)
    SharedDocument.objects.filter(pk=shared.pk).update(first_read_at=timezone.now())
    shown = one_line(sign_in(bob).get(f"/pro/?date={booked.local_start.date().isoformat()}").content)
    marks = re.findall(r'(\d) ?<span class="mark-words"> ?([^<]+?) ?</span>', shown)
    assert marks == [("2", "documents envoyés, non lus"), ("1", "document lu")]
