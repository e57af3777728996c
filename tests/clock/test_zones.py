"""Staff and patients of a practice read and write times in its zone, whatever it is and whichever practice was
chosen."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import KnownDevice, User
from appointments.access import visible_to_account
from appointments.models import Agenda, Appointment, OpeningHours, VisitReason
from audit.trail import record
from documents.models import LibraryDocument, ReadingMeans, SharedDocument
from documents.sharing.reading import note_reading
from documents.sharing.share import share_library_document
from patients.models import Patient, RecordTie, Relationship
from patients.models.patient import latest_adult_birth_date
from practices.models import Membership, Practice
from tests.documents.conftest import *  # noqa: F403  # a document to share

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
ZONES = ["Pacific/Noumea", "Indian/Reunion", "Pacific/Tahiti", "Europe/Paris"]
CLOCK = re.compile(r"(?<![\d:+-])(\d\d:\d\d)(?![\d:])")  # not the offset of a timestamp
STAFF = [
    "/pro/?date={day}", "/pro/?date={day}&view=week", "/pro/appointments/{appointment}/",
    "/pro/appointments/{appointment}/share/", "/pro/appointments/{appointment}/history/",
    "/pro/appointments/{appointment}/move/", "/pro/appointments/{appointment}/cancel/",
    "/pro/appointments/{appointment}/delete/", "/pro/documents/{document}/take-back/",
    "/pro/patients/{patient}/", "/pro/library/{library}/",
]  # fmt: skip
# When appointments may begin that are offered to move one to, in an agenda without opening hours.
USUAL_HOURS = {f"{hour:02}:{minute:02}" for hour in range(9, 18) for minute in range(0, 60, 5)}
OF_THE_CHOSEN = ["/pro/deliveries/?show=all", "/pro/settings/activity/", "/pro/devices/", "/pro/activity/"]
PATIENTS = [
    "/documents/", "/documents/{document}/", "/my-appointments/", "/my-appointments/{appointment}/", "/my-account/",
    "/my-account/activity/",
]  # fmt: skip


@pytest.fixture(params=ZONES)
def overseas(request: pytest.FixtureRequest, practice: Practice) -> ZoneInfo:
    practice.time_zone = request.param
    practice.save()
    return practice.zone


@pytest.fixture
def booked(
    overseas: ZoneInfo, bob: User, agenda: Agenda, visit_reason: VisitReason, marie: Patient, sign_in: SignIn
) -> Appointment:
    """Booked by staff, who entered nine o'clock."""
    typed = {"agenda": agenda.pk, "visit_reason": visit_reason.pk, "kind": "in_person", "patient": marie.pk}
    day = timezone.localdate(timezone=overseas) + timedelta(days=3)
    answer = sign_in(bob).post("/pro/appointments/new/", {**typed, "starts_at": f"{day}T09:00"})
    assert answer.status_code == 302
    return Appointment.objects.get()


@pytest.fixture
def shared(booked: Appointment, access_plan: LibraryDocument, alice: User) -> SharedDocument:
    shared = share_library_document(appointment=booked, library_document=access_plan, by=alice)
    note_reading(documents=[shared], by=alice, means=ReadingMeans.VIEWED, as_recipient=True)
    return shared


def places(shared: SharedDocument, access_plan: LibraryDocument) -> dict[str, object]:
    appointment = shared.appointment
    return {
        "appointment": appointment.pk, "document": shared.pk, "patient": appointment.patient_id,
        "library": access_plan.pk, "day": appointment.local_start.date(),
    }  # fmt: skip


def may_be_shown(zone: ZoneInfo) -> set[str]:
    """The current time, a quarter of an hour around it, and the appointment's hours."""
    now = timezone.now().astimezone(zone)
    return {f"{now + timedelta(minutes=one):%H:%M}" for one in range(-15, 16)} | {"09:00", "09:20"}


def test_nine_is_nine(booked: Appointment, overseas: ZoneInfo) -> None:
    assert booked.starts_at.astimezone(overseas).strftime("%H:%M") == "09:00"


