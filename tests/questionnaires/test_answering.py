"""A response is kept page by page and sent once, by the account that fills it in and nobody else."""

from __future__ import annotations

import pytest
from django.db import connection
from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse as Judge

from accounts.models import User
from appointments.access import visible_to_account
from appointments.models import Appointment, AppointmentStatus
from audit.models import AuditEvent
from patients.models import RecordTie, Relationship
from questionnaires.answering import (
    AnswersRefused,
    ResponseClosed,
    ResponseNotFound,
    answers_of,
    begin_response,
    complete_response,
    keep_answers,
)
from questionnaires.catalogue import import_questionnaire
from questionnaires.models import QuestionnaireVersion, ResponseState
from tests.questionnaires.test_understood import item, resource, when

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(appointment: Appointment, carol: User) -> QuestionnaireVersion:
    asked = resource(
        item("smokes", "boolean", required=True),
        item("packs", "integer", required=True, enableWhen=[when("smokes", answerBoolean=True)]),
        item("since", "integer", initial=[{"valueInteger": 1}]),
        title="Tabac",
    )
    return import_questionnaire(practice=appointment.practice, resource=asked, by=carol).versions.get()


@pytest.fixture
def author(appointment: Appointment, hugo: User) -> User:
    RecordTie.objects.create(user=hugo, patient=appointment.patient, relationship=Relationship.SELF)
    return hugo


def test_answers_are_kept_then_sent_once(
    appointment: Appointment, version: QuestionnaireVersion, author: User
) -> None:
    response = begin_response(appointment=appointment, version=version, by=author)
    assert answers_of(response) == {"since": (1,)}
    with pytest.raises(AnswersRefused) as told:
        complete_response(response=response.pk, by=author)
    assert [one.field for one in told.value.errors()] == ["smokes"]
    keep_answers(response=response.pk, answers={"smokes": (True,), "packs": (2,)}, by=author)
    kept = keep_answers(response=response.pk, answers={"smokes": (False,), "since": ()}, by=author)
    assert answers_of(kept) == {"smokes": (False,), "packs": (2,)}  # it comes back with its question
    with pytest.raises(AnswersRefused):
        keep_answers(response=response.pk, answers={"packs": ("deux",)}, by=author)
    sent = complete_response(response=response.pk, by=author)
    assert (sent.state, answers_of(sent)) == (ResponseState.COMPLETED, {"smokes": (False,)})
    judged = Judge.model_validate_json(sent.answers)
    assert (judged.questionnaire, judged.status) == (version.canonical, "completed")
    with connection.cursor() as cursor:
        cursor.execute("SELECT answers FROM questionnaires_questionnaireresponse")
        assert "smokes" not in cursor.fetchone()[0]  # encrypted
    with pytest.raises(ResponseClosed):
        keep_answers(response=response.pk, answers={"smokes": (True,)}, by=author)
    with pytest.raises(ResponseClosed):
        complete_response(response=response.pk, by=author)
    told_of = AuditEvent.objects.filter(record_id=appointment.pk, action__startswith="questionnaire.").order_by("id")
    assert [line.action for line in told_of] == ["questionnaire.begun", "questionnaire.answered"]


def test_nobody_else_and_nothing_after_access_ended_or_cancelling(
    appointment: Appointment, version: QuestionnaireVersion, author: User, alice: User
) -> None:
    response = begin_response(appointment=appointment, version=version, by=author)
    Appointment.objects.filter(pk=appointment.pk).update(holder=alice)
    assert visible_to_account(alice).filter(pk=appointment.pk).exists()  # seeing the appointment is not enough
    with pytest.raises(ResponseNotFound):
        keep_answers(response=response.pk, answers={}, by=alice)
    with pytest.raises(ResponseNotFound):
        complete_response(response=response.pk, by=alice)
    Appointment.objects.filter(pk=appointment.pk).update(status=AppointmentStatus.CANCELLED)
    appointment.refresh_from_db()
    with pytest.raises(ResponseClosed):
        keep_answers(response=response.pk, answers={"smokes": (True,)}, by=author)
    with pytest.raises(ResponseClosed):
        begin_response(appointment=appointment, version=version, by=author)
    RecordTie.objects.all().delete()
    with pytest.raises(ResponseNotFound):
        keep_answers(response=response.pk, answers={"smokes": (True,)}, by=author)
