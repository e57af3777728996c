"""A questionnaire: written by an administrator, filled in on a telephone without scripts, with live conditions
otherwise."""

from __future__ import annotations

import json
import os
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from accounts.models import User
from appointments.models import Appointment, BookedFor
from docshare.demo import cast
from documents.models import DocumentRequest
from documents.receiving.asking import ask_questionnaire
from questionnaires.answering import answers_of
from questionnaires.catalogue import create_questionnaire, publish
from questionnaires.examples import EXAMPLES
from questionnaires.fhir.conditions import enabled_items
from questionnaires.fhir.reading import read_questionnaire
from questionnaires.models import Questionnaire
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


def shot(page: Page, name: str) -> None:
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


def _mine() -> Appointment:
    found = Appointment.objects.filter(holder__email=cast.HOLDER.email, booked_for=BookedFor.SELF)
    return found.filter(status="booked").select_related("practice", "patient").latest("starts_at")


def _published(resource: dict[str, Any], title: str) -> Questionnaire:
    admin, practice = User.objects.get(email=ADMIN), _mine().practice
    made = create_questionnaire(practice=practice, title=title, by=admin, resource=resource)
    publish(questionnaire=made, by=admin)
    return made


def _asked(questionnaire: Questionnaire) -> DocumentRequest:
    by = User.objects.get(email="secretariat@lilas.example")
    return ask_questionnaire(appointment=_mine(), questionnaire=questionnaire, by=by)


def _patient(site: str, browser: Browser, *, scripts: bool = True) -> tuple[Visitor, Page]:
    """On a telephone; without scripts, in a second browser with the same session."""
    holder = User.objects.get(email=cast.HOLDER.email)
    visitor = Visitor(browser, site, 360, 740)
    sign_in_on_a_new_device(visitor, holder.email, holder.mobile or "")
    if scripts:
        return visitor, visitor.page
    state = visitor.context.storage_state()
    plain = browser.new_context(
        java_script_enabled=False, storage_state=state, viewport={"width": 360, "height": 740}
    )
    return visitor, plain.new_page()


@pytest.mark.parametrize("scripts", [False, True])
def test_it_is_asked_answered_on_a_telephone_and_read(site: str, browser: Browser, scripts: bool) -> None:
    _published(EXAMPLES["before-the-visit"].resource("fr"), "Avant la visite")
    secretary = Visitor(browser, site, 360, 740) if scripts else Visitor(browser, site, 1440, 900)
    size = "360" if scripts else "1440"
    sign_in_as_staff(secretary, "secretariat@lilas.example")
    staff = secretary.page
    staff.goto(f"{site}/pro/appointments/{_mine().pk}/")
    staff.click("text=Demander un document ou un questionnaire")
    staff.select_option("[name=questionnaire]", label="Avant la visite")
    staff.fill("[name=details]", "Pour gagner du temps.")
    secretary.accessible()
    shot(staff, f"ask-{size}")
    staff.click("main >> button:has-text('Demander')")
    expect(staff.locator("main")).to_contain_text("C’est demandé")
    visitor, page = _patient(site, browser, scripts=scripts)
    page.goto(f"{site}/requests/")
    expect(page.locator("main")).to_contain_text("Questionnaire à remplir")
    if scripts:
        visitor.accessible()
    shot(page, f"requests-{scripts}")
    page.click("main >> text=Avant la visite")
    expect(page.locator("main")).to_contain_text("30 jours")
    if scripts:
        visitor.accessible()
    shot(page, f"start-{scripts}")
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
    asked = DocumentRequest.objects.get()
    assert asked.response is not None
    assert answers_of(asked.response)["allergies-which"] == ("Pollens",)
    _reads(secretary, size)
    visitor.context.close()
    secretary.context.close()


def _reads(secretary: Visitor, size: str) -> None:
    staff = secretary.page
    staff.goto(f"{secretary.base}/pro/received/")
    secretary.accessible()
    shot(staff, f"received-{size}")
    staff.click("main >> text=Avant la visite")
    secretary.accessible()
    shot(staff, f"answers-closed-{size}")
    staff.click("text=Lire les réponses")
    expect(staff.locator("main")).to_contain_text("Une toux qui dure.")
    secretary.accessible()
    shot(staff, f"answers-{size}")
    with staff.expect_download() as download:
        staff.click("text=Télécharger en PDF")
    assert download.value.path().read_bytes()[:5] == b"%PDF-"
    staff.goto(f"{secretary.base}/pro/patients/{_mine().patient_id}/answers/")
    secretary.accessible()
    shot(staff, f"compared-{size}")


