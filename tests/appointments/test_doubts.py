"""Staff may book at any time: all doubts are shown first, and staff decide."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from html import unescape
from itertools import combinations
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import User
from appointments.booking import book
from appointments.closings import close
from appointments.doubts import Doubtful, doubts_about
from appointments.models import (
    Absence,
    Agenda,
    Appointment,
    AppointmentKind,
    Closing,
    OpeningHours,
    SlotHold,
    VisitReason,
)
from appointments.moving import move
from patients.models import Patient
from practices.models import Practice
from tests.appointments.conftest import at
from tests.portals.api.conftest import Api, api  # noqa: F401

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
ALL = {"in_the_past", "agenda_closed", "reason_closed", "time_taken", "patient_busy", "closing", "absence"} | {
    "outside_opening_hours",
    "slot_held",
    "same_day",
}
NEEDS_A_RECORD = {"patient_busy", "same_day"}  # of a patient who has appointments already
CLOSED = {"agenda_closed", "reason_closed"}  # not offered for a new appointment; an existing one may keep them


class Desk:
    """One agenda, open from 9 to 12, and possible doubts about 10 o'clock of a day."""

    def __init__(self, agenda: Agenda, reason: VisitReason, patient: Patient, staff: User, admin: User) -> None:
        self.agenda, self.reason, self.patient, self.staff, self.admin = agenda, reason, patient, staff, admin
        self.day = timezone.localdate() + timedelta(days=7)
        self.other_patient = Patient.objects.create(
            practice=agenda.practice, first_name="Luc", last_name="Petit", birth_date=date(1960, 1, 1)
        )

    @property
    def start(self) -> datetime:
        return at(self.agenda, self.day, 10)

    def booked(self, **changed: Any) -> Appointment:
        asked: dict[str, Any] = {
            "agenda": self.agenda,
            "visit_reason": self.reason,
            "patient": self.patient,
            "starts_at": self.start,
            "by": self.staff,
        }
        return book(**(asked | changed))

    def spoil(self, code: str) -> None:
        agenda = self.agenda
        match code:
            case "in_the_past":
                self.day = timezone.localdate() - timedelta(days=3 * 365)
            case "agenda_closed":
                agenda.is_active = False
                agenda.save()
            case "reason_closed":
                self.reason.is_active = False
                self.reason.save()
            case "time_taken":
                self.booked(patient=self.other_patient, starts_at=self.start + timedelta(minutes=10))
            case "patient_busy":
                second = Agenda.objects.create(practice=agenda.practice, name="Second")
                self.reason.agendas.add(second)
                self.booked(agenda=second, starts_at=self.start - timedelta(minutes=10))
            case "same_day":
                second = Agenda.objects.create(practice=agenda.practice, name="Third")
                self.reason.agendas.add(second)
                self.booked(agenda=second, starts_at=self.start + timedelta(minutes=90))
            case "closing":
                ends_at = self.start + timedelta(hours=1)
                if self.day <= timezone.localdate():  # closings must be in the future
                    Closing.objects.create(
                        practice=agenda.practice, starts_at=self.start, ends_at=ends_at, reason="Pont"
                    )
                else:
                    close(
                        practice=agenda.practice, starts_at=self.start, ends_at=ends_at, reason="Pont", by=self.admin
                    )
            case "absence":
                Absence.objects.create(agenda=agenda, starts_at=self.start, ends_at=self.start + timedelta(hours=1))
            case "slot_held":
                SlotHold.objects.create(
                    agenda=agenda,
                    visit_reason=self.reason,
                    kind=AppointmentKind.IN_PERSON,
                    starts_at=self.start - timedelta(minutes=10),
                    ends_at=self.start + timedelta(minutes=10),
                    expires_at=timezone.now() + timedelta(minutes=5),
                )
            case "outside_opening_hours":
                agenda.opening_hours.update(closes_at=time(10, 10))

    def codes(self) -> set[str]:
        found = doubts_about(agenda=self.agenda, visit_reason=self.reason, patient=self.patient, starts_at=self.start)
        return {one.code for one in found}

    def form(self) -> dict[str, Any]:
        return {
            "agenda": str(self.agenda.pk),
            "visit_reason": str(self.reason.pk),
            "starts_at": f"{self.start:%Y-%m-%dT%H:%M}",
            "kind": "in_person",
            "patient": str(self.patient.pk),
        }


