"""An administrator makes, changes, orders, closes and reopens agendas; nothing of a closed one is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError

from accounts.models import User
from appointments.agendas import (
    AgendaFacts,
    change_agenda,
    close_agenda,
    make_agenda,
    move_agenda,
    reopen_agenda,
    upcoming,
)
from appointments.models import Agenda, Appointment, AppointmentKind, BookedFor, VisitReason
from appointments.online import book_online
from appointments.slots import books_online, open_to_online_booking
from audit.models import AuditEvent
from practices.models import Practice
from practices.roles import NotAllowed
from tests.appointments.conftest import at


def faults_of(refused: pytest.ExceptionInfo[ValidationError]) -> set[str]:
    return set(refused.value.message_dict)


def events() -> list[str]:
    return list(AuditEvent.objects.order_by("id").values_list("action", flat=True))


def test_an_agenda_is_made_last_in_order_and_recorded(
    practice: Practice, agenda: Agenda, alice: User, carol: User
) -> None:
    facts = AgendaFacts(
        "  Accueil   et radiographie ", practitioner=alice, online=False, video_url="https://v.example/1"
    )
    made = make_agenda(practice=practice, facts=facts, by=carol)
    assert (made.name, made.practitioner, made.books_online) == ("Accueil et radiographie", alice, False)
    assert list(practice.agendas.all()) == [agenda, made]
    assert events() == ["practice.agenda_made"]


@pytest.mark.parametrize(
    ("facts", "fault"),
    [
        (AgendaFacts("  "), "name"),
        (AgendaFacts("dr morel"), "name"),
        (AgendaFacts("Salle", video_url="http://video.example/"), "video_url"),
        (AgendaFacts("Salle", video_url="javascript:alert(1)"), "video_url"),
    ],
)
def test_what_does_not_fit_is_refused_beside_its_field(
    practice: Practice, agenda: Agenda, carol: User, facts: AgendaFacts, fault: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        make_agenda(practice=practice, facts=facts, by=carol)
    assert faults_of(refused) == {fault}
    assert list(practice.agendas.all()) == [agenda]


def test_all_faults_are_told_at_once(practice: Practice, charlie: User, carol: User) -> None:
    with pytest.raises(ValidationError) as refused:
        make_agenda(practice=practice, facts=AgendaFacts("", practitioner=charlie, video_url="x"), by=carol)
    assert faults_of(refused) == {"name", "practitioner", "video_url"}


def test_its_practitioner_is_one_of_the_practice_or_the_one_it_had(
    agenda: Agenda, alice: User, bob: User, charlie: User, carol: User
) -> None:
    for stranger in (bob, charlie):  # a secretary, and somebody of another practice
        with pytest.raises(ValidationError) as refused:
            change_agenda(agenda=agenda, facts=replace(AgendaFacts.of(agenda), practitioner=stranger), by=carol)
        assert faults_of(refused) == {"practitioner"}
    alice.memberships.all().delete()
    changed = change_agenda(agenda=agenda, facts=replace(AgendaFacts.of(agenda), name="Dr A. Morel"), by=carol)
    assert (changed.name, changed.practitioner) == ("Dr A. Morel", alice)


def test_a_change_is_recorded_by_its_fields_and_none_if_nothing_differs(agenda: Agenda, carol: User) -> None:
    change_agenda(agenda=agenda, facts=AgendaFacts.of(agenda), by=carol)
    assert events() == []
    change_agenda(agenda=agenda, facts=AgendaFacts("Dr Morel", None, False, "https://v.example/"), by=carol)
    assert events() == ["practice.video_changed", "practice.agenda_changed"]
    assert AuditEvent.objects.get(action="practice.agenda_changed").detail == {
        "fields": ["books_online", "practitioner"]
    }


def test_agendas_change_places(practice: Practice, agenda: Agenda, carol: User) -> None:
    second = make_agenda(practice=practice, facts=AgendaFacts("B"), by=carol)
    third = make_agenda(practice=practice, facts=AgendaFacts("A"), by=carol)
    move_agenda(agenda=third, earlier=True, by=carol)
    assert list(practice.agendas.all()) == [agenda, third, second]
    move_agenda(agenda=agenda, earlier=True, by=carol)  # first already
    move_agenda(agenda=second, earlier=False, by=carol)  # last already
    assert list(practice.agendas.all()) == [agenda, third, second]
    assert events().count("practice.agendas_ordered") == 1


def test_a_closed_agenda_keeps_its_appointments_and_hours_and_takes_no_booking(
    open_agenda: Agenda,
    visit_reason: VisitReason,
    appointment: Appointment,
    holder: User,
    carol: User,
    next_week: date,
) -> None:
    close_agenda(agenda=open_agenda, by=carol)
    close_agenda(agenda=open_agenda, by=carol)
    appointment.refresh_from_db()
    assert appointment.status == "booked"
    assert open_agenda.opening_hours.count() == 7
    assert list(upcoming(open_agenda)) == [appointment]
    assert AuditEvent.objects.get(action="practice.agenda_closed").detail == {"appointments": 1}
    with pytest.raises(ValidationError):
        book(open_agenda, visit_reason, holder, next_week)
    reopen_agenda(agenda=open_agenda, by=carol)
    assert book(open_agenda, visit_reason, holder, next_week).agenda == open_agenda


def test_an_agenda_that_is_not_online_takes_bookings_of_staff_only(
    open_agenda: Agenda, visit_reason: VisitReason, holder: User, carol: User, next_week: date
) -> None:
    change_agenda(agenda=open_agenda, facts=replace(AgendaFacts.of(open_agenda), online=False), by=carol)
    open_agenda.refresh_from_db()
    assert not open_to_online_booking(open_agenda, visit_reason)
    assert not books_online(open_agenda.practice)
    with pytest.raises(ValidationError):
        book(open_agenda, visit_reason, holder, next_week)


def book(agenda: Agenda, visit_reason: VisitReason, holder: User, day: date) -> Appointment:
    return book_online(
        holder=holder,
        agenda=agenda,
        visit_reason=visit_reason,
        starts_at=at(agenda, day, 9) + timedelta(minutes=20),
        kind=AppointmentKind.IN_PERSON,
        booked_for=BookedFor.SELF,
    )


@pytest.mark.parametrize("who", ["alice", "bob", "rita", "charlie", "hugo"])
def test_nobody_but_an_administrator_of_the_practice(
    agenda: Agenda, who: str, request: pytest.FixtureRequest
) -> None:
    by, practice = request.getfixturevalue(who), agenda.practice
    for act in (
        lambda: make_agenda(practice=practice, facts=AgendaFacts("X"), by=by),
        lambda: change_agenda(agenda=agenda, facts=AgendaFacts("X"), by=by),
        lambda: move_agenda(agenda=agenda, earlier=True, by=by),
        lambda: close_agenda(agenda=agenda, by=by),
        lambda: reopen_agenda(agenda=agenda, by=by),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert events() == []
    assert list(practice.agendas.values_list("name", "is_active")) == [("Dr Morel", True)]
