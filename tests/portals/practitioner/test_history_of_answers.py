"""Each line of an appointment's history about what a patient is asked, sends, answers or signs says which it is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import User
from appointments.history import history_of
from appointments.models import Appointment
from documents.consents.ending import withdraw
from documents.models import ReadingMeans
from documents.receiving.answering import note_answers_seen, send_answers, write_answers
from documents.receiving.asking import ask_questionnaire
from documents.receiving.seeing import accept, note_seen, refuse
from documents.receiving.sending import send_files
from documents.timeline import EntryKind, timeline
from files.intake import Intake
from portals.practitioner.history_words import history_lines
from portals.practitioner.timeline_words import entry_words
from questionnaires.catalogue import import_questionnaire
from tests.documents.consents.conftest import *  # noqa: F403  # a document that asks for a signature
from tests.documents.consents.conftest import AskOf, sign_as
from tests.documents.receiving.conftest import Ask, ask_for
from tests.documents.receiving.conftest import again as request_again
from tests.questionnaires.test_understood import item, resource

__all__ = ["ask_for"]  # a fixture
pytestmark = pytest.mark.django_db
LABEL, TITLE, PAPER = "Photo de la lésion", "Sommeil", "Consentement à l’intervention"


@pytest.fixture
def answered(
    appointment: Appointment, ask_for: Ask, ask_of: AskOf, maries_account: User, carol: User, bob: User,
    receive: Callable[..., Intake],
) -> Appointment:  # fmt: skip
    request = ask_for(appointment, LABEL)
    for accepted in (False, True):
        (sent,) = send_files(request=request_again(request), intakes=[receive(name="photo.pdf")], by=maries_account)
        note_seen(received=sent, by=bob, means=ReadingMeans.VIEWED)
        if accepted:
            accept(received=sent, by=bob)
        else:
            refuse(received=sent, sentence="Floue.", by=bob)
    made = import_questionnaire(
        practice=appointment.practice, resource=resource(item("a", "boolean"), title=TITLE), by=carol
    )
    asked = ask_questionnaire(appointment=request.appointment, questionnaire=made, by=bob)
    write_answers(request=asked, answers={"a": (True,)}, by=maries_account)
    send_answers(request=request_again(asked), by=maries_account)
    consent = sign_as(ask_of(appointment), maries_account, "Marie Durand")
    withdraw(consent=consent, sentence="", by=maries_account)
    return request.appointment


def test_each_line_of_the_history_names_its_request_questionnaire_or_document(
    answered: Appointment, bob: User, charlie: User
) -> None:
    lines = list(history_of(answered))
    named = zip(lines, history_lines(lines, answered, bob), strict=True)
    found = {
        (line.action, shown.what)
        for line, shown in named
        if line.action.split(".")[0] in ("request", "received", "questionnaire", "consent")
    }
    assert {what for _action, what in found} == {LABEL, TITLE, PAPER}
    assert {
        ("request.asked", LABEL), ("request.asked", TITLE), ("received.refused", LABEL), ("received.accepted", LABEL),
        ("questionnaire.answered", TITLE), ("consent.asked", PAPER), ("consent.withdrawn", PAPER),
    } <= found  # fmt: skip
    of_others = history_lines(lines, answered, charlie)  # of another practice
    assert not {LABEL, TITLE, PAPER} & {shown.what for shown in of_others}


def test_answers_in_the_timeline_are_received_or_read_and_never_accepted(answered: Appointment, bob: User) -> None:
    request = answered.document_requests.get(label=TITLE)
    for words in ("réponses reçues, à lire", "réponses lues"):
        entries = [one for one in timeline(answered.patient).entries if one.kind is EntryKind.REQUEST]
        assert [entry_words(one).note for one in entries if getattr(one.what, "label", "") == TITLE] == [words]
        note_answers_seen(request=request_again(request), by=bob, means=ReadingMeans.VIEWED)
