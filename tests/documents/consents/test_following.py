"""Messages that ask for a signature follow the recipient: nothing leaves for contacts that were corrected."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from django.utils import timezone

from accounts.models import User
from appointments.authorisation import authorise_holder, withdraw_authorisation
from appointments.models import Agenda, Appointment, BookedFor
from appointments.moving import move
from documents.consents.asking import ask
from documents.consents.forms import Asked
from documents.models import Category, Consent, SharedDocument
from documents.sharing.share import share_upload
from files.intake import Intake
from notifications.models import Message, MessageState
from patients.models import Patient
from patients.own_contacts import follow_account
from patients.records import FormerContacts, change_patient
from patients.relatives import Person
from practices.models import Membership
from tests.conftest import make_user
from tests.documents.consents.conftest import SENTENCES

ZOE = Person("Zoé", "Martin", date(1980, 1, 1))
pytestmark = pytest.mark.django_db


@pytest.fixture
def ask_for(receive: Callable[..., Intake], alice: User) -> Callable[[Appointment], Consent]:
    """After the sharing."""

    def _ask(appointment: Appointment) -> Consent:
        found = Appointment.objects.select_related("practice", "patient__practice", "holder").get(pk=appointment.pk)
        document = share_upload(
            appointment=found,
            intake=receive(),
            category=Category.objects.get(code="information"),
            title="",
            placement=None,
            by=alice,
        )
        return ask(document=SharedDocument.objects.get(pk=document.pk), asked=Asked(SENTENCES), by=alice)

    return _ask


def waiting(consent: Consent) -> set[str]:
    return set(Message.objects.filter(about=consent.pk, state=MessageState.QUEUED).values_list("to", flat=True))


def test_what_waits_goes_to_the_corrected_contacts(
    appointment: Appointment, ask_for: Callable[[Appointment], Consent], marie: Patient, bob: User
) -> None:
    consent = ask_for(appointment)
    assert waiting(consent) == {"marie.durand@courriel.example", "+33612345678"}
    change_patient(
        patient=marie,
        by=bob,
        former_contacts=FormerContacts.SOMEONE_ELSE,
        email="m.durand@courriel.example",
        mobile="+33612345699",
    )
    assert waiting(consent) == {"m.durand@courriel.example", "+33612345699"}


def test_what_has_left_is_not_sent_again(
    appointment: Appointment, ask_for: Callable[[Appointment], Consent], marie: Patient, bob: User
) -> None:
    consent = ask_for(appointment)
    Message.objects.filter(about=consent.pk).update(state=MessageState.SENT, sent_at=timezone.now())
    change_patient(
        patient=marie, by=bob, former_contacts=FormerContacts.SAME_PERSON, email="m.durand@courriel.example"
    )
    assert waiting(consent) == set()


def test_another_practitioner_is_named_once_the_appointment_is_moved_to_another_agenda(
    appointment: Appointment, ask_for: Callable[[Appointment], Consent], alice: User, bob: User
) -> None:
    consent = ask_for(appointment)
    before = Message.objects.get(about=consent.pk, channel="email", state=MessageState.QUEUED)
    found = Appointment.objects.select_related("practice").get(pk=appointment.pk)
    practitioner = make_user("zoe@lilas.example", "Zoé", "Blanc")
    Membership.objects.create(user=practitioner, practice=found.practice, is_practitioner=True)
    other = Agenda.objects.create(practice=found.practice, name="Blanc", practitioner=practitioner)
    found.visit_reason.agendas.add(other)
    move(appointment=found, agenda=other, by=bob)
    after = Message.objects.get(about=consent.pk, channel="email", state=MessageState.QUEUED)
    assert ("Blanc" in before.body, "Blanc" in after.body) == (False, True)
    assert before.pk != after.pk


def test_nothing_leaves_for_a_holder_whose_authorisation_was_withdrawn(
    booker: Callable[..., Appointment], ask_for: Callable[[Appointment], Consent], holder: User, bob: User
) -> None:
    appointment = booker(holder, BookedFor.ADULT_RELATIVE, ZOE)
    authorise_holder(appointment=appointment, by=bob)
    consent = ask_for(appointment)
    assert holder.email in waiting(consent)
    withdraw_authorisation(appointment=Appointment.objects.get(pk=appointment.pk), by=bob)
    assert waiting(consent) == set()


def test_a_holder_is_written_to_at_the_new_address_of_the_account(
    booker: Callable[..., Appointment], ask_for: Callable[[Appointment], Consent], holder: User, bob: User
) -> None:
    appointment = booker(holder, BookedFor.ADULT_RELATIVE, ZOE)
    authorise_holder(appointment=appointment, by=bob)
    consent = ask_for(appointment)
    former, holder.email = holder.email, "h.martin@courriel.example"
    holder.save()
    follow_account(user=holder, contact="email", former=former, new=holder.email)
    assert waiting(consent) == {"h.martin@courriel.example", holder.mobile}
