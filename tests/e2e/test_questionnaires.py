"""A questionnaire: written by an administrator, filled in on a telephone without scripts, with live conditions
otherwise."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from accounts.models import User
from appointments.models import Appointment, BookedFor
from docshare.demo import cast
from practices.models import Practice
from questionnaires.answering import answers_of, begin_response
from questionnaires.catalogue import create_questionnaire, publish
from questionnaires.examples import EXAMPLES
from questionnaires.models import Questionnaire, QuestionnaireResponse, ResponseState
from tests.e2e.conftest import Visitor
from tests.e2e.steps import sign_in_as_staff, sign_in_on_a_new_device

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
ADMIN = "admin@lilas.example"
HERE = "/pro/settings/questionnaires/"


@pytest.mark.parametrize("size", [(360, 740), (1440, 900)])
def test_an_administrator_writes_one(site: str, browser: Browser, size: tuple[int, int]) -> None:
    admin = Visitor(browser, site, *size)
    page = admin.page
    sign_in_as_staff(admin, ADMIN)
    page.goto(f"{site}{HERE}")
    admin.accessible()
    page.click("main >> text=Créer le premier questionnaire")
    admin.accessible()
    page.fill("[name=title]", "Douleur")
    page.check("[name=example][value=pain]")
    page.click("text=Créer le questionnaire")
    page.wait_for_url(f"**{HERE}*-*/")
    admin.accessible()
    here = page.url
    page.click("text=Ajouter une question hors section")
    expect(page.locator("[name=choices]")).to_be_hidden()
    page.fill("[name=text]", "Prenez-vous un médicament contre la douleur ?")
    page.select_option("[name=kind]", "choice")
    page.fill("[name=choices]", "Jamais = 0\nParfois = 1")
    page.select_option("[name=question-0]", "rest")
    page.select_option("[name=operator-0]", "!=")
    page.fill("[name=answer-0]", "zéro")
    page.click("text=Enregistrer le brouillon")
    expect(page.locator("[data-error-summary]")).to_be_focused()
    admin.accessible()
    page.fill("[name=answer-0]", "0")
    page.click("text=Enregistrer le brouillon")
    page.wait_for_url(here)
    expect(page.locator("main")).to_contain_text("Posée si « Au repos ? » n’est pas « 0 »")
    page.goto(f"{here}heading/")
    page.fill("[name=words-0]", "Parlons-en.")
    admin.accessible()
    page.click("text=Enregistrer le brouillon")
    page.click("main >> text=Aperçu")
    admin.accessible()
    page.click("text=Essayer ces réponses")
    page.goto(here)
    page.click("text=Publier ce brouillon")
    page.click("text=Versions et export")
    admin.accessible()
    assert Questionnaire.objects.get().versions.get().number == 1
    admin.context.close()


@pytest.fixture
def response(site: str) -> QuestionnaireResponse:
    mine = Appointment.objects.filter(holder__email=cast.HOLDER.email, booked_for=BookedFor.SELF).latest("starts_at")
    admin, practice = User.objects.get(email=ADMIN), Practice.objects.get(pk=mine.practice_id)
    resource = EXAMPLES["before-the-visit"].resource("fr")
    made = create_questionnaire(practice=practice, title="Avant la visite", by=admin, resource=resource)
    version = publish(questionnaire=made, by=admin)
    return begin_response(appointment=mine, version=version, by=User.objects.get(email=cast.HOLDER.email))


@pytest.mark.parametrize("scripts", [False, True])
def test_a_patient_answers_on_a_telephone(
    site: str, browser: Browser, response: QuestionnaireResponse, scripts: bool
) -> None:
    holder = User.objects.get(email=cast.HOLDER.email)
    visitor = Visitor(browser, site, 360, 740)
    sign_in_on_a_new_device(visitor, holder.email, holder.mobile or "")
    page = visitor.page
    if not scripts:
        state = visitor.context.storage_state()
        plain = browser.new_context(
            java_script_enabled=False, storage_state=state, viewport={"width": 360, "height": 740}
        )
        page = plain.new_page()
    page.goto(f"{site}/questionnaires/{response.pk}/")
    page.click("text=Commencer")
    page.fill("textarea", "Une toux qui dure.")
    page.check("text=Quelques semaines")
    page.click("text=Continuer")
    _health(page, scripts=scripts)
    if scripts:
        visitor.accessible()
    page.click("text=Continuer")
    page.fill("textarea", "Rien.")
    page.click("text=Continuer")
    expect(page.locator("h1")).to_have_text("Relire et envoyer")
    expect(page.locator("main")).to_contain_text("Pollens")
    if scripts:
        visitor.accessible()
    page.click("text=Envoyer mes réponses")
    expect(page.locator("main")).to_contain_text("Envoyé le")
    response.refresh_from_db()
    assert response.state == ResponseState.COMPLETED
    assert answers_of(response)["allergies-which"] == ("Pollens",)
    visitor.context.close()


def _health(page: Page, *, scripts: bool) -> None:
    """The page with conditions: without scripts, the server shows the questions that an answer opens."""
    which = page.get_by_label("À quoi êtes-vous allergique ?")
    for question in ("Prenez-vous un traitement ?", "Avez-vous été opéré ?"):
        page.get_by_role("group", name=question).get_by_text("Non", exact=True).click()
    page.get_by_role("group", name="Avez-vous une allergie ?").get_by_text("Oui", exact=True).click()
    if not scripts:
        expect(which).to_be_hidden()
        page.click("text=Continuer")
        expect(page.locator("main")).to_contain_text("Vos réponses ouvrent d’autres questions")
    which.fill("Pollens")
