"""An administrator makes a questionnaire without code: questions, choices, conditions, score, versions, JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.html import escape

from accounts.models import User
from appointments.models import Appointment
from documents.receiving.answering import send_answers
from documents.receiving.asking import ask_questionnaire
from patients.models import Patient, RecordTie, Relationship
from practices.models import Practice
from questionnaires.catalogue import import_questionnaire
from questionnaires.fhir.dates import PartialDate
from questionnaires.fhir.extensions import CONTROL, LOWEST, ORDINAL, UNIT
from questionnaires.fhir.items import Questions
from questionnaires.fhir.reading import read_draft
from questionnaires.models import Questionnaire
from tests.markup import one_line, page_text

SignIn = Callable[[User], Client]
LIST = "/pro/settings/questionnaires/"
NO_CONDITION = {"every": "all"}
HELP = {"url": CONTROL, "valueCodeableConcept": {"coding": [{"code": "help"}]}}
POINTS = {"url": ORDINAL, "valueDecimal": 1.5}
ITEM = {"linkId": "a", "type": "boolean", "text": "Fumez-vous ?"}


def _ask(client: Client, at: str, **content: str) -> Any:
    return client.post(at, NO_CONDITION | content)


def _link_id(text: str) -> str:
    return next(item.link_id for item in _questions().walk() if item.text == text)


def _questions() -> Questions:
    return read_draft(Questionnaire.objects.get().edited)


def test_a_questionnaire_is_written_tried_published_and_exported(sign_in: SignIn, carol: User) -> None:
    client = sign_in(carol)
    assert "Aucun questionnaire" in page_text(client.get(LIST))
    assert client.post(f"{LIST}new/", {"title": "", "example": ""}).status_code == 400
    client.post(f"{LIST}new/", {"title": "Tabac", "example": ""})
    made = Questionnaire.objects.get()
    at = f"{LIST}{made.pk}/"
    assert "Aucune question" in page_text(client.get(at))
    _ask(client, f"{at}section/new/", text="Vos habitudes")
    assert "Cette section n’a aucune question." in page_text(client.get(at))
    section = _link_id("Vos habitudes")
    kept = {"section": section, "required": "on"}
    _ask(client, f"{at}question/new/?section={section}", kind="boolean", text="Fumez-vous ?", **kept)
    refused = _ask(client, f"{at}question/new/", kind="choice", text="Combien ?", section=section, choices=" ")
    assert "Proposez au moins une réponse." in page_text(refused)
    smokes = _link_id("Fumez-vous ?")
    condition = {"question-0": smokes, "operator-0": "=", "answer-0": "peut-être"}
    much = {"kind": "choice", "text": "Combien ?", "choices": "Peu = 1\nBeaucoup = 2,5", **kept}
    refused = _ask(client, f"{at}question/new/", **much, **condition)
    assert "Écrivez une réponse de cette question : Oui, Non." in page_text(refused)
    _ask(client, f"{at}question/new/", **much, **condition | {"answer-0": "oui"})
    assert "Posée si « Fumez-vous ? » est « Oui »" in page_text(client.get(at))
    ranges = {"low-0": "", "high-0": "1", "words-0": "Parlons-en.", "low-1": "2", "high-1": "", "words-1": "Venez."}
    heading = {"title": "Tabac", "description": "Deux questions.", "low-2": "", "high-2": "", "words-2": ""}
    client.post(f"{at}heading/", heading | ranges)
    preview = f"{at}preview/"
    assert "hidden" in client.get(preview).content.decode().split("Combien")[0].rsplit("<div", 1)[1]
    tried = page_text(client.post(preview, {"q2": "yes", "q3": "1"}))
    assert "Score : 2,5. Venez." in tried
    assert "Score" not in page_text(client.post(preview, {"q2": "no", "q3": "1"}))  # it is not asked
    client.post(f"{at}publish/")
    assert "Version 1 publiée." in page_text(client.get(at))
    exported = client.get(f"{at}versions/1/json/")
    assert exported["Content-Type"] == "application/fhir+json"
    resource = json.loads(exported.content)
    assert [item["text"] for item in resource["item"][0]["item"]] == ["Fumez-vous ?", "Combien ?"]
    file = SimpleUploadedFile("q.json", exported.content, "application/json")
    client.post(f"{at}import/", {"file": file})
    assert made.versions.count() == 2
    assert client.get(f"{at}versions/1/").status_code == client.get(f"{at}versions/").status_code == 200


def test_questions_are_changed_moved_and_removed(sign_in: SignIn, carol: User) -> None:
    client = sign_in(carol)
    client.post(f"{LIST}new/", {"title": "Avant la visite", "example": "before-the-visit"})
    at = f"{LIST}{Questionnaire.objects.get().pk}/"
    assert "Qu’est-ce qui vous amène ?" in page_text(client.get(at))
    page = client.get(f"{at}question/?item=since").content.decode()
    assert "Quelques jours\nQuelques semaines" in page
    posted = {"kind": "choice", "text": "Depuis combien de temps ?", "choices": "Hier\nPlus", "section": "health"}
    assert _ask(client, f"{at}question/?item=since", **posted).status_code == 302
    client.post(f"{at}question/move/", {"item": "since", "to": "up"})
    health = [item.link_id for item in _questions().by_link_id["health"].items]
    assert health[-2:] == ["since", "tobacco"]
    assert "2 questions sont retirées." in page_text(client.get(f"{at}question/remove/?item=visit"))
    assert Questionnaire.objects.get().edited["item"][0]["linkId"] == "visit"  # asking removes nothing
    client.post(f"{at}question/remove/?item=visit")
    assert [item.link_id for item in _questions().items] == ["health", "questions"]
    kept = page_text(client.get(f"{at}question/?item=treatments-which"))
    assert 'value="Oui"' in kept
    client.post(f"{at}question/remove/?item=treatments")
    assert "n’existe plus" in page_text(client.get(at))
    assert "Publier ce brouillon" not in page_text(client.get(at))
    assert client.get(f"{at}question/?item=visit").status_code == 404
    assert client.get(f"{at}preview/").status_code == 404
    client.post(f"{at}question/move/", {"item": "visit", "to": "up"})
    assert "vient d’être retirée" in page_text(client.get(at))


def test_a_question_does_not_move_from_an_order_that_is_no_more(sign_in: SignIn, carol: User) -> None:
    client = sign_in(carol)
    client.post(f"{LIST}new/", {"title": "Avant la visite", "example": "before-the-visit"})
    at = f"{LIST}{Questionnaire.objects.get().pk}/"
    form = re.search(
        r'name="item" value="health">\s*<input type="hidden" name="seen" value="(\w+)"',
        one_line(client.get(at).content),
    )
    assert form
    posted = {"item": "health", "to": "up", "seen": form[1]}
    client.post(f"{at}question/move/", posted)
    assert [item.link_id for item in _questions().items] == ["health", "visit", "questions"]
    client.post(f"{at}question/move/", {"item": "questions", "to": "up"})  # a colleague
    client.post(f"{at}question/move/", posted | {"to": "down"})
    assert "L’ordre des questions vient de changer" in page_text(client.get(at))
    assert [item.link_id for item in _questions().items] == ["health", "questions", "visit"]


def test_an_import_says_what_is_not_understood(sign_in: SignIn, carol: User) -> None:
    client = sign_in(carol)

    def told(content: bytes) -> str:
        answer = client.post(f"{LIST}import/", {"file": SimpleUploadedFile("q.json", content)})
        assert answer.status_code == 400
        return page_text(answer)

    assert "Ce fichier n’est pas du JSON." in told(b"{")
    assert "Ce fichier n’est pas du JSON." in told(b"[" * 100_000)
    for halved in (
        rb'{"resourceType": "Questionnaire", "\ud800": 1}',
        rb'{"resourceType": "Questionnaire", "id": "\udc00"}',
    ):
        assert "Ce fichier n’est pas du JSON." in told(halved)
    assert "n’est pas une ressource FHIR R4 Questionnaire" in told(b'{"resourceType": "Patient"}')
    foreign = {
        "resourceType": "Questionnaire",
        "status": "active",
        "title": "x",
        "item": [{"linkId": "1.1", "type": "attachment", "text": "Une photographie ?"}],
    }
    assert "Question « 1.1 » : Le type « attachment » n’est pas pris en charge." in told(json.dumps(foreign).encode())
    assert not Questionnaire.objects.exists()


def test_each_element_that_is_not_known_is_listed_with_its_place_and_what_to_do(
    sign_in: SignIn, carol: User, practice: Practice
) -> None:
    """And what was chosen or pasted stays, to be corrected and sent again."""
    client, at = sign_in(carol), f"{LIST}import/"
    asked: dict[str, Any] = {
        "resourceType": "Questionnaire",
        "status": "active",
        "title": "Avant <la> visite",
        "item": [
            {"linkId": "g", "type": "group", "text": "Santé", "item": [
                {"linkId": "g-help", "type": "display", "text": "Aide", "extension": [HELP]},
                {"linkId": "photo", "type": "attachment", "text": "Une photo ?"},
                {"linkId": "b", "type": "choice", "text": "Lequel ?", "answerValueSet": "http://x.example/vs"},
                {"linkId": "c", "type": "string", "text": "Quoi ?", "readOnly": True, "enableWhen": [
                    {"question": "z", "operator": "=", "answerReference": {}},
                ]},
            ]},
        ],
        "contained": [],
    }  # fmt: skip
    content = json.dumps(asked, ensure_ascii=False)
    refused = client.post(at, {"file": SimpleUploadedFile("q.json", content.encode())})
    assert refused.status_code == 400
    page = page_text(refused)
    for path, advice in (
        ("Questionnaire.contained", "Retirez-le du fichier si"),
        ("Questionnaire.item[0].item[1].type", "demandez le fichier par une demande de document"),
        ("Questionnaire.item[0].item[2].answerValueSet", "Écrivez les réponses proposées une à une"),
        ("Questionnaire.item[0].item[3].readOnly", "faites-en un texte d’information"),
        ("Questionnaire.item[0].item[3].enableWhen[0].answer[x]", "Corrigez cette valeur"),
    ):
        assert f"<code>{path}</code>" in page
        assert advice in page.split(f"<code>{path}</code>")[1].split("<li")[0]
    assert "éléments de ce fichier sont à corriger. Rien n’est importé" in page
    assert escape(content) in refused.content.decode()
    for change in ("{", content):  # no JSON, and JSON with the same faults
        again = client.post(at, {"json": change})
        assert again.status_code == 400
        assert escape(change) in again.content.decode()
    assert not Questionnaire.objects.exists()
    del asked["contained"], asked["item"][0]["item"][2:]
    asked["item"][0]["item"][1]["type"] = "string"
    assert client.post(at, {"json": json.dumps(asked)}).status_code == 302
    made = Questionnaire.objects.get()
    assert made.title == "Avant <la> visite"
    changed = asked | {"item": [*asked["item"], {"linkId": "n", "type": "string", "text": "Et ?", "readOnly": 1}]}
    version = client.post(f"{LIST}{made.pk}/import/", {"json": json.dumps(changed)})
    assert "<code>Questionnaire.item[1].readOnly</code>" in page_text(version)
    assert made.versions.count() == 1


def test_a_chosen_file_replaces_what_was_pasted_and_very_many_faults_are_counted(
    sign_in: SignIn, carol: User, practice: Practice
) -> None:
    client, at = sign_in(carol), f"{LIST}import/"
    many = {"resourceType": "Questionnaire", "status": "active", "title": "x", "item": [
        {"linkId": str(number), "type": "url", "text": "?"} for number in range(130)
    ]}  # fmt: skip
    page = client.post(at, {"json": "{", "file": SimpleUploadedFile("q.json", json.dumps(many).encode())})
    assert "Et 30 autres" in page_text(page)
    assert page.content.decode().count("<code>Questionnaire.item[") == 100
    assert escape(json.dumps(many)) in page.content.decode()
    assert "collez son contenu" in page_text(client.post(at, {"json": " "}))
    assert "dépasse 1 Mo" in page_text(client.post(at, {"json": "x" * (1024 * 1024 + 1)}))


@pytest.mark.parametrize("who", ["alice", "bob", "rita", "charlie"])
def test_only_administrators_of_the_practice(
    sign_in: SignIn, practice: Practice, carol: User, who: str, request: pytest.FixtureRequest
) -> None:
    resource = {"resourceType": "Questionnaire", "status": "active", "title": "x", "item": []}
    made = import_questionnaire(practice=practice, resource=resource, by=carol)
    client = sign_in(request.getfixturevalue(who))
    at = f"{LIST}{made.pk}/"
    for page in ("", "heading/", "section/new/", "question/new/", "preview/", "versions/", "versions/1/json/"):
        assert client.get(f"{at}{page}").status_code == 404
    for page in ("publish/", "discard/", "archive/", "question/move/"):
        assert client.post(f"{at}{page}").status_code == 404
    made.refresh_from_db()
    assert made.archived_at is None
    assert sign_in(carol).post(f"{at}archive/").status_code == 302
    assert "Archivés" in page_text(sign_in(carol).get(LIST))


def _field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, name
    return found.group(1)


def test_of_two_administrators_the_second_reads_what_the_first_saved(
    sign_in: SignIn, carol: User, practice: Practice
) -> None:
    client = sign_in(carol)
    one = {"linkId": "a", "type": "boolean", "text": "Fumez-vous ?"}
    other = {"linkId": "b", "type": "boolean", "text": "Buvez-vous ?"}
    asked = {"resourceType": "Questionnaire", "status": "active", "title": "Tabac", "item": [one, other]}
    made = import_questionnaire(practice=practice, resource=asked, by=carol)
    at = f"{LIST}{made.pk}/"
    first, second = (page_text(client.get(f"{at}question/?item=a")) for _ in range(2))
    _ask(client, f"{at}question/?item=b", kind="boolean", text="Et vous ?", seen="")  # another question
    kept = _ask(client, f"{at}question/?item=a", kind="boolean", text="La première", seen=_field(first, "seen"))
    assert kept.status_code == 302
    typed = {"kind": "boolean", "text": "La seconde"}
    refused = _ask(client, f"{at}question/?item=a", seen=_field(second, "seen"), **typed)
    shown = page_text(refused)
    assert refused.status_code == 400
    for words in ("Quelqu’un d’autre vient de modifier", "La première", "La seconde"):
        assert words in shown
    assert "La première" in [item.text for item in _questions().walk()]
    assert _ask(client, f"{at}question/?item=a", seen=_field(shown, "seen"), **typed).status_code == 302
    assert "La seconde" in [item.text for item in _questions().walk()]
    heading = page_text(client.get(f"{at}heading/"))
    client.post(f"{at}heading/", {"title": "Un", "seen": _field(heading, "seen")})
    refused = client.post(f"{at}heading/", {"title": "Deux", "seen": _field(heading, "seen")})
    assert (refused.status_code, Questionnaire.objects.get().title) == (400, "Un")
    assert 'value="Deux"' in page_text(refused)
    read = _field(page_text(client.get(at)), "seen")
    client.post(f"{at}heading/", {"title": "Trois"})
    told = page_text(client.post(f"{at}publish/", {"seen": read}, follow=True))
    assert "Le brouillon vient de changer" in told
    assert made.versions.count() == 1
    client.post(f"{at}publish/", {"seen": _field(told, "seen")})
    assert made.versions.count() == 2


def test_a_question_that_somebody_changed_meanwhile_is_not_removed(
    sign_in: SignIn, carol: User, practice: Practice
) -> None:
    client = sign_in(carol)
    section = {
        "linkId": "s",
        "type": "group",
        "text": "Habitudes",
        "item": [{"linkId": "a", "type": "boolean", "text": "Fumez-vous ?"}],
    }
    other = {"linkId": "b", "type": "boolean", "text": "Buvez-vous ?"}
    asked = {"resourceType": "Questionnaire", "status": "active", "title": "Tabac", "item": [section, other]}
    made = import_questionnaire(practice=practice, resource=asked, by=carol)
    at = f"{LIST}{made.pk}/"
    read = _field(page_text(client.get(f"{at}question/remove/?item=s")), "seen")
    _ask(client, f"{at}question/?item=b", kind="boolean", text="Et vous ?", seen="")  # another question
    _ask(client, f"{at}question/?item=a", kind="boolean", text="Fumez-vous encore ?", section="s", seen="")
    told = page_text(client.post(f"{at}question/remove/?item=s", {"seen": read}, follow=True))
    assert "rien n’est retiré" in told
    assert "s" in _questions().by_link_id
    read = _field(page_text(client.get(f"{at}question/remove/?item=s")), "seen")
    client.post(f"{at}question/remove/?item=s", {"seen": read})
    assert list(_questions().by_link_id) == ["b"]


def test_a_draft_that_somebody_changed_meanwhile_is_not_given_up(
    sign_in: SignIn, carol: User, practice: Practice
) -> None:
    client = sign_in(carol)
    one = {"linkId": "a", "type": "boolean", "text": "Fumez-vous ?"}
    asked = {"resourceType": "Questionnaire", "status": "active", "title": "Tabac", "item": [one]}
    made = import_questionnaire(practice=practice, resource=asked, by=carol)
    at = f"{LIST}{made.pk}/"
    _ask(client, f"{at}question/?item=a", kind="boolean", text="Un", seen="")
    page = page_text(client.get(at))
    read = re.findall(r'name="seen" value="([^"]*)"', page)[-1]  # of the button that gives it up
    _ask(client, f"{at}question/?item=a", kind="boolean", text="Deux", seen="")
    told = page_text(client.post(f"{at}discard/", {"seen": read}, follow=True))
    assert "il n’est pas abandonné" in told
    assert "Deux" in [item.text for item in _questions().walk()]
    client.post(f"{at}discard/", {"seen": _field(told, "seen")})
    assert Questionnaire.objects.get().draft == ""


def test_archiving_asks_first_and_says_how_many_answers_there_are(
    sign_in: SignIn, carol: User, bob: User, appointment: Appointment, marie: Patient, hugo: User
) -> None:
    RecordTie.objects.create(user=hugo, patient=marie, relationship=Relationship.SELF)
    resource = {"resourceType": "Questionnaire", "status": "active", "title": "Tabac", "item": [ITEM]}
    made = import_questionnaire(practice=appointment.practice, resource=resource, by=carol)
    client, at = sign_in(carol), f"{LIST}{made.pk}/archive/"
    assert "Personne n’y a encore répondu" in page_text(client.get(at))
    request = ask_questionnaire(appointment=appointment, questionnaire=made, by=bob)
    assert "1 demande attend encore" in page_text(client.get(at))
    send_answers(request=request, by=hugo)
    assert "1 patient y a répondu" in page_text(client.get(at))
    made.refresh_from_db()
    assert made.archived_at is None
    client.post(at)
    made.refresh_from_db()
    assert made.archived_at is not None


def test_bounds_and_conditions_may_be_of_a_month_or_a_year(sign_in: SignIn, carol: User) -> None:
    client = sign_in(carol)
    client.post(f"{LIST}new/", {"title": "Opérations", "example": ""})
    at = f"{LIST}{Questionnaire.objects.get().pk}/"
    bounds = {"kind": "date", "text": "Opéré quand ?", "low": "1950", "high": "11/2026"}
    refused = _ask(client, f"{at}question/new/", **bounds | {"low": "hier"})
    assert "Écrivez une date, un mois ou une année." in page_text(refused)
    _ask(client, f"{at}question/new/", **bounds)
    operated = _link_id("Opéré quand ?")
    condition = {"question-0": operated, "operator-0": ">", "answer-0": "novembre 2020"}
    _ask(client, f"{at}question/new/", kind="text", text="Par qui ?", **condition)
    first, second = _questions().items
    assert (first.low, first.high) == (PartialDate(1950), PartialDate(2026, 11))
    assert second.conditions[0].answer == PartialDate(2020, 11)
    assert "est plus grand que « novembre 2020 »" in page_text(client.get(at))
    page = client.get(f"{at}question/?item={operated}").content.decode()
    assert 'value="1950"' in page
    assert 'value="2026-11"' in page
    again = client.get(f"{at}question/?item={second.link_id}").content.decode()
    assert 'value="2020-11"' in again
    client.post(f"{at}publish/")
    form = client.get(f"{at}preview/").content.decode()
    assert 'name="q1-year"' in form
    tried = page_text(client.post(f"{at}preview/", {"q1-year": "1949"}))
    assert "C’est trop tôt : 1950 au plus tôt." in tried


BOUNDS: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "date": ({"valueDate": "2026-11"}, {"low": "2026-11"}),
    "dateTime": ({"valueDateTime": "2026-11-29T08:30:00+01:00"}, {"low": "2026-11-29 08:30"}),
    "time": ({"valueTime": "08:30:00"}, {}),
    "quantity": ({"valueQuantity": {"value": 3, "unit": "kg"}}, {"unit": "kg"}),
    "integer": ({"valueInteger": 3}, {"low": "3"}),
}


@pytest.mark.parametrize("kind", BOUNDS)
def test_editing_a_question_keeps_its_bounds_also_where_the_form_does_not_show_them(
    kind: str, sign_in: SignIn, carol: User, practice: Practice
) -> None:
    """`BOUNDS`: a bound as the file has it, and as the form shows it."""
    value, typed = BOUNDS[kind]
    unit = [{"url": UNIT, "valueCoding": {"code": "kg", "display": "kg"}}] if kind == "quantity" else []
    extension = [{"url": LOWEST, **value}, *unit]
    asked = {"linkId": "a", "type": kind, "text": "Combien ?", "extension": extension}
    resource = {"resourceType": "Questionnaire", "status": "active", "title": "Limites", "item": [asked]}
    made = import_questionnaire(practice=practice, resource=resource, by=carol)
    client, at = sign_in(carol), f"{LIST}{made.pk}/question/?item=a"
    form = client.get(at).content.decode()
    for name, shown in typed.items():
        assert f'value="{shown}"' in form.split(f'name="{name}"')[1].split(">")[0]
    assert _ask(client, at, kind=kind, text="Combien donc ?", **typed).status_code == 302
    (changed,) = Questionnaire.objects.get().edited["item"]
    assert (changed["text"], changed["extension"]) == ("Combien donc ?", extension)


@pytest.mark.parametrize(
    ("option", "shown"),
    [
        ({"valueDate": "2026-12-01"}, "01/12/2026"),
        ({"valueTime": "08:30:00"}, "08:30"),
        ({"valueCoding": {"code": "a", "display": "Souvent"}, "extension": [POINTS]}, "Souvent (1,5)"),
    ],
)
def test_answers_offered_are_listed_as_patients_read_them(
    option: dict[str, Any], shown: str, sign_in: SignIn, carol: User, practice: Practice
) -> None:
    asked = {"linkId": "a", "type": "choice", "text": "Laquelle ?", "answerOption": [option]}
    resource = {"resourceType": "Questionnaire", "status": "active", "title": "Choix", "item": [asked]}
    made = import_questionnaire(practice=practice, resource=resource, by=carol)
    assert f">{shown}</p>" in one_line(sign_in(carol).get(f"{LIST}{made.pk}/").content)


def test_what_keeps_a_draft_from_being_published_is_reached_by_a_link(sign_in: SignIn, carol: User) -> None:
    client = sign_in(carol)
    client.post(f"{LIST}new/", {"title": "Sommeil", "example": ""})
    at = f"{LIST}{Questionnaire.objects.get().pk}/"
    _ask(client, f"{at}question/new/", kind="integer", text="Heures de sommeil ?", low="9", high="2")
    page = client.get(at).content.decode()
    assert re.search(rf'<a href="#item-{_link_id("Heures de sommeil ?")}">\s*Heures de sommeil \?\s*</a>', page)


@pytest.mark.parametrize("kind", ["boolean", "choice", "string"])
def test_an_operator_that_answers_have_no_order_for_is_refused_beside_it(
    kind: str, sign_in: SignIn, carol: User
) -> None:
    client = sign_in(carol)
    client.post(f"{LIST}new/", {"title": "Douleur", "example": ""})
    at = f"{LIST}{Questionnaire.objects.get().pk}/"
    _ask(client, f"{at}question/new/", kind=kind, text="La nuit ?", choices="3\n4")
    condition = {"question-0": _link_id("La nuit ?"), "operator-0": ">", "answer-0": "3"}
    refused = _ask(client, f"{at}question/new/", kind="text", text="Combien de temps ?", **condition)
    assert refused.status_code == 400
    assert list(refused.context["form"].errors) == ["operator-0"]
    assert "se compare avec" in page_text(refused)


def test_an_example_has_a_title_already(sign_in: SignIn, carol: User) -> None:
    client = sign_in(carol)
    client.post(f"{LIST}new/", {"title": "", "example": "pain"})
    client.post(f"{LIST}new/", {"title": "Le dos", "example": "pain"})
    assert sorted(one.title for one in Questionnaire.objects.all()) == ["Douleur et gêne", "Le dos"]