@pytest.fixture
def desk(open_agenda: Agenda, visit_reason: VisitReason, marie: Patient, alice: User, carol: User) -> Desk:
    return Desk(open_agenda, visit_reason, marie, alice, carol)


def accepted_in(page: str) -> list[str]:
    return re.findall(r'name="accepted"\s+value="([^"]+)"', page)


def test_nothing_speaks_against_a_free_time(desk: Desk) -> None:
    assert desk.codes() == set()
    assert desk.booked(accepted=()).patient == desk.patient


@pytest.mark.parametrize("zone", ["Europe/Paris", "Pacific/Noumea"])
@pytest.mark.parametrize("code", sorted(ALL))
def test_each_doubt_is_found_by_itself_and_nothing_is_booked_until_it_is_agreed_to(
    desk: Desk, code: str, zone: str
) -> None:
    Practice.objects.filter(pk=desk.agenda.practice_id).update(time_zone=zone)
    desk.agenda.practice.refresh_from_db()
    desk.spoil(code)
    assert desk.codes() == {code}
    before = Appointment.objects.count()
    with pytest.raises(Doubtful) as asked:
        desk.booked(accepted=())
    assert Appointment.objects.count() == before
    desk.booked(accepted=[one.key for one in asked.value.doubts])
    assert Appointment.objects.count() == before + 1


def test_an_appointment_does_not_stand_in_its_own_way(desk: Desk) -> None:
    made = desk.booked()
    move(appointment=made, by=desk.staff, starts_at=desk.start + timedelta(minutes=10), accepted=())
    with pytest.raises(Doubtful) as asked:
        move(appointment=made, by=desk.staff, starts_at=desk.start + timedelta(hours=5), accepted=())
    assert [one.code for one in asked.value.doubts] == ["outside_opening_hours"]


@pytest.mark.parametrize(
    ("hours", "start", "outside"),
    [
        ([(9, 12)], (11, 40), False),
        ([(9, 12)], (11, 50), True),
        ([(9, 12), (12, 14)], (11, 50), False),
        ([(9, 12), (11, 14)], (11, 50), False),
        ([(9, 12), (13, 14)], (12, 20), True),
        ([(20, 0)], (23, 40), False),
        ([(20, 0)], (23, 50), True),
        ([], (3, 0), False),  # an agenda without hours is booked by staff only
    ],
)
def test_outside_is_outside_all_hours_together(
    desk: Desk, hours: list[tuple[int, int]], start: tuple[int, int], outside: bool
) -> None:
    desk.agenda.opening_hours.all().delete()
    for opens_at, closes_at in hours:
        OpeningHours.objects.create(
            agenda=desk.agenda, weekday=desk.day.weekday(), opens_at=time(opens_at), closes_at=time(closes_at)
        )
    found = doubts_about(
        agenda=desk.agenda,
        visit_reason=desk.reason,
        patient=desk.patient,
        starts_at=at(desk.agenda, desk.day, *start),
    )
    assert [one.code for one in found] == (["outside_opening_hours"] if outside else [])


def test_the_page_asks_once_with_every_reason_and_loses_nothing(desk: Desk, bob: User, sign_in: SignIn) -> None:
    desk.spoil("time_taken")
    desk.spoil("closing")
    client, before = sign_in(bob), Appointment.objects.count()
    new = {"patient": "", "first_name": "Zoé", "last_name": "Nouvelle", "birth_date": "1980-02-03", "q": "zo"}
    asked = desk.form() | new
    page = client.post("/pro/appointments/new/", asked)
    text = page.content.decode()
    assert page.status_code == 409
    assert "Un autre patient est déjà prévu" in text
    assert "Luc Petit, 10:10–10:30" in text
    assert "est fermé" in text
    assert "Pont" in text
    assert "Prendre quand même" in text
    for typed in ("Zoé", "Nouvelle", "1980-02-03", asked["starts_at"]):
        assert f'value="{typed}"' in text
    assert Appointment.objects.count() == before
    assert not Patient.objects.filter(last_name="Nouvelle").exists()
    assert client.post("/pro/appointments/new/", asked | {"accepted": accepted_in(text)}).status_code == 302
    assert Appointment.objects.count() == before + 1


def test_what_was_agreed_to_holds_for_that_time_and_for_nothing_new(desk: Desk, bob: User, sign_in: SignIn) -> None:
    desk.spoil("time_taken")
    client, asked = sign_in(bob), desk.form()
    agreed = accepted_in(client.post("/pro/appointments/new/", asked).content.decode())
    other_time = asked | {"starts_at": asked["starts_at"].replace("T10:00", "T10:15"), "accepted": agreed}
    assert client.post("/pro/appointments/new/", other_time).status_code == 409
    desk.spoil("absence")
    assert client.post("/pro/appointments/new/", asked | {"accepted": agreed}).status_code == 409


