"""A questionnaire is asked for like a document, answered by whoever may read and send, and fulfilled by this."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from appointments.booking import delete
from appointments.cancelling import cancel
from appointments.history import history_of
from appointments.models import Appointment, BookedFor
from documents.invariants import answers_are_in_order
from documents.merging.merge import merge_records
from documents.models import DocumentRequest, ReadingMeans, RequestState
from documents.receiving.access import (
    request_of,
    requests_around,
    requests_of,
    requests_of_staff,
    waiting_count,
)
from documents.receiving.answering import (
    MayNotAnswer,
    answers_so_far,
    note_answers_seen,
    send_answers,
    write_answers,
)
from documents.receiving.asking import (
    AlreadyAsked,
    NotPublished,
    Question,
    RequestOver,
    ask_questionnaire,
    cancel_request,
    change_request,
)
from documents.receiving.sending import NoFiles, send_files
from documents.undoing.appointments import cancel_for_now, undo_change
from notifications.gsm import ONE_SEGMENT, septets
from notifications.models import Channel, Message, MessageState
from patients.models import Patient, RecordTie, Relationship
from patients.records import FormerContacts, change_patient
from practices.roles import NotAllowed, PracticeSuspended
from practices.suspension import suspend
from questionnaires.answering import AnswersRefused, resource_of
from questionnaires.catalogue import archive_questionnaire, create_questionnaire, publish_resource
from questionnaires.comparing import completed_of
from questionnaires.fhir.values import Coding, Value
from questionnaires.models import Questionnaire, QuestionnaireResponse
from tests.conftest import BookFixture
from tests.documents.receiving.conftest import again
from tests.documents.receiving.questionnaires import *  # noqa: F403  # a questionnaire, and a request for it
from tests.documents.receiving.questionnaires import SECRET, sleep
from tests.documents.receiving.test_access import Receive
from tests.documents.ways import CORRECTED

pytestmark = pytest.mark.django_db
OFTEN: dict[str, tuple[Value, ...]] = {"snores": (Coding("urn:t", "souvent"),)}


def test_message_says_that_something_is_asked_and_not_what(
    maries_account: User, asked: DocumentRequest, appointment: Appointment
) -> None:
    told = Message.objects.filter(about=asked.pk)
    assert sorted(told.values_list("channel", flat=True)) == ["email", "sms"]
    for message in told:
        assert not [word for word in ("ommeil", "ronfle", "uestionnaire") if word in message.subject + message.body]
        assert "/requests/" in message.body
    assert (septets(told.get(channel=Channel.SMS).body) or 999) <= ONE_SEGMENT
    assert (asked.label, history_of(appointment)[0].action) == (SECRET, "request.asked")


def test_answering_fulfils_it_once_and_for_good(
    asked: DocumentRequest, appointment: Appointment, maries_account: User
) -> None:
    [found] = requests_of(maries_account)
    assert (found.request, found.can_answer, found.can_send, found.is_to_do) == (asked, True, False, True)
    write_answers(request=asked, answers={"free": ("Rien",)}, by=maries_account)
    assert requests_of(maries_account)[0].draft is not None
    with pytest.raises(AnswersRefused):
        send_answers(request=asked, by=maries_account)
    write_answers(request=asked, answers=OFTEN, by=maries_account)
    sent = send_answers(request=asked, by=maries_account)
    assert send_answers(request=asked, by=maries_account) == sent
    done = again(asked)
    assert (done.state, done.response, done.answered_as, done.is_late) == ("accepted", sent, "patient", False)
    [found] = requests_around(maries_account, appointment)
    assert answers_so_far(found) == OFTEN | {"free": ("Rien",)}
    assert not Message.objects.filter(topic="request", state=MessageState.QUEUED).exists()
    with pytest.raises(RequestOver):
        write_answers(request=asked, answers={"free": ("Si",)}, by=maries_account)
    lines = [line.action for line in history_of(appointment)]
    for action in ("questionnaire.begun", "questionnaire.answered", "request.fulfilled"):
        assert lines.count(action) == 1


def test_it_is_asked_once_at_a_time_and_again_after_the_answers(
    asked: DocumentRequest, appointment: Appointment, questionnaire: Questionnaire, bob: User, maries_account: User
) -> None:
    same = ask_questionnaire(appointment=appointment, questionnaire=questionnaire, by=bob, pk=asked.pk)
    assert same == asked
    with pytest.raises(AlreadyAsked):
        ask_questionnaire(appointment=appointment, questionnaire=questionnaire, by=bob)
    write_answers(request=asked, answers=OFTEN, by=maries_account)
    send_answers(request=asked, by=maries_account)
    once_more = ask_questionnaire(appointment=appointment, questionnaire=questionnaire, by=bob)
    anew = request_of(maries_account, again(once_more))
    assert anew is not None
    assert answers_so_far(anew) == {}
    write_answers(request=once_more, answers=OFTEN, by=maries_account)
    assert again(asked).response != send_answers(request=once_more, by=maries_account)


def test_only_what_is_published_in_the_practice_is_asked(
    appointment: Appointment, questionnaire: Questionnaire, bob: User, carol: User, marie: Patient
) -> None:
    draft = create_questionnaire(practice=appointment.practice, title="Brouillon", by=carol)
    archive_questionnaire(questionnaire=questionnaire, by=carol)
    questionnaire.refresh_from_db()
    for one in (draft, questionnaire):
        with pytest.raises(NotPublished):
            ask_questionnaire(appointment=appointment, questionnaire=one, by=bob)
    assert not DocumentRequest.objects.exists()


def test_a_later_version_changes_nothing_in_what_is_asked(
    asked: DocumentRequest, questionnaire: Questionnaire, carol: User, bob: User, maries_account: User
) -> None:
    publish_resource(questionnaire=questionnaire, resource=sleep() | {"title": "Autre titre"}, by=carol)
    change_request(request=asked, question=Question("Ignoré", "Le soir même"), by=bob)
    found = again(asked)
    assert (found.label, found.details) == (SECRET, "Le soir même")
    write_answers(request=asked, answers=OFTEN, by=maries_account)
    assert send_answers(request=asked, by=maries_account).version.number == 1


def test_no_file_answers_a_questionnaire(asked: DocumentRequest, maries_account: User, receive: Receive) -> None:
    with pytest.raises(NoFiles):
        send_files(request=asked, intakes=[receive()], by=maries_account)


def test_who_booked_for_an_adult_with_contacts_neither_finds_it_nor_answers(
    book_for: BookFixture, marie: Patient, hugo: User, bob: User, questionnaire: Questionnaire
) -> None:
    booked = book_for(marie, holder=hugo, booked_for=BookedFor.ADULT_RELATIVE)
    request = ask_questionnaire(appointment=booked, questionnaire=questionnaire, by=bob)
    assert requests_of(hugo) == []
    with pytest.raises(DocumentRequest.DoesNotExist):
        write_answers(request=request, answers=OFTEN, by=hugo)


def test_guardian_answers_until_majority_and_sees_again_what_it_sent(
    appointment: Appointment, marie: Patient, hugo: User, maries_account: User, asked: DocumentRequest, bob: User
) -> None:
    Patient.objects.filter(pk=marie.pk).update(birth_date=timezone.localdate() - timedelta(days=3000))
    RecordTie.objects.create(user=hugo, patient=marie, relationship=Relationship.GUARDIAN)
    write_answers(request=asked, answers=OFTEN, by=hugo)
    send_answers(request=asked, by=hugo)
    assert again(asked).answered_as == "guardian"
    assert requests_of(hugo)[0].answers == requests_of(maries_account)[0].answers
    Patient.objects.filter(pk=marie.pk).update(birth_date=timezone.localdate() - timedelta(days=9000))
    assert [one.answers for one in requests_of(hugo)] == []
    assert requests_of(maries_account)[0].answers is not None


def test_suspended_account_keeps_what_it_wrote_and_sends_nothing(
    asked: DocumentRequest, maries_account: User, marie: Patient, bob: User
) -> None:
    write_answers(request=asked, answers=OFTEN, by=maries_account)
    marie.refresh_from_db()
    change_patient(patient=marie, by=bob, former_contacts=FormerContacts.SAME_PERSON, **CORRECTED)
    with pytest.raises(MayNotAnswer):
        send_answers(request=asked, by=maries_account)
    assert QuestionnaireResponse.objects.count() == 1


def test_cancelled_is_closed_and_undone_is_open_again_with_the_draft(
    asked: DocumentRequest, appointment: Appointment, maries_account: User, bob: User, settings: Settings
) -> None:
    settings.UNDO_FOR = timedelta(seconds=30)
    write_answers(request=asked, answers=OFTEN, by=maries_account)
    _now, act = cancel_for_now(appointment=appointment, by=bob, session="s")
    with pytest.raises(RequestOver):
        send_answers(request=asked, by=maries_account)
    assert act is not None
    undo_change(act=act, by=bob)
    send_answers(request=asked, by=maries_account)
    with pytest.raises(RequestOver):
        cancel_request(request=asked, by=bob)
    cancel(appointment=Appointment.objects.get(pk=appointment.pk), by=bob)
    assert again(asked).state == RequestState.ACCEPTED


def test_answers_wait_until_staff_open_them_which_is_a_line_each_time(
    asked: DocumentRequest, appointment: Appointment, maries_account: User, bob: User
) -> None:
    write_answers(request=asked, answers=OFTEN, by=maries_account)
    assert waiting_count(appointment.practice) == 0
    with pytest.raises(QuestionnaireResponse.DoesNotExist):
        note_answers_seen(request=asked, by=bob, means=ReadingMeans.VIEWED)
    send_answers(request=asked, by=maries_account)
    assert waiting_count(appointment.practice) == 1
    for _ in range(2):
        note_answers_seen(request=asked, by=bob, means=ReadingMeans.VIEWED)
    assert waiting_count(appointment.practice) == 0
    opened = [line for line in history_of(appointment) if line.action == "questionnaire.opened"]
    assert [(line.actor_id, line.detail) for line in opened] == [(bob.pk, {"means": "viewed"})] * 2


def test_deleted_appointment_leaves_no_answers_and_a_line_for_each(
    asked: DocumentRequest, appointment: Appointment, maries_account: User, carol: User
) -> None:
    write_answers(request=asked, answers=OFTEN, by=maries_account)
    sent = send_answers(request=asked, by=maries_account)
    delete(appointment=appointment, by=carol)
    assert not QuestionnaireResponse.objects.exists()
    assert not DocumentRequest.objects.exists()
    assert [line.object_id for line in history_of(appointment) if line.action == "questionnaire.deleted"] == [sent.pk]


def test_suspended_practice_asks_nothing_and_still_receives(
    asked: DocumentRequest, appointment: Appointment, maries_account: User, bob: User, admin_user: User
) -> None:
    write_answers(request=asked, answers=OFTEN, by=maries_account)
    suspend(practice=appointment.practice, reason="Contrat terminé", by=admin_user)
    send_answers(request=asked, by=maries_account)
    assert requests_of_staff(bob).count() == 0
    with pytest.raises((NotAllowed, PracticeSuspended)):
        cancel_request(request=asked, by=bob)


def test_answers_follow_their_appointment_into_the_record_that_stays(
    asked: DocumentRequest, appointment: Appointment, marie: Patient, maries_account: User, bob: User
) -> None:
    write_answers(request=asked, answers=OFTEN, by=maries_account)
    sent = send_answers(request=asked, by=maries_account)
    kept = Patient.objects.create(
        practice=marie.practice, first_name="Marie", last_name="Durand", birth_date=marie.birth_date
    )
    merge_records(kept=kept, other=Patient.objects.get(pk=marie.pk), by=bob)
    merged = again(asked)
    assert merged.response is not None
    assert resource_of(merged.response)["subject"] == {"reference": f"Patient/{kept.pk}"}
    assert [one.pk for one in completed_of(kept)] == [sent.pk]
    assert list(answers_are_in_order(kept.practice_id)) == []


def test_what_is_out_of_order_is_reported(
    asked: DocumentRequest, questionnaire: Questionnaire, maries_account: User, carol: User
) -> None:
    write_answers(request=asked, answers=OFTEN, by=maries_account)
    send_answers(request=asked, by=maries_account)
    assert list(answers_are_in_order()) == []
    later = publish_resource(questionnaire=questionnaire, resource=sleep(), by=carol)
    DocumentRequest.objects.filter(pk=asked.pk).update(version=later)
    assert [line.split(":")[1] for line in answers_are_in_order()] == [" its answers are not those that it asks for"]