def _long() -> dict[str, Any]:
    """Six sections of ten questions; fifteen of them wait for an answer of their section."""
    sections = []
    for section in range(6):
        items: list[dict[str, Any]] = []
        for number in range(10):
            link = f"q{section}-{number}"
            one: dict[str, Any] = {
                "linkId": link,
                "type": "boolean",
                "text": f"Question {section * 10 + number + 1} ?",
            }
            if number in (3, 6) or (number == 9 and section < 3):
                one["enableWhen"] = [{"question": f"q{section}-{number - 1}", "operator": "=", "answerBoolean": True}]
            one["required"] = True
            items.append(one)
        sections.append({"linkId": f"s{section}", "type": "group", "text": f"Partie {section + 1}", "item": items})
    return {"resourceType": "Questionnaire", "status": "active", "title": "Bilan complet", "item": sections}


def test_a_long_one_by_keyboard_alone_on_a_slow_telephone(site: str, browser: Browser) -> None:
    """60 questions and 15 conditions; 400 kbit/s with 400 ms between question and answer."""
    resource = _long()
    assert sum("enableWhen" in one for section in resource["item"] for one in section["item"]) == 15
    asked = _asked(_published(resource, "Bilan complet"))
    visitor, page = _patient(site, browser)
    network = visitor.context.new_cdp_session(page)
    slow = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
    network.send("Network.enable")
    network.send("Network.emulateNetworkConditions", slow)
    page.goto(f"{site}/questionnaires/{asked.pk}/")
    page.get_by_role("link", name="Commencer").focus()
    page.keyboard.press("Enter")
    for section in range(6):
        expect(page.locator("h1")).to_have_text(f"Partie {section + 1}", timeout=15_000)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        if section == 0:
            visitor.accessible()
            shot(page, "long-360")
        _yes_to_all_by_keyboard(page)
        page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Relire et envoyer", timeout=15_000)
    visitor.accessible()
    page.get_by_role("button", name="Envoyer mes réponses").focus()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("Envoyé le", timeout=15_000)
    asked.refresh_from_db()
    assert asked.response is not None
    assert len(answers_of(asked.response)) == 60  # each condition held as soon as the question before it was answered
    visitor.context.close()


def test_a_long_one_without_scripts(site: str, browser: Browser) -> None:
    """The server opens the questions of each page as the answers before them are sent, and loses none."""
    asked = _asked(_published(_long(), "Bilan complet"))
    visitor, page = _patient(site, browser, scripts=False)
    page.goto(f"{site}/questionnaires/{asked.pk}/")
    page.get_by_role("link", name="Commencer").click()
    sent = []
    for section in range(6):
        expect(page.locator("h1")).to_have_text(f"Partie {section + 1}")
        rounds = 0
        while page.locator("h1").inner_text() == f"Partie {section + 1}":
            assert page.locator("[role=group]:visible, fieldset:visible").count() <= 10
            for yes in page.locator("input[type=radio][value=yes]:visible").all():
                yes.check()
            if section == 0:
                shot(page, f"long-plain-{rounds}")
            page.get_by_role("button", name="Continuer").click()
            rounds += 1
            assert rounds <= 2, "the page asks for ever"
        sent.append(rounds)
    assert sent == [2] * 6  # once for what is asked, once more for what the answers open
    expect(page.locator("h1")).to_have_text("Relire et envoyer")
    page.get_by_role("button", name="Envoyer mes réponses").click()
    expect(page.locator("main")).to_contain_text("Envoyé le")
    asked.refresh_from_db()
    assert asked.response is not None
    assert set(answers_of(asked.response).values()) == {(True,)}
    assert len(answers_of(asked.response)) == 60
    visitor.context.close()


def _operations() -> dict[str, Any]:
    later = {"question": "operated", "operator": ">", "answerDate": "2020-06"}
    same = {"question": "operated", "operator": "=", "answerDate": "2020"}
    asked = [
        {"linkId": "operated", "type": "date", "text": "Quand avez-vous été opéré ?"},
        {"linkId": "later", "type": "string", "text": "Par qui ?", "enableWhen": [later]},
        {"linkId": "same", "type": "string", "text": "À quel hôpital ?", "enableWhen": [same]},
    ]
    return {"resourceType": "Questionnaire", "status": "active", "title": "Opérations", "item": asked}


