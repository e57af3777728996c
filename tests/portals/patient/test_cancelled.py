"""A cancelled appointment stays in the lists of those who saw it, with the next step."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from appointments.booking import place
from appointments.cancelling import cancel
from appointments.models import Agenda, Appointment, AppointmentKind, BookedFor, VisitReason
from appointments.online import cancel_online
from patients.models import Patient, RecordTie, Relationship
from tests.appointments.conftest import *  # noqa: F403  # an open agenda, a holder
from tests.markup import one_line

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
LIST = "/my-appointments/"


def shown(client: Client, address: str = LIST) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def under(page: str, heading: str) -> str:
    """The text below a heading, up to the next."""
    return page.partition(f"{heading}</h2>")[2].partition("<h2>")[0]


@pytest.fixture
def booked(open_agenda: Agenda, visit_reason: VisitReason, marie: Patient, holder: User) -> Appointment:
    """Booked online by Hugo for Marie, an adult relative with contacts of her own."""
    return place(
        agenda=open_agenda,
        visit_reason=visit_reason,
        patient=marie,
        starts_at=timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=9),
        kind=AppointmentKind.IN_PERSON,
        holder=holder,
        booked_for=BookedFor.ADULT_RELATIVE,
        by=holder,
    )


@pytest.fixture
def marias_account(marie: Patient, charlie: User) -> User:
    """Any account will do: it is tied to Marie's record as her own."""
    user = User.objects.create_user(marie.email or "", "lilas-sous-la-pluie")
    RecordTie.objects.create(
        user=user,
        patient=marie,
        relationship=Relationship.SELF,
        proved_email=marie.email or "",
        proved_mobile=marie.mobile or "",
    )
    return user


def guardian_of(patient: Patient, user: User) -> User:
    Patient.objects.filter(pk=patient.pk).update(birth_date=timezone.localdate() - timedelta(days=3650))
    RecordTie.objects.create(user=user, patient=patient, relationship=Relationship.GUARDIAN)
    return user


@pytest.mark.parametrize("reader", ["booker", "patient", "guardian"])
def test_everybody_who_saw_it_sees_that_the_practice_cancelled_it(
    reader: str, booked: Appointment, holder: User, marias_account: User, bob: User, charlie: User, sign_in: SignIn
) -> None:
    user = {"booker": holder, "patient": marias_account}.get(reader) or guardian_of(booked.patient, charlie)
    client = sign_in(user)
    assert "Annulé" not in shown(client)
    cancel(appointment=booked, by=bob)
    page = under(shown(client), "Annulés")
    assert f"{LIST}{booked.pk}/" in page
    assert "Annulé par le cabinet" in page
    assert f"/book/{booked.agenda_id}/{booked.visit_reason_id}/in_person/" in page
    detail = shown(client, f"{LIST}{booked.pk}/")
    assert "Le cabinet a annulé ce rendez-vous." in detail
    assert f"/book/{booked.agenda_id}/{booked.visit_reason_id}/in_person/" in detail
    assert "Annuler le rendez-vous" not in detail
    assert bob.last_name not in page + detail  # the staff member's name is internal


def test_one_that_the_booker_cancelled_says_no_more_than_that(
    booked: Appointment, holder: User, marias_account: User, sign_in: SignIn
) -> None:
    cancel_online(appointment=booked, by=holder)
    for user in (holder, marias_account):
        page = under(shown(sign_in(user)), "Annulés")
        assert "Annulé" in page
        assert "Annulé par" not in page


def test_those_who_do_not_see_the_appointment_do_not_see_that_it_was_cancelled(
    booked: Appointment, marias_account: User, bob: User, charlie: User, sign_in: SignIn
) -> None:
    tie = RecordTie.objects.get(user=marias_account)
    tie.suspended_at = booked.created_at - timedelta(seconds=1)
    tie.save()
    guardian_of(booked.patient, charlie)
    Patient.objects.filter(pk=booked.patient_id).update(birth_date="1941-02-03")  # now an adult: no guardian any more
    cancel(appointment=booked, by=bob)
    for user in (marias_account, charlie):
        assert str(booked.pk) not in shown(sign_in(user))


def test_what_cannot_be_booked_online_any_more_says_to_call(
    booked: Appointment, holder: User, bob: User, sign_in: SignIn
) -> None:
    booked.practice.telephone = "+33145678901"
    booked.practice.save()
    cancel(appointment=booked, by=bob)
    VisitReason.objects.update(books_online=False)
    for page in (under(shown(sign_in(holder)), "Annulés"), shown(sign_in(holder), f"{LIST}{booked.pk}/")):
        assert "appelez le cabinet" in page
        assert 'href="tel:+33145678901"' in page
        assert "/in_person/" not in page


def test_once_its_time_has_passed_it_is_among_the_others_and_offers_nothing(
    booked: Appointment, holder: User, bob: User, sign_in: SignIn
) -> None:
    cancel(appointment=booked, by=bob)
    over = timezone.now() - timedelta(minutes=1)
    Appointment.objects.update(starts_at=over - timedelta(minutes=20), ends_at=over)
    page = shown(sign_in(holder))
    assert "Annulés</h2>" not in one_line(page)
    assert "Annulé par le cabinet" in under(page, "Passés")
    assert "Choisir un autre créneau" not in page


def test_moving_one_that_was_cancelled_meanwhile_says_that_and_no_other_reason(
    booked: Appointment, holder: User, bob: User, sign_in: SignIn
) -> None:
    client = sign_in(holder)
    cancel(appointment=booked, by=bob)
    answer = client.get(f"/my-appointments/{booked.pk}/move/", follow=True)
    assert "trop tard" not in answer.content.decode()
    assert "annulé" in answer.content.decode()


def test_what_was_cancelled_is_not_to_come(booked: Appointment, holder: User, bob: User, sign_in: SignIn) -> None:
    client = sign_in(holder)
    assert str(booked.pk) in under(shown(client), "À venir")
    assert "Annulés" not in shown(client)
    cancel(appointment=booked, by=bob)
    page = shown(client)
    assert "Aucun rendez-vous à venir." in under(page, "À venir")
    assert str(booked.pk) not in under(page, "À venir")
    assert str(booked.pk) in under(page, "Annulés")


def test_staff_read_on_a_record_what_is_to_come_past_and_cancelled(
    booked: Appointment, bob: User, sign_in: SignIn
) -> None:
    client, record = sign_in(bob), f"/pro/patients/{booked.patient_id}/"

    def parts() -> dict[str, list[Appointment]]:
        return {part.heading: part.appointments for part in client.get(record).context["appointments"]}

    assert parts() == {"À venir": [booked]}
    cancel(appointment=booked, by=bob)
    assert parts() == {"Annulés": [booked]}
    over = timezone.now() - timedelta(minutes=1)
    Appointment.objects.update(starts_at=over - timedelta(minutes=20), ends_at=over)
    assert parts() == {"Annulés": [booked]}
    Appointment.objects.update(status="booked")
    assert parts() == {"Passés": [booked]}
    assert "Passés</h3>" in shown(client, record)
    Appointment.objects.all().delete()
    assert "Aucun rendez-vous." in shown(client, record)


def test_asking_to_cancel_what_is_cancelled_shows_that_it_is(
    booked: Appointment, holder: User, sign_in: SignIn
) -> None:
    client = sign_in(holder)
    address = f"{LIST}{booked.pk}/cancel/"
    client.post(address)
    for answer in (client.get(address, follow=True), client.post(address, follow=True)):
        assert "Ce rendez-vous est annulé." in answer.content.decode()
        assert "trop tard" not in answer.content.decode()
