"""Putting a cancelled appointment back; why it was cancelled, and who reads that."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from appointments.booking import book
from appointments.cancelling import cancel
from appointments.models import Agenda, Appointment, AppointmentStatus, VisitReason
from appointments.models.reminder import ReminderState
from appointments.reinstating import PlaceTaken, reinstate
from audit.models import AuditEvent
from documents.models import AutoSend, AutoSendState, LibraryDocument
from documents.sending.rules import RuleContent, save_rule
from notifications.models import Channel, Message, MessageState
from patients.models import Patient
from practices.models import Practice
from tests.documents.conftest import access_plan as access_plan

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]


@pytest.fixture
def planned(
    access_plan: LibraryDocument, agenda: Agenda, visit_reason: VisitReason, marie: Patient, alice: User, carol: User
) -> Appointment:
    """Booked, with reminders and an automatic document that has not left."""
    save_rule(practice=agenda.practice, content=RuleContent(name="Plan", documents=[access_plan]), by=carol)
    starts_at = timezone.now() + timedelta(days=9)
    return book(agenda=agenda, visit_reason=visit_reason, patient=marie, starts_at=starts_at, by=alice)


def all_have_left() -> None:
    Message.objects.update(state=MessageState.SENT, sent_at=timezone.now())


def states(appointment: Appointment) -> list[str]:
    return [*appointment.reminders.values_list("state", flat=True), *AutoSend.objects.values_list("state", flat=True)]


def test_reminders_and_sendings_are_planned_again_and_the_patient_is_told_once(
    planned: Appointment, bob: User
) -> None:
    before = states(planned)
    cancel(appointment=planned, by=bob, reason="error")
    assert set(states(planned)) == {ReminderState.CANCELLED, AutoSendState.CANCELLED}
    all_have_left()
    for _click in range(2):
        back = reinstate(appointment=planned, by=bob)
    assert (back.status, back.cancelled_reason) == (AppointmentStatus.BOOKED, "")
    assert states(planned) == before
    told = Message.objects.filter(state=MessageState.QUEUED)
    assert sorted((one.channel, one.kind) for one in told) == [("email", "reinstated"), ("sms", "reinstated")]
    assert AuditEvent.objects.filter(action="appointment.reinstated").count() == 1


def test_whoever_has_not_heard_of_the_cancellation_hears_nothing(planned: Appointment, bob: User) -> None:
    cancel(appointment=planned, by=bob)
    reinstate(appointment=planned, by=bob)
    assert not Message.objects.filter(state=MessageState.QUEUED).exists()


def test_at_another_time_it_is_told_once_with_that_time(planned: Appointment, bob: User) -> None:
    cancel(appointment=planned, by=bob)
    all_have_left()
    reinstate(appointment=planned, by=bob, starts_at=planned.starts_at + timedelta(days=1))
    assert Message.objects.filter(state=MessageState.QUEUED, channel=Channel.EMAIL).count() == 1
    assert Appointment.objects.get().starts_at == planned.starts_at + timedelta(days=1)


def test_a_place_that_was_taken_is_named_and_another_time_is_offered(
    planned: Appointment, bob: User, practice: Practice, sign_in: SignIn
) -> None:
    cancel(appointment=planned, by=bob)
    paul = Patient.objects.create(practice=practice, first_name="Paul", last_name="Petit", birth_date="1950-01-01")
    book(agenda=planned.agenda, visit_reason=planned.visit_reason, patient=paul, starts_at=planned.starts_at, by=bob)
    with pytest.raises(PlaceTaken) as taken:
        reinstate(appointment=planned, by=bob)
    assert "Paul Petit" in taken.value.sentence
    page = sign_in(bob).get(f"/pro/appointments/{planned.pk}/reinstate/").content.decode()
    assert "Paul Petit" in page
    assert 'name="starts_at"' in page
    assert Appointment.objects.get(pk=planned.pk).status == AppointmentStatus.CANCELLED


def test_staff_read_why_it_was_cancelled_and_no_message_nor_patient_does(
    planned: Appointment, bob: User, sign_in: SignIn, hugo: User
) -> None:
    Appointment.objects.update(holder=hugo, booked_for="adult_relative")
    browser = sign_in(bob)
    said = {"reason": "practitioner", "note": "en congé de maladie"}
    page = browser.post(f"/pro/appointments/{planned.pk}/cancel/", said, follow=True).content.decode()
    history = browser.get(f"/pro/appointments/{planned.pk}/history/").content.decode()
    record = browser.get(f"/pro/patients/{planned.patient_id}/").content.decode()
    for text in (page, history, record):
        assert "Praticien absent, en congé de maladie" in text
    api = APIClient()
    api.force_authenticate(bob)
    answer = api.get(f"/api/v1/appointments/{planned.pk}/").json()
    assert (answer["cancelled_reason"], answer["cancelled_note"]) == ("practitioner", said["note"])
    assert Message.objects.exists()
    assert not any("congé" in one.body + one.html or "Praticien absent" in one.body for one in Message.objects.all())
    for address in ("/appointments/", f"/appointments/{planned.pk}/"):
        assert "congé" not in sign_in(hugo).get(address, follow=True).content.decode()


def test_the_histories_name_both_times_of_a_move_and_where_each_message_went(
    planned: Appointment, bob: User, sign_in: SignIn
) -> None:
    former = planned.local_start
    api = APIClient()
    api.force_authenticate(bob)
    new = planned.starts_at + timedelta(days=1)
    assert api.patch(f"/api/v1/appointments/{planned.pk}/", {"start": new.isoformat()}).status_code == 200
    browser = sign_in(bob)
    history = browser.get(f"/pro/appointments/{planned.pk}/history/").content.decode()
    record = browser.get(f"/pro/patients/{planned.patient_id}/").content.decode()
    for page in (history, record):
        assert f"{former:%H:%M}" in page
        assert "Votre rendez-vous est déplacé" in page
        assert "m•••@courriel.example" in page or "•••" in page
    assert "Rendez-vous déplacé" in record


def test_a_program_cancels_with_a_reason_and_reinstates(planned: Appointment, bob: User) -> None:
    api = APIClient()
    api.force_authenticate(bob)
    address = f"/api/v1/appointments/{planned.pk}"
    assert api.post(f"{address}/cancel/", {"reason": "whim"}).status_code == 400
    assert api.post(f"{address}/cancel/", {"reason": "patient"}).json()["cancelled_reason"] == "patient"
    assert api.post(f"{address}/reinstate/").json()["status"] == "booked"