@pytest.mark.parametrize("page", STAFF)
def test_staff_read_the_time_of_the_practice_that_a_page_is_about(
    page: str,
    shared: SharedDocument,
    access_plan: LibraryDocument,
    overseas: ZoneInfo,
    alice: User,
    hugo: User,
    sign_in: SignIn,
) -> None:
    """The user works in another practice, in another time zone; an account has just been suspended."""
    RecordTie.objects.create(
        user=hugo, patient=shared.patient, relationship=Relationship.SELF, proved_email="avant@courriel.example",
        proved_mobile="+33612000000", suspended_at=timezone.now(),
    )  # fmt: skip
    elsewhere = Practice.objects.create(name="A. Cabinet", time_zone="Asia/Kathmandu")
    for practice in (elsewhere, shared.practice):
        Membership.objects.update_or_create(
            user=alice, practice=practice, defaults={"is_practitioner": True, "is_admin": True}
        )
    client = sign_in(alice)
    if "date=" in page:
        client.post("/pro/practice/", {"practice": str(shared.practice_id)})
    answer = client.get(page.format(**places(shared, access_plan)))
    assert answer.status_code == 200
    times = set(CLOCK.findall(answer.content.decode()))
    assert times
    free: set[str] = USUAL_HOURS if "/move/" in page else set()
    assert times <= may_be_shown(overseas) | free


@pytest.mark.parametrize("page", OF_THE_CHOSEN)
def test_staff_read_the_time_of_the_practice_they_work_in(
    page: str, shared: SharedDocument, overseas: ZoneInfo, alice: User, sign_in: SignIn
) -> None:
    Membership.objects.filter(user=alice).update(is_admin=True)
    client = sign_in(alice)
    KnownDevice.objects.create(user=alice, secret_hash="0" * 64, browser="Firefox", system="Linux")
    record("account.signed_in", by=alice, on=alice, practice=shared.practice)
    answer = client.get(page)
    assert answer.status_code == 200
    assert set(CLOCK.findall(answer.content.decode())) <= may_be_shown(overseas)


@pytest.mark.parametrize("page", PATIENTS)
def test_patients_read_the_time_of_the_practice(
    page: str, shared: SharedDocument, access_plan: LibraryDocument, overseas: ZoneInfo, hugo: User, sign_in: SignIn
) -> None:
    RecordTie.objects.create(
        user=hugo, patient=shared.patient, relationship=Relationship.SELF, proved_email=shared.patient.email or "",
        proved_mobile=shared.patient.mobile or "",
    )  # fmt: skip
    answer = sign_in(hugo).get(page.format(**places(shared, access_plan)))
    assert answer.status_code == 200
    text = answer.content.decode()
    assert set(CLOCK.findall(text)) <= may_be_shown(overseas)
    days = set(re.findall(r'datetime="(\d{4}-\d\d-\d\d)T', text))
    assert days <= {str(timezone.localdate(timezone=overseas)), str(shared.appointment.local_start.date())}


def test_a_form_that_comes_back_shows_what_was_typed(
    booked: Appointment, overseas: ZoneInfo, bob: User, sign_in: SignIn
) -> None:
    page = sign_in(bob).get(f"/pro/appointments/{booked.pk}/move/").content.decode()
    assert f'value="{booked.local_start:%Y-%m-%dT%H:%M}"' in page
    assert f"{booked.local_start:%H:%M}" == "09:00"


def test_one_comes_of_age_where_the_practice_is(
    overseas: ZoneInfo, practice: Practice, appointment: Appointment, marie: Patient, hugo: User
) -> None:
    RecordTie.objects.create(user=hugo, patient=marie, relationship=Relationship.GUARDIAN)
    of_age = latest_adult_birth_date(timezone.localdate(timezone=overseas))
    for birth_date, seen in ((of_age, False), (of_age + timedelta(days=1), True)):
        Patient.objects.filter(pk=marie.pk).update(birth_date=birth_date)
        assert visible_to_account(hugo).exists() is seen


def test_hours_offered_online_are_those_of_the_practice(
    overseas: ZoneInfo, agenda: Agenda, visit_reason: VisitReason, hugo: User, sign_in: SignIn
) -> None:
    VisitReason.objects.filter(pk=visit_reason.pk).update(books_online=True)
    for weekday in range(7):
        OpeningHours.objects.create(agenda=agenda, weekday=weekday, opens_at="09:00", closes_at="09:20")
    page = sign_in(hugo).get(f"/book/{agenda.pk}/{visit_reason.pk}/in_person/")
    times = set(CLOCK.findall(page.content.decode()))
    assert (page.status_code, times) == (200, {"09:00"})