@pytest.mark.parametrize("scripts", [False, True])
def test_who_knows_only_the_year_says_so(site: str, browser: Browser, scripts: bool) -> None:
    asked = _asked(_published(_operations(), "Opérations"))
    visitor, page = _patient(site, browser, scripts=scripts)
    page.goto(f"{site}/questionnaires/{asked.pk}/1/")
    day, month, year = (page.get_by_label(part, exact=True) for part in ("Jour", "Mois", "Année"))
    later, same = page.get_by_label("Par qui ?"), page.get_by_label("À quel hôpital ?")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    if scripts:
        for typed, shown in (
            (("", "", "2020"), (False, True)),  # June 2020 is neither before nor after it
            (("", "", "2021"), (True, False)),
            (("", "6", "2020"), (False, False)),
            (("", "juil", "2020"), (True, False)),
            (("30", "6", "2020"), (False, False)),
            (("1", "7", "2020"), (True, False)),
            (("", "", "202"), (False, False)),
            (("12", "", "2020"), (False, False)),
        ):
            for field, text in zip((day, month, year), typed, strict=True):
                field.fill(text)
            expect(later).to_be_visible(visible=shown[0])
            expect(same).to_be_visible(visible=shown[1])
        visitor.accessible()
    day.fill("12")
    month.fill("")
    year.fill("2020")
    page.click("text=Continuer")
    link = page.get_by_role("link", name="Donnez le mois, ou laissez le jour vide aussi.")
    if scripts:
        visitor.accessible()
    shot(page, f"date-refused-{scripts}")
    link.click()
    expect(month).to_be_focused()
    expect(day).to_have_value("12")
    day.fill("")
    page.click("text=Continuer")
    if not scripts:
        expect(page.locator("main")).to_contain_text("Vos réponses ouvrent d’autres questions")
        page.click("text=Continuer")
    expect(page.locator("h1")).to_have_text("Relire et envoyer")
    expect(page.locator("dd").first).to_have_text("2020")
    visitor.context.close()


def _times() -> dict[str, Any]:
    """Of each kind with a clock, a question for each operator and each bound around half past eight."""
    bounds = ("08:29:59", "08:30:00", "08:30:15", "08:31:00", "10:00:00")
    day = "2026-11-28T{}+01:00"
    asked = [
        {"linkId": "time", "type": "time", "text": "À quelle heure ?"},
        {"linkId": "times", "type": "time", "text": "À quelles heures ?", "repeats": True},
        {"linkId": "moments", "type": "dateTime", "text": "Quels jours ?", "repeats": True},
    ]
    for link_id, answer, form in (
        ("time", "answerTime", "{}"),
        ("times", "answerTime", "{}"),
        ("moments", "answerDateTime", day),
    ):
        for how in ("=", "!=", ">", "<", ">=", "<="):
            for bound in bounds:
                condition = {"question": link_id, "operator": how, answer: form.format(bound)}
                name = f"{link_id} {how} {bound}"
                asked.append({"linkId": name, "type": "display", "text": name, "enableWhen": [condition]})
    return {"resourceType": "Questionnaire", "status": "active", "title": "Heures", "item": asked}


@pytest.mark.parametrize("typed", ["08:30", "8:30", "8:30:15", "9:05", "08:30:15.5"])
def test_script_and_server_judge_a_time_alike_to_the_second(site: str, browser: Browser, typed: str) -> None:
    questionnaire = _published(_times(), "Heures")
    visitor, page = _patient(site, browser)
    page.goto(f"{site}/questionnaires/{_asked(questionnaire).pk}/1/")
    hour, _, rest = typed.partition(":")
    page.get_by_label("À quelle heure ?").fill(f"{int(hour):02}:{rest}")
    page.get_by_label("À quelles heures ?").fill(typed)
    page.get_by_label("Quels jours ?").fill(f"28/11/2026 {typed}")
    at = time.fromisoformat(f"{int(hour):02}:{rest}")
    moment = datetime.combine(date(2026, 11, 28), at, ZoneInfo("Europe/Paris"))
    questions = read_questionnaire(_times())
    enabled = enabled_items(questions, {"time": (at,), "times": (at,), "moments": (moment,)})
    shown = {line.inner_text().strip() for line in page.locator("[data-line]:not([hidden])").all()}
    assert {name for name in shown if " " in name and name in questions.by_link_id} == {
        name for name in enabled if " " in name
    }
    visitor.context.close()