def test_what_cannot_be_is_refused_before_anybody_is_asked(desk: Desk, bob: User, sign_in: SignIn) -> None:
    desk.spoil("time_taken")
    desk.reason.agendas.clear()
    page = sign_in(bob).post("/pro/appointments/new/", desk.form())
    assert page.status_code == 400
    assert "n’est pas proposé sur l’agenda" in page.content.decode()


def test_moving_asks_too(desk: Desk, bob: User, sign_in: SignIn) -> None:
    made = desk.booked(starts_at=at(desk.agenda, desk.day, 9))
    desk.spoil("time_taken")
    client, address = sign_in(bob), f"/pro/appointments/{made.pk}/move/"
    asked = {name: desk.form()[name] for name in ("agenda", "visit_reason", "starts_at")}
    page = client.post(address, asked)
    text = page.content.decode()
    assert page.status_code == 409
    assert "Déplacer quand même" in text
    assert f'value="{asked["starts_at"]}"' in text
    made.refresh_from_db()
    assert made.starts_at == at(desk.agenda, desk.day, 9)
    assert client.post(address, asked | {"accepted": accepted_in(text)}).status_code == 302
    made.refresh_from_db()
    assert made.starts_at == desk.start


@pytest.mark.parametrize("code", ["agenda_closed", "reason_closed"])
def test_what_is_on_a_closed_agenda_can_be_moved_after_a_question(
    desk: Desk, bob: User, sign_in: SignIn, code: str
) -> None:
    made = desk.booked(starts_at=at(desk.agenda, desk.day, 9))
    desk.spoil(code)
    asked = {name: desk.form()[name] for name in ("agenda", "visit_reason", "starts_at")}
    page = sign_in(bob).post(f"/pro/appointments/{made.pk}/move/", asked)
    assert page.status_code == 409
    assert len(accepted_in(page.content.decode())) == 1


@pytest.mark.parametrize("code", sorted(ALL - {"in_the_past"}))
def test_programs_choose_whether_they_are_asked(
    desk: Desk,
    bob: User,
    api: Api,  # noqa: F811
    code: str,
) -> None:
    moved = desk.booked(starts_at=at(desk.agenda, desk.day, 11, 40), patient=desk.other_patient)
    desk.spoil(code)
    asked = {
        "agenda": str(desk.agenda.pk),
        "visit_reason": str(desk.reason.pk),
        "start": desk.start.isoformat(),
        "patient": str(desk.patient.pk),
    }
    client, before = api(bob), Appointment.objects.count()
    refused = client.post("/api/v1/appointments/", asked | {"accept_doubts": False}, format="json")
    assert refused.status_code == 409
    assert [(one["code"], one["attr"]) for one in refused.json()["errors"]] == [(code, "start")]
    assert Appointment.objects.count() == before
    if code not in NEEDS_A_RECORD:
        start = {"start": desk.start.isoformat()}
        address = f"/api/v1/appointments/{moved.pk}/"
        assert client.patch(address, start | {"accept_doubts": False}, format="json").status_code == 409
        moved_there = client.patch(address, start, format="json")
        assert moved_there.status_code == 200
        assert code in {one["code"] for one in moved_there.json()["doubts"]}
    booked = client.post("/api/v1/appointments/", asked, format="json")
    assert booked.status_code == 201
    assert code in {one["code"] for one in booked.json()["doubts"]}
    assert all(one["detail"] for one in booked.json()["doubts"])


def in_time_order(codes: tuple[str, ...]) -> list[str]:
    """Doubts that affect the whole day come first."""
    return sorted(codes, key=lambda code: code != "in_the_past")


OF_PERSON = {"looks_like", "misspelt_email"}
PAIRS = set(combinations(sorted((ALL - CLOSED) | OF_PERSON), 2)) - {("misspelt_email", one) for one in NEEDS_A_RECORD}


