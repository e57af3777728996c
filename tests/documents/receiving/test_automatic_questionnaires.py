"""Rules that ask for answers to a questionnaire: once for each appointment, in its newest version."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from accounts.models import User
from appointments.moving import move
from documents.models import AutoSend, AutoSendRule, DocumentRequest
from documents.models.autosend import Moment
from documents.receiving.asking import ask_questionnaire
from documents.sending.autosend import send_due, send_now
from documents.sending.rules import Asks, RuleContent, save_rule
from notifications.models import Message
from patients.models import Patient
from practices.models import Practice
from questionnaires.catalogue import archive_questionnaire, import_questionnaire
from questionnaires.models import Questionnaire
from tests.conftest import BookFixture
from tests.documents.receiving.test_automatic import FAR, LABEL, page_of, queued, requests
from tests.questionnaires.test_understood import item, resource

pytestmark = pytest.mark.django_db
QUESTIONS = resource(item("a", "boolean"))
Write = Callable[..., AutoSendRule]


@pytest.fixture
def write(carol: User, practice: Practice) -> Write:
    def _write(
        questions: list[Asks], rule: AutoSendRule | None = None, to_booked: bool | None = None, **more: Any
    ) -> AutoSendRule:
        content = RuleContent(name="Avant la visite", documents=[], questions=questions, **more)
        return save_rule(practice=practice, content=content, by=carol, rule=rule, to_booked=to_booked)

    return _write


@pytest.fixture
def questionnaire(carol: User, practice: Practice) -> Questionnaire:
    return import_questionnaire(practice=practice, resource=QUESTIONS, by=carol, title="Avant l’anesthésie")


def test_a_rule_asks_a_questionnaire_in_its_newest_version_and_not_twice(
    write: Write, book_for: BookFixture, marie: Patient, alice: User, questionnaire: Questionnaire
) -> None:
    write([Asks("", days_before=1, questionnaire=questionnaire)])
    by_hand = book_for(marie, starts_at=FAR)
    asked = ask_questionnaire(appointment=by_hand, questionnaire=questionnaire, by=alice)
    later = book_for(marie, starts_at=FAR + timedelta(days=1))
    assert (send_due(), send_due()) == (2, 0)
    assert requests() == [("Avant l’anesthésie", "asked")] * 2
    asked.refresh_from_db()
    assert asked.auto_send is not None  # what staff asked already is what the rule asks
    of_rule = DocumentRequest.objects.get(appointment=later)
    assert (of_rule.version, of_rule.takes_files) == (questionnaire.current, False)


def test_an_archived_questionnaire_is_asked_by_no_rule(
    write: Write, book_for: BookFixture, marie: Patient, carol: User, questionnaire: Questionnaire
) -> None:
    rule = write([Asks(LABEL), Asks("", questionnaire=questionnaire)])
    book_for(marie, starts_at=FAR)
    archive_questionnaire(questionnaire=questionnaire, by=carol)
    book_for(marie, starts_at=FAR + timedelta(days=1))
    send_due()
    assert requests() == [(LABEL, "asked")] * 2
    assert sorted(AutoSend.objects.values_list("state", flat=True)) == ["cancelled", "sent", "sent"]
    with pytest.raises(ValidationError, match="publié"):
        write([Asks("", questionnaire=questionnaire)], rule)


def test_another_questionnaire_is_another_question(
    write: Write, carol: User, practice: Practice, questionnaire: Questionnaire
) -> None:
    rule = write([Asks("", questionnaire=questionnaire)])
    (was,) = rule.asks
    other = import_questionnaire(practice=practice, resource=QUESTIONS, by=carol, title="Autre")
    rule = write([Asks("", pk=was.pk, questionnaire=other)], rule)
    assert [(one.label, one.pk == was.pk) for one in rule.asks] == [("Autre", False)]


def test_the_page_of_the_link_leads_to_an_account_for_a_questionnaire(
    write: Write, book_for: BookFixture, marie: Patient, questionnaire: Questionnaire
) -> None:
    write([Asks("", questionnaire=questionnaire), Asks(LABEL)])
    book_for(marie, starts_at=FAR)
    Message.objects.all().delete()
    send_due()
    page = Client().get(page_of(queued()[-1])).content.decode()
    assert "Répondre depuis mon compte" in page
    assert page.count("Envoyer ce document") == 1


def test_two_rules_with_the_same_questionnaire_ask_it_once_at_a_time(
    write: Write, book_for: BookFixture, marie: Patient, questionnaire: Questionnaire
) -> None:
    """Not at once, nor again after the answers to the first; but before the appointment and after it, to compare."""
    write([Asks("", questionnaire=questionnaire)])
    write([Asks("", questionnaire=questionnaire)])
    appointment = book_for(marie, starts_at=FAR)
    write([Asks("", questionnaire=questionnaire)], moment=Moment.AFTER, offset_hours=1)
    send_due()
    assert requests() == [("Avant l’anesthésie", "asked")]
    DocumentRequest.objects.update(state="accepted", settled_at=timezone.now())
    write([Asks("", questionnaire=questionnaire)], to_booked=True)
    send_due()
    assert requests() == [("Avant l’anesthésie", "accepted")]
    assert sorted(AutoSend.objects.values_list("state", flat=True)) == ["cancelled", "cancelled", "planned", "sent"]
    send_due(now=appointment.ends_at + timedelta(hours=2))
    assert requests() == [("Avant l’anesthésie", "accepted"), ("Avant l’anesthésie", "asked")]


def test_the_limit_that_staff_gave_stays_when_the_appointment_moves(
    write: Write, book_for: BookFixture, marie: Patient, alice: User, questionnaire: Questionnaire
) -> None:
    write([Asks("", questionnaire=questionnaire)])
    appointment = book_for(marie, starts_at=FAR)
    limit = FAR - timedelta(days=3)
    asked = ask_questionnaire(appointment=appointment, questionnaire=questionnaire, by=alice, due_at=limit)
    send_due()
    asked.refresh_from_db()
    assert asked.auto_send is not None
    move(appointment=appointment, by=alice, starts_at=FAR + timedelta(days=2))
    asked.refresh_from_db()
    assert asked.due_at == limit


def test_nobody_sends_an_archived_questionnaire_before_it_is_due(
    write: Write, book_for: BookFixture, marie: Patient, alice: User, carol: User, questionnaire: Questionnaire
) -> None:
    write([Asks("", questionnaire=questionnaire)])
    book_for(marie, starts_at=FAR)
    archive_questionnaire(questionnaire=questionnaire, by=carol)
    sending = AutoSend.objects.get()
    assert send_now(sending=sending, by=alice) is False
    sending.refresh_from_db()
    assert (sending.state, DocumentRequest.objects.count()) == ("cancelled", 0)


def test_two_rules_ask_one_questionnaire_once_though_staff_send_both_before_they_are_due(
    write: Write, book_for: BookFixture, marie: Patient, alice: User, questionnaire: Questionnaire
) -> None:
    write([Asks("", questionnaire=questionnaire)])
    write([Asks("", questionnaire=questionnaire)])
    book_for(marie, starts_at=FAR)
    first, second = AutoSend.objects.all()
    assert (send_now(sending=first, by=alice), send_now(sending=second, by=alice)) == (True, False)
    assert requests() == [("Avant l’anesthésie", "asked")]


def test_a_label_that_is_too_long_is_refused_and_never_cut(write: Write) -> None:
    with pytest.raises(ValidationError, match="120"):
        write([Asks("a" * 121)])
