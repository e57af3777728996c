"""The waiting list: who is put on it, in which order, and how an entry ends."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import User
from appointments.booking import delete
from appointments.cancelling import cancel
from appointments.models import Agenda, Appointment, VisitReason, WaitingEnd, WaitingEntry
from appointments.waiting import AlreadyWaiting, NothingToAdvance, end_over, put_on_list, take_off_list
from patients.models import Patient
from practices.roles import NotAllowed

pytestmark = pytest.mark.django_db


@pytest.fixture
def entry(appointment: Appointment, bob: User) -> WaitingEntry:
    return put_on_list(
        patient=appointment.patient,
        visit_reason=appointment.visit_reason,
        agendas=[appointment.agenda],
        appointment=appointment,
        by=bob,
    )


def reason_of_end(entry: WaitingEntry) -> str:
    entry.refresh_from_db()
    return entry.end


def test_an_appointment_waits_once_and_again_after_it_was_taken_off(
    entry: WaitingEntry, appointment: Appointment, bob: User
) -> None:
    asked: dict[str, Any] = {
        "patient": appointment.patient, "visit_reason": appointment.visit_reason, "agendas": [appointment.agenda],
        "appointment": appointment, "by": bob,
    }  # fmt: skip
    with pytest.raises(AlreadyWaiting):
        put_on_list(**asked)
    take_off_list(entry=entry, by=bob)
    assert reason_of_end(entry) == WaitingEnd.REMOVED
    put_on_list(**asked)


def test_the_button_pressed_twice_puts_a_patient_without_an_appointment_on_the_list_once(
    marie: Patient, visit_reason: VisitReason, agenda: Agenda, bob: User
) -> None:
    def put(reason: VisitReason) -> WaitingEntry:
        return put_on_list(patient=marie, visit_reason=reason, agendas=[agenda], by=bob)

    first = put(visit_reason)
    with pytest.raises(AlreadyWaiting):
        put(visit_reason)
    other = VisitReason.objects.create(practice=marie.practice, name="Bilan", duration_minutes=40)
    other.agendas.add(agenda)
    put(other)
    take_off_list(entry=first, by=bob)
    put(visit_reason)
    assert WaitingEntry.objects.live().count() == 2


def test_only_what_stands_can_be_advanced(appointment: Appointment, bob: User) -> None:
    cancel(appointment=appointment, by=bob)
    with pytest.raises(NothingToAdvance):
        put_on_list(
            patient=appointment.patient,
            visit_reason=appointment.visit_reason,
            agendas=[appointment.agenda],
            appointment=appointment,
            by=bob,
        )


def test_agendas_must_offer_the_reason_and_the_last_day_be_ahead(
    marie: Patient, agenda: Agenda, visit_reason: VisitReason, bob: User
) -> None:
    other = Agenda.objects.create(practice=agenda.practice, name="Autre")
    for agendas, until in (([other], None), ([], None), ([agenda], timezone.localdate() - timedelta(days=2))):
        with pytest.raises(ValidationError):
            put_on_list(patient=marie, visit_reason=visit_reason, agendas=agendas, until=until, by=bob)


def test_cancelling_or_deleting_the_appointment_ends_the_wish(
    entry: WaitingEntry, appointment: Appointment, bob: User
) -> None:
    cancel(appointment=appointment, by=bob)
    assert reason_of_end(entry) == WaitingEnd.OVER
    delete(appointment=appointment, by=bob)
    assert not WaitingEntry.objects.exists()


def test_the_begin_of_the_appointment_and_the_last_day_end_it(entry: WaitingEntry, marie: Patient) -> None:
    WaitingEntry.objects.filter(pk=entry.pk).update(until=date(2000, 1, 1))
    assert end_over(timezone.now()) == 1
    assert reason_of_end(entry) == WaitingEnd.OVER
    WaitingEntry.objects.filter(pk=entry.pk).update(until=None, ended_at=None, end="")
    assert entry.appointment
    assert end_over(timezone.now()) == 0
    assert end_over(entry.appointment.starts_at) == 1


def test_who_only_reads_puts_nobody_on_it(
    marie: Patient, agenda: Agenda, visit_reason: VisitReason, rita: User
) -> None:
    with pytest.raises(NotAllowed):
        put_on_list(patient=marie, visit_reason=visit_reason, agendas=[agenda], by=rita)
