"""Ready-made reasons are added by ticking, and the same ones twice make nothing double."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from accounts.models import User
from appointments.models import Agenda, VisitReason
from appointments.reason_sets import READY_MADE, SPECIALTIES, add_ready_made
from appointments.visit_reasons import archive_visit_reason
from audit.models import AuditEvent
from practices.models import Practice
from practices.roles import NotAllowed


def test_every_specialty_is_there_with_names_of_its_own_in_both_languages() -> None:
    assert [one.key for one in SPECIALTIES] == [
        *("general", "paediatrics", "dentistry", "physiotherapy", "psychology", "imaging"),
    ]
    assert len(READY_MADE) == sum(len(one.reasons) for one in SPECIALTIES)
    for language in ("fr", "en"):
        names = [one.name_in(language).casefold() for one in READY_MADE.values()]
        assert len(set(names)) == len(names)
    translated = [one for one in READY_MADE.values() if one.name_in("fr") != one.name_in("en")]
    assert len(translated) >= len(READY_MADE) - 2  # "Vaccination" is the same word in both


def test_a_whole_specialty_is_added_and_a_second_time_changes_nothing(
    practice: Practice, agenda: Agenda, carol: User
) -> None:
    for specialty in SPECIALTIES:
        keys = [one.key for one in specialty.reasons]
        added = add_ready_made(practice=practice, keys=keys, agendas=[agenda], by=carol)
        assert len(added.new) == len(keys)
        again = add_ready_made(practice=practice, keys=[*keys, *keys], agendas=[agenda], by=carol)
        assert (again.new, again.offered_again, len(again.known)) == ([], [], len(keys))
    assert practice.visit_reasons.count() == len(READY_MADE)
    assert agenda.visit_reasons.count() == len(READY_MADE)
    assert AuditEvent.objects.filter(action="practice.visit_reason_made").count() == len(READY_MADE)


def test_names_are_in_the_language_of_the_practice_and_known_in_either(practice: Practice, carol: User) -> None:
    Practice.objects.update(language="en")
    practice.refresh_from_db()
    add_ready_made(practice=practice, keys=["den-scaling"], agendas=[], by=carol)
    assert practice.visit_reasons.get().name == "Teeth cleaning"
    Practice.objects.update(language="fr")
    add_ready_made(practice=practice, keys=["den-scaling"], agendas=[], by=carol)
    assert practice.visit_reasons.count() == 1


def test_an_archived_one_is_offered_again_as_it_was(practice: Practice, agenda: Agenda, carol: User) -> None:
    reason = VisitReason.objects.create(practice=practice, name="DÉTARTRAGE", duration_minutes=40)
    archive_visit_reason(reason=reason, by=carol)
    added = add_ready_made(practice=practice, keys=["den-scaling"], agendas=[agenda], by=carol)
    reason.refresh_from_db()
    assert (added.new, added.offered_again) == ([], [reason])
    assert (reason.is_active, reason.duration_minutes, reason.agendas.count()) == (True, 40, 0)


def test_others_add_nothing(
    practice: Practice, other_practice: Practice, alice: User, charlie: User, carol: User
) -> None:
    for by in (alice, charlie):
        with pytest.raises(NotAllowed):
            add_ready_made(practice=practice, keys=["gp"], agendas=[], by=by)
    theirs = Agenda.objects.create(practice=other_practice, name="Ailleurs")
    with pytest.raises(ValidationError):
        add_ready_made(practice=practice, keys=["gp"], agendas=[theirs], by=carol)
    with pytest.raises(ValidationError):
        add_ready_made(practice=practice, keys=["nothing"], agendas=[], by=carol)
    assert not VisitReason.objects.exists()