def _pains() -> dict[str, Any]:
    later = {"question": "began", "operator": ">", "answerDateTime": "2026-11-28"}
    same = {"question": "began", "operator": "=", "answerDateTime": "2026-11-28T08:30:00+01:00"}
    asked = [
        {"linkId": "began", "type": "dateTime", "text": "Depuis quand avez-vous mal ?"},
        {"linkId": "later", "type": "string", "text": "Qu’avez-vous pris ?", "enableWhen": [later]},
        {"linkId": "same", "type": "string", "text": "Où étiez-vous ?", "enableWhen": [same]},
    ]
    return {"resourceType": "Questionnaire", "status": "active", "title": "Douleurs", "item": asked}


@pytest.mark.parametrize("scripts", [False, True])
def test_who_knows_only_the_day_says_so(site: str, browser: Browser, scripts: bool) -> None:
    asked = _asked(_published(_pains(), "Douleurs"))
    visitor, page = _patient(site, browser, scripts=scripts)
    page.goto(f"{site}/questionnaires/{asked.pk}/1/")
    fields = [page.get_by_label(part, exact=True) for part in ("Jour", "Mois", "Année", "Heure")]
    later, same = page.get_by_label("Qu’avez-vous pris ?"), page.get_by_label("Où étiez-vous ?")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    if scripts:
        for typed, shown in (
            (("28", "11", "2026", ""), (False, False)),
            (("28", "11", "2026", "08:30"), (False, True)),
            (("28", "nov", "2026", "23:30"), (False, False)),  # no later day
            (("29", "11", "2026", "00:10"), (True, False)),
            (("", "", "2026", ""), (False, False)),
            (("", "12", "2026", ""), (True, False)),
            (("", "12", "2026", "08:30"), (False, False)),  # a time without a day is no answer
        ):
            for field, text in zip(fields, typed, strict=True):
                field.fill(text)
            expect(later).to_be_visible(visible=shown[0])
            expect(same).to_be_visible(visible=shown[1])
        visitor.accessible()
    for field, text in zip(fields, ("", "11", "2026", "08:30"), strict=True):
        field.fill(text)
    page.click("text=Continuer")
    page.get_by_role("link", name="Donnez le jour, le mois et l’année, ou laissez l’heure vide aussi.").click()
    expect(fields[0]).to_be_focused()
    expect(fields[3]).to_have_value("08:30")
    if scripts:
        visitor.accessible()
    shot(page, f"time-refused-{scripts}")
    fields[3].fill("")
    page.click("text=Continuer")
    expect(page.locator("h1")).to_have_text("Relire et envoyer")
    expect(page.locator("dd").first).to_have_text("novembre 2026")
    visitor.context.close()


@pytest.mark.parametrize("scripts", [False, True])
def test_a_refused_import_is_corrected_on_its_page(site: str, browser: Browser, scripts: bool) -> None:
    """Each fault with its place and what to do; what was in the file is corrected below, with or without scripts."""
    admin = Visitor(browser, site, 360, 740)
    sign_in_as_staff(admin, ADMIN)
    page = admin.page
    if not scripts:
        state = admin.context.storage_state()
        page = browser.new_context(java_script_enabled=False, storage_state=state).new_page()
    asked = _operations()
    asked["item"][1]["type"] = "attachment"
    asked["item"][2]["readOnly"] = True
    file: FilePayload = {"name": "q.json", "mimeType": "application/json", "buffer": json.dumps(asked).encode()}
    page.goto(f"{site}/pro/settings/questionnaires/import/")
    page.set_input_files("[name=file]", file)
    page.get_by_role("button", name="Importer").click()
    main = page.locator("main")
    expect(main).to_contain_text("2 éléments de ce fichier sont à corriger")
    for path in ("Questionnaire.item[1].type", "Questionnaire.item[2].readOnly"):
        expect(main.locator("code", has_text=path)).to_be_visible()
    for width in (360, 768, 1440) if scripts else ():
        page.set_viewport_size({"width": width, "height": 740})
        shot(page, f"import-refused-{width}")
        admin.accessible()
    content = page.get_by_label("Contenu du fichier")
    content.fill(content.input_value().replace("attachment", "string").replace(', "readOnly": true', ""))
    page.get_by_role("button", name="Importer").click()
    expect(page.locator("main")).to_contain_text("Le questionnaire est importé.")
    admin.context.close()


def _yes_to_all_by_keyboard(page: Page) -> None:
    """Tab from question to question, the space bar for *Oui*, until the button is reached."""
    page.keyboard.press("Tab")
    for _stop in range(60):
        stop = page.evaluate("document.activeElement.type + ' ' + document.activeElement.textContent.trim()")
        if stop.startswith("submit") and "Continuer" in stop:
            return
        if stop.startswith("radio"):
            page.keyboard.press("Space")
        page.keyboard.press("Tab")
    raise AssertionError("The button was never reached.")


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
