"""A patient fills in a questionnaire: a page for each section, kept as one goes, without a script."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from appointments.models import Appointment
from documents.models import DocumentRequest
from documents.receiving.asking import ask_questionnaire
from patients.models import RecordTie, Relationship
from questionnaires.answering import answers_of
from questionnaires.catalogue import import_questionnaire
from questionnaires.models import QuestionnaireResponse
from tests.markup import page_text
from tests.questionnaires.test_understood import YES_NO, item, resource, when

SignIn = Callable[[User], Client]
ASKED = resource(
    item(
        "habits",
        "group",
        item=[
            item("smokes", "boolean", required=True),
            item("packs", "decimal", required=True, enableWhen=[when("smokes", answerBoolean=True)]),
        ],
    ),
    item("smoker", "group", text="Pour fumeurs", enableWhen=[when("smokes", answerBoolean=True)], item=[
        item("stop", "open-choice", answerOption=YES_NO, repeats=True),
    ]),
    item("last", "text", text="Autre chose ?", maxLength=10),
    title="Tabac",
    description="Trois questions.",
)  # fmt: skip


@pytest.fixture
def asked(appointment: Appointment, carol: User, bob: User, hugo: User) -> DocumentRequest:
    RecordTie.objects.create(user=hugo, patient=appointment.patient, relationship=Relationship.SELF)
    made = import_questionnaire(practice=appointment.practice, resource=ASKED, by=carol)
    return ask_questionnaire(appointment=appointment, questionnaire=made, details="Pour la visite", by=bob)


def _answers() -> dict[str, Any]:
    return answers_of(QuestionnaireResponse.objects.get())


def test_from_the_first_page_to_the_last(sign_in: SignIn, hugo: User, asked: DocumentRequest) -> None:
    client, at = sign_in(hugo), f"/questionnaires/{asked.pk}/"
    start = page_text(client.get(at))
    assert "Trois questions." in start
    assert f"{at}1/" in start
    first = client.post(f"{at}1/", {"shown": "q1 q2"})
    assert first.status_code == 400
    summary = page_text(first).split("data-error-summary")[1].split("</div>")[0]
    assert re.search(r"« [^»]+ \? » : Répondez à cette question\.", summary.replace("\u00a0", " "))
    more = client.post(f"{at}1/", {"shown": "q1 q2", "q2": "yes"})
    assert "Vos réponses ouvrent d’autres questions" in page_text(more)
    wrong = client.post(f"{at}1/", {"shown": "q1 q2 q3", "q2": "yes", "q3": "deux"})
    assert "Écrivez un nombre." in page_text(wrong)
    assert _answers() == {"smokes": (True,)}  # what is sound is kept
    assert client.post(f"{at}1/", {"shown": "q1 q2 q3", "q2": "yes", "q3": "1,5"})["Location"] == f"{at}2/"
    client.post(f"{at}2/", {"q5": ["0"], "q5-other": "Un jour", "later": "1"})
    resumed = client.get(f"{at}2/").content.decode()  # on another device, too
    assert 'value="Un jour"' in resumed
    assert "checked" in resumed
    assert client.post(f"{at}3/", {"q6": "Beaucoup trop long"}).status_code == 400
    assert client.post(f"{at}3/", {"q6": "Rien."})["Location"] == f"{at}check/"
    read_again = page_text(client.get(f"{at}check/"))
    for words in ("Oui", "1,5", "yes", "Un jour", "Rien."):
        assert words in read_again
    assert "Envoyé le" in page_text(client.post(f"{at}check/", follow=True))
    assert client.get(f"{at}1/").status_code == 302  # it can only be read
    assert "Rien." in page_text(client.get(at))


def test_a_page_that_is_not_asked_is_skipped_and_what_is_missing_is_named(
    sign_in: SignIn, hugo: User, alice: User, asked: DocumentRequest
) -> None:
    client, at = sign_in(hugo), f"/questionnaires/{asked.pk}/"
    refused = client.post(f"{at}check/")
    assert refused.status_code == 400
    assert "Il manque des réponses" in page_text(refused)
    assert client.post(f"{at}1/", {"shown": "all", "q2": "no"})["Location"] == f"{at}3/"
    assert client.get(f"{at}9/").status_code == 404
    for page in ("", "1/", "check/"):
        assert sign_in(alice).get(f"{at}{page}").status_code == 404