@pytest.mark.parametrize("pair", sorted(PAIRS))
def test_two_doubts_about_a_booking_are_one_question(
    desk: Desk, bob: User, sign_in: SignIn, pair: tuple[str, str]
) -> None:
    for code in in_time_order(pair):
        if code not in OF_PERSON:
            desk.spoil(code)
    asked, before = desk.form(), Appointment.objects.count()
    if "looks_like" in pair:
        new = {name: getattr(desk.patient, name) for name in ("first_name", "last_name", "birth_date")}
        asked |= new | {"patient": "", "email": "zoe@courriel.example"}
    if "misspelt_email" in pair:
        new = {"first_name": "Zoé", "last_name": "Nouvelle", "birth_date": "1980-02-03"}
        asked |= ({} if "looks_like" in pair else new) | {"patient": "", "email": "zoe@gmial.com"}
    client = sign_in(bob)
    page = client.post("/pro/appointments/new/", asked)
    assert page.status_code == 409
    assert {one.code for one in page.context["doubts"]} == set(pair)
    text = unescape(page.content.decode())
    for one in page.context["doubts"]:
        assert one.sentence in text
    for name in ("first_name", "last_name", "birth_date", "email", "starts_at"):
        assert f'value="{asked.get(name, "")}"' in text or name not in asked
    assert Appointment.objects.count() == before
    answer = {"accepted": accepted_in(text)}
    answers = [{"somebody_else": "on"}, {"patient": str(desk.patient.pk)}] if "looks_like" in pair else [{}]
    for who in answers:
        assert client.post("/pro/appointments/new/", asked | answer | who).status_code == 302
        Appointment.objects.latest("created_at").delete()


@pytest.mark.parametrize("pair", list(combinations(sorted(ALL), 2)))
def test_two_doubts_about_a_move_are_one_question(
    desk: Desk, bob: User, sign_in: SignIn, pair: tuple[str, str]
) -> None:
    made = desk.booked(starts_at=at(desk.agenda, desk.day, 15))
    for code in in_time_order(pair):
        desk.spoil(code)
    asked = {name: desk.form()[name] for name in ("agenda", "visit_reason", "starts_at", "kind")}
    client, address = sign_in(bob), f"/pro/appointments/{made.pk}/move/"
    page = client.post(address, asked)
    assert page.status_code == 409
    assert {one.code for one in page.context["doubts"]} == set(pair)
    assert f'value="{asked["starts_at"]}"' in page.content.decode()
    answer = {"accepted": accepted_in(page.content.decode())}
    assert client.post(address, asked | answer).status_code == 302
    made.refresh_from_db()
    assert made.starts_at == desk.start


def test_the_same_appointment_twice_is_said_to_be_the_patients_own(desk: Desk, bob: User, sign_in: SignIn) -> None:
    """After going back: booking again shows a doubt, which does not name somebody else."""
    desk.booked()
    page = sign_in(bob).post("/pro/appointments/new/", desk.form())
    [doubt] = page.context["doubts"]
    assert doubt.sentence.startswith(f"{desk.patient.full_name} a déjà ce rendez-vous")


@pytest.mark.django_db(transaction=True)
def test_two_at_the_desk_at_once_are_not_both_told_that_the_time_is_free(desk: Desk) -> None:
    both, outcome = threading.Barrier(2), []

    def books(patient: Patient) -> None:
        both.wait()
        try:
            desk.booked(patient=patient, accepted=())
            outcome.append("booked")
        except Doubtful:
            outcome.append("asked")
        finally:
            connection.close()

    threads = [threading.Thread(target=books, args=[one]) for one in (desk.patient, desk.other_patient)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(outcome) == ["asked", "booked"]


def test_a_held_time_says_until_when_before_and_after_the_form(desk: Desk, bob: User, sign_in: SignIn) -> None:
    desk.spoil("slot_held")
    hold = SlotHold.objects.get()
    until = timezone.localtime(hold.expires_at, desk.agenda.practice.zone)
    sentence = f"Ce créneau est retenu par un patient jusqu’à {until:%H:%M}."
    client, address = sign_in(bob), "/pro/appointments/new/"
    opened = {"start": f"{desk.start:%Y-%m-%dT%H:%M}", "agenda": str(desk.agenda.pk)}
    assert sentence in client.get(address, opened).content.decode()
    asked = client.post(address, desk.form())
    assert (asked.status_code, Appointment.objects.count()) == (409, 0)
    assert sentence in asked.content.decode()
    proposed = client.get(address, {"agenda": str(desk.agenda.pk)}).content.decode()
    assert "retenu par un patient" not in proposed
    SlotHold.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert sentence not in client.get(address, opened).content.decode()
    assert client.post(address, desk.form()).status_code == 302
