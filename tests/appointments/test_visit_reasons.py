"""An administrator makes, changes and archives visit reasons; one that served is never deleted."""

from __future__ import annotations

from dataclasses import replace
from datetime import time as at

import pytest
from django.core.exceptions import ValidationError

from accounts.models import User
from appointments.instructions import save_instruction
from appointments.models import Agenda, Appointment, AppointmentKind, OpeningHours, VisitReason, Weekday
from appointments.opening_hours import Hours, set_opening_hours
from appointments.visit_reasons import (
    ReasonFacts,
    VisitReasonInUse,
    archive_visit_reason,
    change_visit_reason,
    delete_visit_reason,
    make_visit_reason,
    offer_again,
)
from audit.models import AuditEvent
from documents.models import LibraryDocument
from documents.sending.rules import RuleContent, save_rule
from practices.models import Practice
from practices.roles import NotAllowed
from tests.documents.conftest import *  # noqa: F403  # a library


def test_a_reason_is_made_in_the_least_used_colour(
    practice: Practice, agenda: Agenda, visit_reason: VisitReason, carol: User
) -> None:
    facts = ReasonFacts(" Vaccination ", 15, online=False, kinds=[AppointmentKind.IN_PERSON], agendas=[agenda])
    made = make_visit_reason(practice=practice, facts=facts, by=carol)
    assert (made.name, made.duration_minutes, made.books_online) == ("Vaccination", 15, False)
    assert (made.in_person, made.video, made.hue, list(made.agendas.all())) == (True, False, 2, [agenda])
    assert AuditEvent.objects.get().action == "practice.visit_reason_made"


@pytest.mark.parametrize(
    ("facts", "faults"),
    [
        (ReasonFacts(" ", 4, kinds=[]), {"name", "duration", "kinds"}),
        (ReasonFacts("CONSULTATION de suivi", 481), {"name", "duration"}),
    ],
)
def test_what_does_not_fit_is_refused_beside_its_field(
    practice: Practice, visit_reason: VisitReason, carol: User, facts: ReasonFacts, faults: set[str]
) -> None:
    with pytest.raises(ValidationError) as refused:
        make_visit_reason(practice=practice, facts=facts, by=carol)
    assert set(refused.value.message_dict) == faults


def test_an_agenda_of_another_practice_is_refused(practice: Practice, other_practice: Practice, carol: User) -> None:
    theirs = Agenda.objects.create(practice=other_practice, name="Ailleurs")
    with pytest.raises(ValidationError) as refused:
        make_visit_reason(practice=practice, facts=ReasonFacts("X", 20, agendas=[theirs]), by=carol)
    assert set(refused.value.message_dict) == {"agendas"}


def test_a_change_leaves_booked_appointments_as_long_as_they_were(
    visit_reason: VisitReason, appointment: Appointment, carol: User
) -> None:
    end = appointment.ends_at
    change_visit_reason(reason=visit_reason, facts=replace(ReasonFacts.of(visit_reason), duration=45), by=carol)
    appointment.refresh_from_db()
    assert appointment.ends_at == end
    line = AuditEvent.objects.get(action="practice.visit_reason_changed")
    assert line.detail == {"fields": ["duration_minutes"]}
    change_visit_reason(reason=visit_reason, facts=replace(ReasonFacts.of(visit_reason), duration=45), by=carol)
    assert AuditEvent.objects.filter(action="practice.visit_reason_changed").count() == 1
    change_visit_reason(
        reason=visit_reason, facts=replace(ReasonFacts.of(visit_reason), duration=45, agendas=[]), by=carol
    )
    assert AuditEvent.objects.latest("id").detail == {"fields": ["agendas"]}


def test_an_archived_reason_stays_with_its_appointments(
    visit_reason: VisitReason, appointment: Appointment, carol: User
) -> None:
    archive_visit_reason(reason=visit_reason, by=carol)
    archive_visit_reason(reason=visit_reason, by=carol)
    visit_reason.refresh_from_db()
    appointment.refresh_from_db()
    assert (visit_reason.is_active, appointment.visit_reason) == (False, visit_reason)
    offer_again(reason=visit_reason, by=carol)
    visit_reason.refresh_from_db()
    assert visit_reason.is_active
    assert AuditEvent.objects.filter(action__startswith="practice.visit_reason").count() == 2


@pytest.mark.parametrize("by_what", ["appointment", "hours", "instruction", "rule", "nothing"])
def test_only_a_reason_that_nothing_names_is_deleted(
    by_what: str,
    request: pytest.FixtureRequest,
    visit_reason: VisitReason,
    agenda: Agenda,
    carol: User,
    access_plan: LibraryDocument,
) -> None:
    practice = agenda.practice
    if by_what == "appointment":
        request.getfixturevalue("appointment")
    elif by_what == "hours":
        row = OpeningHours.objects.create(agenda=agenda, weekday=0, opens_at="09:00", closes_at="12:00")
        row.visit_reasons.add(visit_reason)
    elif by_what == "instruction":
        save_instruction(
            practice=practice, text="À jeun", visit_reasons=[visit_reason], agendas=[], in_messages=True, by=carol
        )
    elif by_what == "rule":
        save_rule(
            practice=practice,
            content=RuleContent(name="Plan", documents=[access_plan], visit_reasons=[visit_reason]),
            by=carol,
        )
    if by_what == "nothing":
        delete_visit_reason(reason=visit_reason, by=carol)
    else:
        with pytest.raises(VisitReasonInUse):
            delete_visit_reason(reason=visit_reason, by=carol)
    assert VisitReason.objects.filter(pk=visit_reason.pk).exists() == (by_what != "nothing")


@pytest.mark.parametrize("who", ["alice", "bob", "rita", "charlie", "hugo"])
def test_nobody_but_an_administrator_of_the_practice(
    visit_reason: VisitReason, who: str, request: pytest.FixtureRequest
) -> None:
    by = request.getfixturevalue(who)
    facts = ReasonFacts.of(visit_reason)
    for act in (
        lambda: make_visit_reason(practice=visit_reason.practice, facts=replace(facts, name="X"), by=by),
        lambda: change_visit_reason(reason=visit_reason, facts=replace(facts, name="X"), by=by),
        lambda: archive_visit_reason(reason=visit_reason, by=by),
        lambda: offer_again(reason=visit_reason, by=by),
        lambda: delete_visit_reason(reason=visit_reason, by=by),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert VisitReason.objects.get().name == "Consultation de suivi"


def test_hours_for_a_reason_of_another_practice_are_refused(
    agenda: Agenda, other_practice: Practice, carol: User
) -> None:
    theirs = VisitReason.objects.create(practice=other_practice, name="Ailleurs")
    with pytest.raises(ValidationError):
        set_opening_hours(agenda=agenda, hours=[Hours(Weekday.MONDAY, at(9), at(12), [theirs])], by=carol)
