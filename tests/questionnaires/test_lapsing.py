"""Answers that nobody sends end thirty days after their last change; sent ones stay."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from appointments.history import history_of
from appointments.models import Appointment
from documents.invariants import answers_are_in_order
from documents.models import DocumentRequest
from documents.receiving.answering import send_answers, write_answers
from documents.tasks import forget_old_drafts
from questionnaires.fhir.values import Coding
from questionnaires.lapsing import lapse_drafts
from questionnaires.models import Questionnaire, QuestionnaireResponse
from tests.documents.receiving.conftest import *  # noqa: F403  # accounts
from tests.documents.receiving.questionnaires import *  # noqa: F403  # a questionnaire, and a request for it

pytestmark = pytest.mark.django_db


def _age(days: float) -> None:
    QuestionnaireResponse.objects.update(changed_at=timezone.now() - timedelta(days=days))


def test_draft_ends_after_thirty_days_with_a_line(
    asked: DocumentRequest, appointment: Appointment, maries_account: User
) -> None:
    draft = write_answers(request=asked, answers={"free": ("Rien",)}, by=maries_account)
    assert draft.lapses_at - draft.changed_at == timedelta(days=30)
    _age(29.9)
    assert (lapse_drafts(), list(answers_are_in_order())) == (0, [])
    _age(31.5)
    assert len(list(answers_are_in_order())) == 1
    forget_old_drafts()
    assert (QuestionnaireResponse.objects.count(), lapse_drafts()) == (0, 0)
    assert [line.object_id for line in history_of(appointment) if line.action == "questionnaire.lapsed"] == [draft.pk]


def test_sent_answers_never_end(asked: DocumentRequest, questionnaire: Questionnaire, maries_account: User) -> None:
    write_answers(request=asked, answers={"snores": (Coding("urn:t", "jamais"),)}, by=maries_account)
    send_answers(request=asked, by=maries_account)
    _age(4000)
    assert (lapse_drafts(), QuestionnaireResponse.objects.count()) == (0, 1)
