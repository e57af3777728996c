"""Staff ask for a questionnaire, read its answers in words, and take them along as PDF and FHIR."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from typing import cast

import pytest
from django.test import Client
from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse as Judge
from pypdf import PdfReader
from pypdf.generic import DictionaryObject

from accounts.models import User
from appointments.models import Appointment
from audit.models import AuditEvent
from documents.models import DocumentRequest
from documents.receiving.answering import send_answers, write_answers
from documents.receiving.asking import ask_questionnaire
from patients.models import Patient
from questionnaires.fhir.values import Coding
from questionnaires.models import Questionnaire
from tests.documents.receiving.conftest import *  # noqa: F403  # a practice with accounts
from tests.documents.receiving.conftest import again
from tests.documents.receiving.questionnaires import *  # noqa: F403  # a questionnaire, and a request for it
from tests.documents.receiving.questionnaires import SECRET
from tests.markup import page_text

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
OFTEN, NEVER = (Coding("urn:t", "souvent"),), (Coding("urn:t", "jamais"),)


def test_asked_from_the_same_form_as_a_document(
    appointment: Appointment, questionnaire: Questionnaire, bob: User, sign_in: SignIn, maries_account: User
) -> None:
    browser, panel = sign_in(bob), f"/pro/appointments/{appointment.pk}/"
    new = f"{panel}requests/new/"
    assert SECRET in page_text(browser.get(new))
    both = {"label": "Carnet", "questionnaire": questionnaire.pk, "details": "Avant la visite", "asking": "1"}
    for wrong in (both, both | {"label": "", "questionnaire": ""}):
        refused = browser.post(new, wrong)
        assert refused.status_code == 400
        assert "Avant la visite" in page_text(refused)
    for _ in range(2):
        assert browser.post(new, both | {"label": ""})["Location"] == panel
    asked = DocumentRequest.objects.get()
    second = browser.post(new, both | {"label": "", "asking": "2"})
    assert (second.status_code, "déjà demandé" in page_text(second)) == (400, True)
    assert "Attendu" in page_text(browser.get(panel))
    patient = sign_in(maries_account)
    for page in ("/requests/", f"/my-appointments/{appointment.pk}/"):
        shown = page_text(patient.get(page))
        assert f"/questionnaires/{asked.pk}/" in shown
        assert "Questionnaire à remplir" in shown
    assert patient.get(f"/requests/{asked.pk}/")["Location"] == f"/questionnaires/{asked.pk}/"
    patient.post(f"/questionnaires/{asked.pk}/1/", {"shown": "all", "q2": "1", "q3": "4"})
    assert "Commencé par le patient" in page_text(browser.get(panel))
    assert "Questionnaire commencé" in page_text(patient.get("/requests/"))
    browser.post(f"/pro/requests/{asked.pk}/", {"details": "Le soir"})
    assert "Le soir" in page_text(patient.get(f"/questionnaires/{asked.pk}/"))
    browser.post(f"/pro/requests/{asked.pk}/cancel/")
    assert f"requests/new/?questionnaire={questionnaire.pk}" in page_text(browser.get(panel))
    called_off = page_text(patient.get(f"/questionnaires/{asked.pk}/"))
    assert "plus demandé" in called_off
    assert "Reprendre" not in called_off
    assert patient.post(f"/questionnaires/{asked.pk}/check/").status_code == 302


@pytest.fixture
def answered(
    appointment: Appointment, questionnaire: Questionnaire, asked: DocumentRequest, bob: User, maries_account: User
) -> DocumentRequest:
    """Twice: never, then often."""
    write_answers(request=asked, answers={"snores": NEVER}, by=maries_account)
    send_answers(request=asked, by=maries_account)
    second = ask_questionnaire(appointment=appointment, questionnaire=questionnaire, by=bob)
    write_answers(request=second, answers={"snores": OFTEN, "since": (4,)}, by=maries_account)
    send_answers(request=second, by=maries_account)
    return again(second)


def test_answers_in_words_after_a_post_that_is_in_the_history(
    answered: DocumentRequest,
    appointment: Appointment,
    questionnaire: Questionnaire,
    bob: User,
    rita: User,
    charlie: User,
    sign_in: SignIn,
) -> None:
    browser, address = sign_in(bob), f"/pro/answers/{answered.pk}/"
    listed = page_text(browser.get("/pro/received/"))
    assert address in listed
    assert re.search(r'class="count">2<', listed)
    assert "Souvent" not in page_text(browser.get(address))
    stranger = sign_in(charlie)
    assert stranger.get(address).status_code == 404
    assert {stranger.post(f"{address}{one}/").status_code for one in ("open", "pdf", "json")} == {404}
    assert browser.post(f"{address}open/")["Location"] == address
    shown = " ".join(page_text(browser.get(address)).split())
    for words in ("Vos nuits", "Ronflez-vous", "Souvent", "À voir ensemble", "Restées sans réponse", "Marie Durand"):
        assert words in shown
    changed = shown[shown.index("Ce qui a changé") : shown.index("Vos nuits")]
    assert "Jamais" in changed
    assert "Autre chose" not in changed  # unanswered both times
    lines = AuditEvent.objects.filter(action="questionnaire.opened")
    assert [(one.actor_id, one.detail["means"]) for one in lines] == [(bob.pk, "viewed")]
    assert re.search(r'class="count">1<', page_text(browser.get("/pro/received/")))
    assert "Réponses lues" in page_text(browser.get(f"/pro/appointments/{appointment.pk}/"))
    assert "Demander de nouveau" in shown
    new = f"/pro/appointments/{appointment.pk}/requests/new/?questionnaire={questionnaire.pk}"
    again_page = page_text(browser.get(new))
    assert re.search(r"<option[^>]*selected[^>]*>\s*" + SECRET, again_page)
    reader = sign_in(rita)
    reader.post(f"{address}open/")
    assert "Demander de nouveau" not in page_text(reader.get(address))


def test_taken_along_as_pdf_and_as_fhir(answered: DocumentRequest, bob: User, sign_in: SignIn) -> None:
    browser, address = sign_in(bob), f"/pro/answers/{answered.pk}/"
    got = browser.post(f"{address}pdf/")
    assert (got["Content-Type"], got["Content-Disposition"][:10]) == ("application/pdf", "attachment")
    paper = PdfReader(io.BytesIO(got.content))
    assert str(cast("DictionaryObject", paper.root_object["/MarkInfo"])["/Marked"]) == "True"
    text = " ".join("".join(page.extract_text() for page in paper.pages).split())
    for words in (SECRET, "Ronflez-vous", "Souvent", "À voir ensemble", "Sans réponse", "Marie Durand", "Jamais"):
        assert words in text
    resource = browser.post(f"{address}json/")
    assert resource["Content-Type"] == "application/fhir+json"
    judged = Judge.model_validate_json(resource.content)
    assert answered.version is not None
    assert (judged.status, judged.questionnaire) == ("completed", answered.version.canonical)
    assert json.loads(resource.content)["item"][0]["item"][0]["answer"][0]["valueCoding"]["display"] == "Souvent"
    means = AuditEvent.objects.filter(action="questionnaire.opened").values_list("detail__means", flat=True)
    assert list(means) == ["downloaded"] * 2


def test_scores_by_date_on_the_record_once_they_are_opened(
    answered: DocumentRequest, marie: Patient, bob: User, charlie: User, sign_in: SignIn
) -> None:
    browser, record = sign_in(bob), f"/pro/patients/{marie.pk}/"
    shown = page_text(browser.get(record))
    assert f"{record}answers/" in shown
    assert shown.count("<strong>Questionnaire rempli") == 2  # in the timeline
    before = page_text(browser.get(f"{record}answers/"))
    assert ("Lire les 2 réponses" in before, "À voir ensemble" in before) == (True, False)
    assert browser.post(f"{record}answers/open/")["Location"] == f"{record}answers/"
    table = " ".join(page_text(browser.get(f"{record}answers/")).split())
    assert "Dernier score : 2." in table
    assert table.index("Rien à signaler") < table.index("À voir ensemble")
    assert "Lire l" not in table
    assert AuditEvent.objects.filter(action="questionnaire.opened").count() == 2
    browser.post(f"{record}answers/open/")
    assert AuditEvent.objects.filter(action="questionnaire.opened").count() == 2
    stranger = sign_in(charlie)
    assert stranger.get(f"{record}answers/").status_code == 404
    assert stranger.post(f"{record}answers/open/").status_code == 404
