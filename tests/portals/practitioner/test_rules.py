"""The pages of rules, and their planned sendings on the appointment's page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from appointments.models import Agenda, VisitReason
from documents.consents.forms import Asked, set_form
from documents.library.catalogue import write_document
from documents.models import AutoSend, AutoSendRule, DocumentLink, LibraryDocument
from documents.sending.autosend import send_due
from documents.sharing.reading import note_reading_by_link
from notifications.models import Message
from patients.models import Patient
from practices.models import Practice
from questionnaires.catalogue import archive_questionnaire, import_questionnaire
from tests.conftest import BookFixture
from tests.documents.conftest import *  # noqa: F403  # a document of the library
from tests.markup import one_line, page_text
from tests.questionnaires.test_understood import item, resource

SignIn = Callable[[User], Client]


def test_an_administrator_writes_a_rule_and_reads_it_as_a_sentence(
    sign_in: SignIn, carol: User, access_plan: LibraryDocument
) -> None:
    client = sign_in(carol)
    assert "Aucune règle pour l’instant" in client.get("/pro/rules/").content.decode()
    asked = {"name": "Plan", "documents": [str(access_plan.pk)], "moment": "before", "offset_hours": "48"}
    half = client.post("/pro/rules/new/", asked | {"documents": [], "channels": ["email"]})
    assert half.status_code == 400
    assert "Choisissez au moins un document" in half.content.decode()
    assert 'value="Plan"' in half.content.decode()
    client.post("/pro/rules/new/", asked | {"channels": ["email"], "active": "on"})
    sentence = page_text(client.get("/pro/rules/"))
    assert "active</span>" in sentence  # "règle" is feminine, whatever a package's translation of "active"
    for part in (
        "Plan d’accès",
        "2 jours avant le rendez-vous",
        "tous les motifs",
        "tous les agendas",
        "par e-mail</strong>",
    ):
        assert part in sentence
    rule = AutoSendRule.objects.get()
    client.post(f"/pro/rules/{rule.pk}/", asked | {"name": "Plan d’accès", "channels": ["sms"], "offset_hours": "24"})
    assert "arrêtée" in client.get("/pro/rules/").content.decode()
    client.post(f"/pro/rules/{rule.pk}/delete/")
    assert "Aucune règle" in client.get("/pro/rules/").content.decode()


def test_the_effect_is_shown_before_anything_is_saved(
    sign_in: SignIn, carol: User, charlie: User, access_plan: LibraryDocument, book_for: BookFixture, marie: Patient
) -> None:
    client = sign_in(carol)
    asked = {"documents": [str(access_plan.pk)], "moment": "booking", "channels": ["email"], "active": "on"}

    def effect(**changed: object) -> str:
        answer = client.post("/pro/rules/effect/", asked | changed)
        return " ".join(answer.content.decode().replace("\u00a0", " ").split())

    assert "Aucun rendez-vous des 30 prochains jours ne correspond" in effect()
    appointment = book_for(marie)
    shown = effect()
    assert "Un rendez-vous des 30 prochains jours correspond" in shown
    assert marie.full_name in shown
    assert "pour un rendez-vous déjà pris" in shown
    assert "Rien ne partira tout de suite" in effect(moment="after", offset_hours="2")
    assert "2 jours avant" in effect(moment="before", offset_hours="2", offset_unit="days")
    assert "Choisissez au moins un document" in effect(documents=[])
    assert not AutoSendRule.objects.exists()
    assert "Choisissez ce qui est envoyé ou demandé" in client.get("/pro/rules/new/").content.decode()
    plain = client.post("/pro/rules/new/", asked | {"name": "Plan", "preview": "1"})
    assert "30 prochains jours" in plain.content.decode()
    assert not AutoSendRule.objects.exists()
    client.post("/pro/rules/new/", asked | {"name": "Plan", "to_booked": "on"})
    assert appointment.auto_sends.get().state == "planned"
    rule = AutoSendRule.objects.get()
    assert sign_in(charlie).post(f"/pro/rules/{rule.pk}/effect/", asked).status_code == 404


def test_what_was_sent_and_read_is_counted_and_can_be_sent_again(
    sign_in: SignIn, carol: User, alice: User, rita: User, access_plan: LibraryDocument, book_for: BookFixture,
    marie: Patient,
) -> None:  # fmt: skip
    asked = {"name": "Plan", "documents": [str(access_plan.pk)], "moment": "booking", "channels": ["email"]}
    sign_in(carol).post("/pro/rules/new/", asked | {"active": "on"})
    appointment = book_for(marie)
    send_due()
    sending = AutoSend.objects.get()
    assert sending.shared
    note_reading_by_link(document=sending.shared)
    told = sign_in(carol).get("/pro/rules/").content.decode().replace("\u00a0", " ")
    figures = re.findall(r"<dd>(\d+)</dd>", one_line(told))
    assert figures == ["1", "1", "0"]  # sent and read in 30 days, still to come
    Message.objects.update(state="sent", sent_at=timezone.now())
    client = sign_in(alice)
    assert "Renvoyer" in client.get(f"/pro/appointments/{appointment.pk}/").content.decode()
    answer = client.post(f"/pro/auto-sends/{sending.pk}/send-again/", follow=True)
    assert "Le message attend son envoi" in answer.content.decode()
    assert "renvoyé" in client.get(f"/pro/appointments/{appointment.pk}/history/").content.decode()
    assert sign_in(rita).post(f"/pro/auto-sends/{sending.pk}/send-again/").status_code == 403
    Patient.objects.update(email=None, mobile=None)
    Message.objects.update(state="sent", sent_at=timezone.now())
    refused = client.post(f"/pro/auto-sends/{sending.pk}/send-again/", follow=True)
    assert "partagez le document" in refused.content.decode()


def test_others_have_no_such_page(sign_in: SignIn, alice: User, bob: User, carol: User) -> None:
    for user in (alice, bob):
        assert sign_in(user).get("/pro/rules/").status_code == 404
        assert sign_in(user).post("/pro/rules/new/").status_code == 404


def test_staff_see_what_is_planned_send_it_now_or_do_not(
    sign_in: SignIn, carol: User, alice: User, access_plan: LibraryDocument, book_for: BookFixture, marie: Patient
) -> None:
    asked = {"name": "Plan", "documents": [str(access_plan.pk)], "moment": "before", "offset_hours": "1"}
    sign_in(carol).post("/pro/rules/new/", asked | {"channels": ["email", "sms"], "active": "on"})
    first, second = book_for(marie), book_for(marie)
    client = sign_in(alice)
    page = client.get(f"/pro/appointments/{first.pk}/").content.decode()
    assert "Envois automatiques" in page
    assert "Envoyer maintenant" in page
    client.post(f"/pro/auto-sends/{first.auto_sends.get().pk}/send/")
    client.post(f"/pro/auto-sends/{second.auto_sends.get().pk}/stop/")
    assert set(AutoSend.objects.values_list("appointment", "state")) == {(first.pk, "sent"), (second.pk, "cancelled")}
    shown = client.get(f"/pro/appointments/{first.pk}/").content.decode()
    assert "Envoyé le" in shown
    assert "Lisible par le lien du message" in shown
    client.post(f"/pro/links/{DocumentLink.objects.get().pk}/close/")
    assert "Lisible par le lien" not in client.get(f"/pro/appointments/{first.pk}/").content.decode()
    assert "Lien fermé" in client.get(f"/pro/appointments/{first.pk}/history/").content.decode()
    assert send_due() == 0


def test_a_rule_is_stopped_started_and_deleted_knowing_what_happens(
    sign_in: SignIn, carol: User, charlie: User, access_plan: LibraryDocument, book_for: BookFixture, marie: Patient
) -> None:
    asked = {"name": "Plan", "documents": [str(access_plan.pk)], "moment": "before", "offset_hours": "1"}
    client = sign_in(carol)
    client.post("/pro/rules/new/", asked | {"channels": ["email"], "active": "on"})
    rule, appointment = AutoSendRule.objects.get(), book_for(marie)
    address = f"/pro/rules/{rule.pk}/"
    stopped = client.post(f"{address}switch/", {"active": "0"}, follow=True).content.decode()
    assert "elle n’envoie plus rien" in stopped
    assert "arrêtée" in stopped
    assert appointment.auto_sends.get().state == "cancelled"
    assert "est active" in client.post(f"{address}switch/", {"active": "1"}, follow=True).content.decode()
    assert appointment.auto_sends.get().state == "planned"
    assert "Un envoi déjà prévu sera annulé" in client.get(f"{address}delete/").content.decode()
    assert AutoSendRule.objects.kept().exists()
    for other in ("switch", "delete"):
        assert sign_in(charlie).post(f"{address}{other}/").status_code == 404
    client.post(f"{address}delete/")
    assert not AutoSendRule.objects.kept().exists()


def test_the_page_of_a_rule_asks_what_it_would_do_as_it_is_typed(sign_in: SignIn, carol: User) -> None:
    page = sign_in(carol).get("/pro/rules/new/").content.decode()
    assert "htmx.min.js" in page
    assert 'hx-post="/pro/rules/effect/"' in page


def test_what_staff_stopped_can_be_planned_again_from_the_panel(
    sign_in: SignIn, carol: User, alice: User, rita: User, access_plan: LibraryDocument, book_for: BookFixture,
    marie: Patient,
) -> None:  # fmt: skip
    asked = {"name": "Plan", "documents": [str(access_plan.pk)], "moment": "before", "offset_hours": "1"}
    sign_in(carol).post("/pro/rules/new/", asked | {"channels": ["email"], "active": "on"})
    appointment = book_for(marie)
    sending, client = appointment.auto_sends.get(), sign_in(alice)
    stopped = client.post(f"/pro/auto-sends/{sending.pk}/stop/", follow=True).content.decode()
    assert "Ne sera pas envoyé" in stopped
    assert "Prévoir de nouveau" in stopped
    assert "Envoyer maintenant" not in stopped
    assert "Prévoir de nouveau" not in sign_in(rita).get(f"/pro/appointments/{appointment.pk}/").content.decode()
    assert sign_in(rita).post(f"/pro/auto-sends/{sending.pk}/resume/").status_code == 403
    again = client.post(f"/pro/auto-sends/{sending.pk}/resume/", follow=True).content.decode()
    assert "est prévu de nouveau" in again
    assert "Prévu le" in again
    history = client.get(f"/pro/appointments/{appointment.pk}/history/").content.decode()
    assert "Envoi automatique prévu de nouveau" in history


def test_a_rule_may_ask_without_sending_and_keeps_what_it_asked_when_its_words_are_corrected(
    sign_in: SignIn, carol: User, alice: User, access_plan: LibraryDocument, book_for: BookFixture, marie: Patient
) -> None:
    client = sign_in(carol)
    asked = {"name": "Avant", "moment": "booking", "channels": ["email"], "active": "on"}
    lines = {"ask_0_label": "Ordonnance", "ask_0_details": "", "ask_0_days": "2", "ask_1_label": "", "ask_1_days": ""}
    alone = client.post("/pro/rules/new/", asked | {"ask_0_label": "", "ask_0_details": "Pour préparer"})
    assert alone.status_code == 400
    assert "en quelques mots" in alone.content.decode()
    assert "Pour préparer" in alone.content.decode()
    effect = page_text(client.post("/pro/rules/effect/", asked | lines))
    assert "Demander" in effect
    assert "au plus tard 2 jours avant" in effect
    client.post("/pro/rules/new/", asked | lines)
    rule = AutoSendRule.objects.get()
    assert "Ordonnance" in page_text(client.get("/pro/rules/"))
    page = client.get(f"/pro/rules/{rule.pk}/").content.decode()
    assert page.count("ask_") > 8  # its question, and two empty lines
    appointment = book_for(marie)
    send_due()
    question = rule.asks[0]
    lines |= {"ask_0_label": "Ordonnance du médecin", "ask_0_pk": str(question.pk)}
    client.post(f"/pro/rules/{rule.pk}/", asked | lines)
    assert [(one.pk, one.label) for one in AutoSendRule.objects.get().asks] == [
        (question.pk, "Ordonnance du médecin")
    ]
    assert AutoSend.objects.count() == 1
    panel = page_text(sign_in(alice).get(f"/pro/appointments/{appointment.pk}/"))
    assert "Ordonnance" in panel
    assert "Attendu" in panel
    client.post(f"/pro/rules/{rule.pk}/", asked | {"documents": [str(access_plan.pk)], "ask_0_label": ""})
    assert AutoSendRule.objects.get().asks == []


def test_a_rule_asks_for_a_questionnaire_or_a_document_and_never_both_in_one_line(
    sign_in: SignIn, carol: User, practice: Practice
) -> None:
    made = import_questionnaire(practice=practice, resource=resource(item("a", "boolean")), by=carol, title="Sommeil")
    client = sign_in(carol)
    asked = {"name": "Avant", "moment": "booking", "channels": ["email"], "active": "on"}
    line = {"ask_0_label": "Ordonnance", "ask_0_questionnaire": str(made.pk)}
    both = client.post("/pro/rules/new/", asked | line)
    assert both.status_code == 400
    assert "pas les deux" in both.content.decode()
    assert client.post("/pro/rules/new/", asked | line | {"ask_0_label": ""}).status_code == 302
    rule = AutoSendRule.objects.get()
    assert [(one.label, one.questionnaire) for one in rule.asks] == [("Sommeil", made)]
    page = client.get(f"/pro/rules/{rule.pk}/").content.decode()
    assert f'<option value="{made.pk}" selected>' in page
    assert "Sommeil" in client.get("/pro/rules/").content.decode()


PART = re.compile(
    r'<details class="rule-part"\s*(open)?\s*>\s*<summary>\s*<strong>([^<]*)</strong>\s*<span[^>]*>([^<]*)</span>'
)


def parts_of(page: Any) -> dict[str, tuple[str, bool]]:
    """Title -> what is set, and whether the part is open."""
    found = PART.findall(unescape(page.content.decode()))
    return {title.strip(): (" ".join(words.split()), bool(is_open)) for is_open, title, words in found}


@pytest.mark.parametrize("hours", ["9" * 5000, "-1", "½", "٣x", "\0"])
def test_a_delay_that_is_none_is_refused_on_the_form(sign_in: SignIn, carol: User, hours: str) -> None:
    posted = {"name": "x", "moment": "before", "offset_hours": hours, "offset_unit": "hours", "channels": ["email"]}
    page = sign_in(carol).post("/pro/rules/new/", posted)
    assert page.status_code == 400
    assert "Il y a un problème" in page.content.decode()


def test_the_form_of_a_rule_says_part_by_part_what_is_set(
    sign_in: SignIn, carol: User, practice: Practice, access_plan: LibraryDocument
) -> None:
    """Nothing of what is set hides without a word; a part is open where something is to be chosen or mended."""
    client = sign_in(carol)
    Agenda.objects.create(practice=practice, name="Dr Alice")
    reason = VisitReason.objects.create(practice=practice, name="Suivi", duration_minutes=20)
    made = import_questionnaire(practice=practice, resource=resource(item("a", "boolean")), by=carol, title="Sommeil")
    agendas = "tous les agendas"
    assert parts_of(client.get("/pro/rules/new/")) == {
        "Ce qui est envoyé": ("rien", True),
        "Ce qui est demandé au patient": ("rien", False),
        "Quand": ("à la prise de rendez-vous", True),
        "Pour quels rendez-vous": (f"tous les motifs ; {agendas}", False),
        "Comment": ("par e-mail, par SMS", False),
    }
    asked = {
        "name": "Avant", "documents": [str(access_plan.pk)], "moment": "before", "offset_hours": "2",
        "offset_unit": "days", "channels": ["email"], "active": "on", "visit_reasons": [str(reason.pk)],
        "ask_0_label": "Ordonnance", "ask_0_days": "2", "ask_1_label": "", "ask_1_questionnaire": str(made.pk),
    }  # fmt: skip
    assert client.post("/pro/rules/new/", asked).status_code == 302
    address = f"/pro/rules/{AutoSendRule.objects.get().pk}/"
    kept = {
        "Ce qui est envoyé": (access_plan.title, False),
        "Ce qui est demandé au patient": ("Ordonnance, Sommeil", False),
        "Quand": ("2 jours avant le rendez-vous", False),
        "Pour quels rendez-vous": (f"{reason.name} ; {agendas}", False),
        "Comment": ("par e-mail", False),
    }
    assert parts_of(client.get(address)) == kept
    preview = asked | {"preview": "1", "moment": "booking", "channels": ["sms"]}
    assert parts_of(client.post(address, preview)) == kept | {
        "Quand": ("à la prise de rendez-vous", False),
        "Comment": ("par SMS", False),
    }
    for wrong, opened in (
        ({"channels": []}, "Comment"),
        ({"offset_hours": "deux"}, "Quand"),
        ({"ask_0_days": "bientôt"}, "Ce qui est demandé au patient"),
        ({"documents": ["x"]}, "Ce qui est envoyé"),
        ({"agendas": ["x"]}, "Pour quels rendez-vous"),
    ):
        refused = client.post(address, asked | wrong)
        assert refused.status_code == 400
        assert {title for title, (_words, is_open) in parts_of(refused).items() if is_open} == {opened}


def test_only_documents_that_a_rule_can_send_are_offered_and_the_others_are_named_with_the_reason(
    sign_in: SignIn, carol: User, practice: Practice, access_plan: LibraryDocument
) -> None:
    consent, letter = (
        write_document(practice=practice, title=title, body=body, category=access_plan.category, by=carol)
        for title, body in (("Accord", "<p>Lu.</p>"), ("Lettre", "<p>{{?Motif|long}}</p>"))
    )
    set_form(document=consent, asked=Asked(["J’accepte."]), by=carol)
    client = sign_in(carol)
    form = client.get("/pro/rules/new/")
    assert set(re.findall(r'name="documents" value="([^"]+)"', one_line(form.content))) == {str(access_plan.pk)}
    shown = page_text(form)
    assert "2 documents de la bibliothèque ne partent pas par une règle" in shown
    assert re.search(r"Accord\s*:\s*signé par le patient, avec un compte", shown)
    assert re.search(r"Lettre\s*:\s*à remplir à chaque fois", shown)
    posted = {"name": "x", "moment": "booking", "channels": ["email"]}
    for document in (consent, letter):  # of a page that was opened before
        refused = client.post("/pro/rules/new/", posted | {"documents": [str(document.pk)]})
        assert refused.status_code == 400
        assert "ne peut plus partir par une règle" in page_text(refused)
    assert not AutoSendRule.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "field", "words"),
    [
        ({"ask_1_label": "Ordonnance"}, "ask_1_label", "le même libellé"),
        ({"ask_1_questionnaire": "archived"}, "ask_1_questionnaire", "n’est plus proposé"),
        ({"moment": "after", "offset_hours": "1"}, "ask_0_days", "Laissez-la vide"),
        ({"ask_0_days": "999"}, "ask_0_days", "de 0 à 365"),
        ({"ask_0_days": "deux jours"}, "ask_0_days", "de 0 à 365"),
        ({"moment": "before", "offset_hours": "366", "offset_unit": "days"}, "offset_hours", "de 0 à 365"),
        ({"moment": "before", "offset_hours": "8761"}, "offset_hours", "de 0 à 8760"),
    ],
)
def test_each_error_of_a_rule_is_beside_its_field_and_nothing_typed_is_lost(
    wrong: dict[str, str], field: str, words: str, sign_in: SignIn, carol: User, practice: Practice
) -> None:
    kept, gone = (
        import_questionnaire(practice=practice, resource=resource(item("a", "boolean")), by=carol, title=title)
        for title in ("Sommeil", "Douleur")
    )
    archive_questionnaire(questionnaire=gone, by=carol)
    posted = {
        "name": "Avant", "moment": "booking", "offset_hours": "1", "offset_unit": "hours", "channels": ["email"],
        "ask_0_label": "Ordonnance", "ask_0_details": "Recto et verso", "ask_0_days": "2",
        "ask_1_label": "", "ask_1_questionnaire": "", "ask_2_label": "Photo", "ask_2_questionnaire": "",
    }  # fmt: skip
    wrong = {name: str(gone.pk) if value == "archived" else value for name, value in wrong.items()}
    refused = sign_in(carol).post("/pro/rules/new/", posted | wrong)
    assert refused.status_code == 400
    errors = refused.context["form"].errors
    assert list(errors) == [field]
    assert words in str(errors[field])
    page = one_line(refused.content)
    assert f'href="#id_{field}"' in page
    assert page.count(f'id="id_{field}_error"') == 1
    typed = wrong.get(field, posted.get(field, ""))
    assert typed == str(gone.pk) or f'value="{typed}"' in page
    assert "Recto et verso" in page
    assert 'value="Photo"' in page
    assert not AutoSendRule.objects.exists()
    assert kept.title in page


def test_a_rule_keeps_on_its_page_what_it_asks_and_is_no_longer_offered(
    sign_in: SignIn, carol: User, practice: Practice
) -> None:
    """Saved with another name, it lost its question, and nobody was told."""
    gone = import_questionnaire(practice=practice, resource=resource(item("a", "boolean")), by=carol, title="Douleur")
    client = sign_in(carol)
    posted = {
        "name": "Avant", "moment": "booking", "channels": ["email"], "offset_unit": "hours",
        "ask_0_label": "", "ask_0_questionnaire": str(gone.pk), "ask_1_label": "Photo", "ask_1_questionnaire": "",
    }  # fmt: skip
    assert client.post("/pro/rules/new/", posted).status_code == 302
    rule = AutoSendRule.objects.get()
    archive_questionnaire(questionnaire=gone, by=carol)
    page = client.get(f"/pro/rules/{rule.pk}/")
    assert f'<option value="{gone.pk}" selected>Douleur</option>' in one_line(page.content)
    renamed = {
        **posted, "name": "Bien avant",
        **{field.html_name: str(field.value() or "") for row in page.context["form"].rows for field in row},
    }  # fmt: skip
    refused = client.post(f"/pro/rules/{rule.pk}/", renamed)
    assert refused.status_code == 400
    assert list(refused.context["form"].errors) == ["ask_0_questionnaire"]
    assert client.post(f"/pro/rules/{rule.pk}/", renamed | {"ask_0_questionnaire": ""}).status_code == 302
    rule = AutoSendRule.objects.get()
    assert (rule.name, [one.label for one in rule.asks]) == ("Bien avant", ["Photo"])


@pytest.mark.parametrize("numbers", [[7], [0, 9], range(11), range(100), [10]])
def test_each_line_that_is_sent_with_a_rule_is_saved_or_refused(
    numbers: Iterable[int], sign_in: SignIn, carol: User
) -> None:
    lines = {f"ask_{number}_label": f"Document {number}" for number in numbers}
    posted = {"name": "Avant", "moment": "booking", "channels": ["email"], **lines}
    answer = sign_in(carol).post("/pro/rules/new/", posted)
    if len(lines) > 10:
        assert answer.status_code == 400
        assert "Dix demandes au plus" in page_text(answer)
    else:
        assert answer.status_code == 302
        assert {one.label for one in AutoSendRule.objects.get().asks} == set(lines.values())


@pytest.mark.parametrize("typed", ["1e3", "-1", "²", "9" * 30, "9" * 6_000, "\0", "NaN", "366", "9000", "1_0_0_0_0"])
def test_no_number_breaks_a_rule(typed: str, sign_in: SignIn, carol: User) -> None:
    posted = {"name": "Avant", "moment": "before", "offset_hours": typed, "channels": ["email"], "ask_0_label": "x"}
    for unit in ("days", "hours", "years"):
        refused = sign_in(carol).post("/pro/rules/new/", posted | {"ask_0_days": typed, "offset_unit": unit})
        assert refused.status_code == 400
    assert not AutoSendRule.objects.exists()
