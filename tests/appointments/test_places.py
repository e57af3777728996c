"""The place of an appointment follows its reason and its agenda: when booked and moved, through every door."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from accounts.models import User
from appointments.booking import book
from appointments.models import Agenda, Appointment, AppointmentKind, VisitReason
from appointments.moving import move
from appointments.places import ways
from appointments.slots import open_to_online_booking
from patients.models import Patient
from tests.appointments.conftest import *  # noqa: F403  # an open agenda
from tests.appointments.conftest import at
from tests.markup import one_line
from tests.portals.api.conftest import Api, api, errors  # noqa: F401

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
HERE, VIDEO = AppointmentKind
ADDRESS = "https://video.example/salle/1"
POSSIBLE = {
    ("in_person", "none"): [HERE],
    ("in_person", "address"): [HERE],
    ("video", "none"): [],
    ("video", "address"): [VIDEO],
    ("both", "none"): [HERE],
    ("both", "address"): [HERE, VIDEO],
}
CASES = list(product(POSSIBLE, [None, HERE, VIDEO]))


def set_up(agenda: Agenda, reason: VisitReason, case: tuple[str, str]) -> None:
    reason.in_person, reason.video = case[0] != "video", case[0] != "in_person"
    reason.save()
    agenda.video_url = ADDRESS if case[1] == "address" else ""
    agenda.save()


def expected(case: tuple[str, str], asked: AppointmentKind | None) -> AppointmentKind | None:
    """None if refused."""
    possible = POSSIBLE[case]
    return possible[0] if asked is None and possible else asked if asked in possible else None


@pytest.mark.parametrize("case", POSSIBLE)
def test_which_ways_there_are_for_staff_and_online(
    open_agenda: Agenda, visit_reason: VisitReason, case: tuple[str, str]
) -> None:
    set_up(open_agenda, visit_reason, case)
    assert ways(open_agenda, visit_reason) == POSSIBLE[case]
    online = [one for one in AppointmentKind if open_to_online_booking(open_agenda, visit_reason, one)]
    assert online == POSSIBLE[case]


@pytest.mark.parametrize(("case", "asked"), CASES)
@pytest.mark.parametrize("door", ["use case", "page", "api"])
def test_booked_only_where_it_can_be(
    open_agenda: Agenda,
    visit_reason: VisitReason,
    marie: Patient,
    bob: User,
    next_week: Any,
    sign_in: SignIn,
    api: Api,  # noqa: F811
    case: tuple[str, str],
    asked: AppointmentKind | None,
    door: str,
) -> None:
    set_up(open_agenda, visit_reason, case)
    start, kind = at(open_agenda, next_week, 9), {"kind": asked.value} if asked else {}
    parts = {"agenda": str(open_agenda.pk), "visit_reason": str(visit_reason.pk), "patient": str(marie.pk)}
    said = ""
    if door == "use case":
        try:
            book(agenda=open_agenda, visit_reason=visit_reason, patient=marie, starts_at=start, kind=asked, by=bob)
        except ValidationError as refused:
            said = refused.message_dict["kind"][0]
    elif door == "page":
        page = sign_in(bob).post("/pro/appointments/new/", parts | kind | {"starts_at": f"{start:%Y-%m-%dT%H:%M}"})
        said = " ".join(page.context["form"].errors["kind"]) if page.status_code == 400 else ""
    else:
        answer = api(bob).post("/api/v1/appointments/", parts | kind | {"start": start.isoformat()}, format="json")
        said = answer.json()["errors"][0]["detail"] if answer.status_code == 400 else ""
        assert not said or answer.json()["errors"][0]["attr"] == "kind"
    made = Appointment.objects.first()
    assert (made.kind if made else None) == expected(case, asked)
    assert bool(said) == (made is None)
    assert not said or "choisissez" in said


@pytest.mark.parametrize(("case", "asked"), CASES)
@pytest.mark.parametrize("before", [HERE, VIDEO])
@pytest.mark.parametrize("door", ["page", "api"])
def test_another_reason_takes_its_place_along(
    appointment: Appointment,
    agenda: Agenda,
    bob: User,
    sign_in: SignIn,
    api: Api,  # noqa: F811
    case: tuple[str, str],
    asked: AppointmentKind | None,
    before: AppointmentKind,
    door: str,
) -> None:
    Appointment.objects.filter(pk=appointment.pk).update(kind=before)
    other = VisitReason.objects.create(practice=agenda.practice, name="Autre", duration_minutes=20)
    other.agendas.add(agenda)
    set_up(agenda, other, case)
    kind = {"kind": asked.value} if asked else {}
    parts = {"agenda": str(agenda.pk), "visit_reason": str(other.pk)} | kind
    if door == "page":
        typed: dict[str, Any] = parts | {"starts_at": f"{appointment.local_start:%Y-%m-%dT%H:%M}"}
        answer: Any = sign_in(bob).post(f"/pro/appointments/{appointment.pk}/move/", typed | {"accepted": []})
        if answer.status_code == 409:
            typed["accepted"] = [one.key for one in answer.context["doubts"]]
            answer = sign_in(bob).post(f"/pro/appointments/{appointment.pk}/move/", typed)
    else:
        answer = api(bob).patch(f"/api/v1/appointments/{appointment.pk}/", parts, format="json")
    appointment.refresh_from_db()
    possible = POSSIBLE[case]
    follows = before if asked is None and before in possible else expected(case, asked)
    assert answer.status_code == (400 if follows is None else 302 if door == "page" else 200)
    assert appointment.kind == (follows or before)
    assert (appointment.visit_reason == other) == (follows is not None)


def test_one_that_no_longer_fits_moves_in_time_as_it_is(appointment: Appointment, agenda: Agenda, bob: User) -> None:
    Appointment.objects.filter(pk=appointment.pk).update(kind=VIDEO)  # its agenda has no video address
    moved = move(appointment=appointment, by=bob, starts_at=appointment.starts_at.replace(minute=40))
    assert moved.kind == VIDEO


@pytest.mark.parametrize(
    ("case", "kind", "said"),
    [
        (("video", "address"), HERE, "Ce motif n’a lieu qu’en vidéo"),
        (("in_person", "address"), VIDEO, "Ce motif n’a lieu qu’au cabinet"),
        (("both", "none"), VIDEO, "Cet agenda n’a pas d’adresse de vidéo"),
        (("both", "address"), VIDEO, ""),
        (("both", "none"), HERE, ""),
    ],
)
def test_the_page_says_where_a_place_no_longer_fits(
    appointment: Appointment,
    agenda: Agenda,
    visit_reason: VisitReason,
    bob: User,
    sign_in: SignIn,
    case: tuple[str, str],
    kind: AppointmentKind,
    said: str,
) -> None:
    set_up(agenda, visit_reason, case)
    Appointment.objects.filter(pk=appointment.pk).update(kind=kind)
    address = f"/pro/appointments/{appointment.pk}/"
    page = sign_in(bob).get(address)
    assert page.context["doubtful_place"].startswith(said)
    assert bool(page.context["doubtful_place"]) == bool(said)
    Appointment.objects.filter(pk=appointment.pk).update(status="cancelled")
    assert sign_in(bob).get(address).context["doubtful_place"] == ""


@pytest.mark.parametrize("case", POSSIBLE)
def test_the_pages_offer_a_video_only_where_there_can_be_one(
    appointment: Appointment,
    agenda: Agenda,
    visit_reason: VisitReason,
    bob: User,
    sign_in: SignIn,
    case: tuple[str, str],
) -> None:
    set_up(agenda, visit_reason, case)
    for address in ("/pro/appointments/new/", f"/pro/appointments/{appointment.pk}/move/"):
        text = one_line(sign_in(bob).get(address).content)
        assert ('<option value="video"' in text) == (case[1] == "address" and case[0] != "in_person")
        assert '<select name="kind"' in text
