"""A questionnaire is edited as a draft and published as versions that never change."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from fhir.resources.R4B.questionnaire import Questionnaire as Judge

from accounts.models import User
from audit.models import AuditEvent
from practices.models import Practice
from practices.roles import NotAllowed
from questionnaires.catalogue import (
    ItemGone,
    NothingToPublish,
    QuestionnaireNotUnderstood,
    archive_questionnaire,
    change_draft,
    create_questionnaire,
    discard_draft,
    faults_before_publishing,
    import_questionnaire,
    publish,
    publish_resource,
    unarchive_questionnaire,
)
from questionnaires.examples import EXAMPLES
from questionnaires.fhir.editing import (
    Choice,
    Content,
    choices_of,
    with_changed_item,
    with_heading,
    with_item,
    with_moved_item,
    without_item,
)
from questionnaires.fhir.extensions import ORDINAL
from questionnaires.fhir.faults import NotUnderstood
from questionnaires.fhir.items import Condition, Operator, ScoreRange
from questionnaires.fhir.reading import read_questionnaire
from questionnaires.fhir.values import Coding, Kind
from questionnaires.models import Questionnaire

pytestmark = pytest.mark.django_db
Json = dict[str, Any]
OF_OTHERS = {
    "resourceType": "Questionnaire",
    "status": "active",
    "url": "https://fhir.example/q",
    "version": "7",
    "title": "Importé",
    "item": [{"linkId": "a", "type": "string", "text": "A ?", "prefix": "1.", "code": [{"code": "x"}]}],
}


def test_each_change_is_a_new_version_and_versions_stay(practice: Practice, carol: User) -> None:
    made = create_questionnaire(practice=practice, title="Avant la visite ", by=carol)
    assert (made.title, made.current) == ("Avant la visite", None)
    change_draft(
        questionnaire=made,
        change=lambda draft: with_item(draft, Content(Kind.STRING, "Où ?"), link_id="where")[0],
        by=carol,
    )
    first = publish(questionnaire=made, by=carol)
    with pytest.raises(NothingToPublish):
        publish(questionnaire=made, by=carol)
    kept = first.resource
    change_draft(
        questionnaire=made,
        change=lambda draft: with_changed_item(draft, "where", Content(Kind.TEXT, "Où donc ?")),
        by=carol,
    )
    second = publish(questionnaire=made, by=carol)
    first.refresh_from_db()
    assert first.resource == kept
    assert [version.number for version in made.versions.all()] == [2, 1]
    assert second.canonical == f"urn:uuid:{made.pk}|2"
    assert json.loads(second.resource)["version"] == "2"
    assert [item.text for item in second.questions.items] == ["Où donc ?"]
    Judge.model_validate_json(second.resource)
    told = AuditEvent.objects.filter(practice_id=practice.pk, object_id=made.pk).order_by("id")
    done = [line.action.removeprefix("questionnaire.") for line in told]
    assert done == ["created", "edited", "published", "edited", "published"]


def test_what_is_incomplete_waits_as_a_draft_and_can_be_dropped(practice: Practice, carol: User) -> None:
    made = import_questionnaire(practice=practice, resource=OF_OTHERS, by=carol)
    change_draft(
        questionnaire=made,
        change=lambda draft: with_item(draft, Content(Kind.GROUP, "Vide"), link_id="g")[0] | {"title": "Autre"},
        by=carol,
    )
    made.refresh_from_db()
    assert [(fault.link_id, fault.code) for fault in faults_before_publishing(made)] == [("g", "empty_group")]
    with pytest.raises(QuestionnaireNotUnderstood) as told:
        publish(questionnaire=made, by=carol)
    assert [(one.field, one.code) for one in told.value.errors()] == [("g", "questionnaire_not_understood")]
    with pytest.raises(ItemGone):
        change_draft(questionnaire=made, change=lambda draft: without_item(draft, "gone"), by=carol)
    discard_draft(questionnaire=made, by=carol)
    made.refresh_from_db()
    assert (made.draft, made.title) == ("", "Importé")
    with pytest.raises(NothingToPublish):
        discard_draft(questionnaire=made, by=carol)


def test_an_imported_one_keeps_what_it_says_under_our_address(practice: Practice, carol: User) -> None:
    made = import_questionnaire(practice=practice, resource=OF_OTHERS, by=carol)
    current = made.current
    assert current is not None
    stored = json.loads(current.resource)
    assert (stored["url"], stored["version"]) == (f"urn:uuid:{made.pk}", "1")
    assert stored["derivedFrom"] == ["https://fhir.example/q|7"]
    change_draft(
        questionnaire=made,
        change=lambda draft: with_changed_item(draft, "a", Content(Kind.STRING, "B ?")),
        by=carol,
    )
    made.refresh_from_db()
    item = made.edited["item"][0]
    assert (item["text"], item["prefix"], item["code"]) == ("B ?", "1.", [{"code": "x"}])
    assert publish_resource(questionnaire=made, resource=OF_OTHERS | {"title": "Bis"}, by=carol).number == 2
    made.refresh_from_db()
    assert (made.title, made.draft) == ("Bis", "")
    with pytest.raises(QuestionnaireNotUnderstood):
        publish_resource(questionnaire=made, resource=OF_OTHERS | {"contained": []}, by=carol)


def test_only_administrators_and_archived_ones_come_back(practice: Practice, carol: User, alice: User) -> None:
    made = import_questionnaire(practice=practice, resource=OF_OTHERS, by=carol)
    archive_questionnaire(questionnaire=made, by=carol)
    assert not Questionnaire.objects.in_use().exists()
    unarchive_questionnaire(questionnaire=made, by=carol)
    assert Questionnaire.objects.in_use().get() == made
    for refused in (
        lambda: create_questionnaire(practice=practice, title="x", by=alice),
        lambda: import_questionnaire(practice=practice, resource=OF_OTHERS, by=alice),
        lambda: change_draft(questionnaire=made, change=dict, by=alice),
        lambda: discard_draft(questionnaire=made, by=alice),
        lambda: publish(questionnaire=made, by=alice),
        lambda: publish_resource(questionnaire=made, resource=OF_OTHERS, by=alice),
        lambda: archive_questionnaire(questionnaire=made, by=alice),
        lambda: unarchive_questionnaire(questionnaire=made, by=alice),
    ):
        with pytest.raises(NotAllowed):
            refused()
    assert made.versions.count() == 1


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_example_can_be_published_as_it_is(practice: Practice, carol: User, language: str) -> None:
    for key, example in EXAMPLES.items():
        made = create_questionnaire(
            practice=practice, title=str(example.name), by=carol, resource=example.resource(language)
        )
        version = publish(questionnaire=made, by=carol)
        Judge.model_validate_json(version.resource)
        assert version.questions.has_score == (key == "pain")
        assert not version.questions.ranges


def test_editing_keeps_codes_of_choices_that_are_written_anew() -> None:
    content = Content(Kind.CHOICE, "Dormez-vous ?", choices=(Choice("Bien"), Choice("Mal", Decimal("1.5"))))
    draft, _name = with_item(_empty(), content, link_id="sleep")
    yes = Condition("sleep", Operator.EQUAL, Coding("", "a2"))
    draft, _name = with_item(draft, Content(Kind.STRING, "Pourquoi ?", help="En un mot.", conditions=(yes,)))
    written = (Choice("Bien"), Choice("Très mal", Decimal(2)), Choice("Je ne sais pas"))
    again = Content(Kind.CHOICE, "Dormez-vous ?", choices=written)
    sleep, why = read_questionnaire(with_changed_item(draft, "sleep", again)).items
    assert [(one.value, one.words, one.ordinal) for one in sleep.options] == [
        (Coding("", "a1"), "Bien", None),
        (Coding("", "a2"), "Très mal", Decimal(2)),
        (Coding("", "a3"), "Je ne sais pas", None),
    ]
    assert (why.help, why.conditions) == ("En un mot.", (yes,))
    without = Content(Kind.CHOICE, "Dormez-vous ?", choices=(Choice("Bien"), Choice("Autrement")))
    gone = with_changed_item(with_changed_item(draft, "sleep", again), "sleep", without)
    del gone["item"][0]["answerOption"][1]
    with pytest.raises(NotUnderstood, match="condition_of_another_type"):
        read_questionnaire(gone)


def test_editing_keeps_imported_choices_that_have_no_code() -> None:
    options = [
        {"valueDate": "2024-05", "initialSelected": True},
        {"valueInteger": 3, "extension": [{"url": ORDINAL, "valueDecimal": 1}]},
        {"valueString": "Jamais"},
        {"valueTime": "08:30:00"},
    ]
    draft = _empty() | {"item": [{"linkId": "season", "type": "choice", "text": "Quand ?", "answerOption": options}]}
    (season,) = read_questionnaire(draft).items
    kept = Content(Kind.CHOICE, "Depuis quand ?", choices=(*choices_of(season)[::-1], Choice("Toujours")))
    changed = with_changed_item(draft, "season", kept)["item"][0]
    assert changed["answerOption"] == [*options[::-1], {"valueCoding": {"code": "a1", "display": "Toujours"}}]


def test_order_sections_and_ranges() -> None:
    draft = _empty()
    for name in ("a", "b", "c"):
        draft, _name = with_item(draft, Content(Kind.STRING, name), link_id=name)
    draft, _name = with_item(draft, Content(Kind.GROUP, "Section"), link_id="g")
    draft = with_moved_item(with_moved_item(draft, "c", -1), "a", -1)
    assert [item["linkId"] for item in draft["item"]] == ["a", "c", "b", "g"]
    draft = with_changed_item(draft, "c", Content(Kind.STRING, "c"), section="g")
    assert [item["linkId"] for item in draft["item"][2]["item"]] == ["c"]
    ranges = [ScoreRange(None, Decimal(3), "Peu"), ScoreRange(Decimal("3.5"), None, "Beaucoup")]
    headed = with_heading(draft, title="Titre", description="", ranges=ranges)
    headed = with_heading(headed, title="Titre", description="", ranges=ranges)
    assert len(headed["extension"]) == 2
    assert [item["linkId"] for item in without_item(headed, "g")["item"]] == ["a", "b"]


def _empty() -> Json:
    return {"resourceType": "Questionnaire", "status": "draft", "title": "Essai", "item": []}
