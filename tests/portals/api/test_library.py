"""The library and its rules in the API: pagination, changes, refusals, and objects of others."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import User
from documents.library.catalogue import write_document
from documents.models import Category, LibraryDocument
from documents.sending.rules import RuleContent, save_rule
from patients.models import Patient
from tests.conftest import BookFixture
from tests.portals.api.conftest import Api
from tests.portals.api.test_api import upload

LIBRARY, RULES = "/api/v1/library/", "/api/v1/auto-send-rules/"


@pytest.fixture
def written(api: Api, carol: User) -> dict[str, Any]:
    body = {"title": "Venue", "category": "information", "body": "<p>Bonjour {{ patient_name }}</p>"}
    return dict(api(carol).post(LIBRARY, body, format="json").json())


def test_lists_that_grow_come_by_pages_newest_first(api: Api, carol: User, access_plan: LibraryDocument) -> None:
    practice = access_plan.practice
    for number in range(2):
        write_document(
            practice=practice, body="<p>Texte</p>", title=f"Texte {number}", by=carol, pk=None,
            category=Category.objects.get(code="information"),
        )  # fmt: skip
    for number in range(3):
        save_rule(practice=practice, content=RuleContent(name=f"Règle {number}", documents=[access_plan]), by=carol)
    client = api(carol)
    for address, name, newest_first in (
        (LIBRARY, "title", ["Texte 1", "Texte 0", access_plan.title]),
        (RULES, "name", ["Règle 2", "Règle 1", "Règle 0"]),
    ):
        first = client.get(f"{address}?page_size=2").json()
        assert set(first) == {"results", "next", "previous"}
        assert first["previous"] is None
        second = client.get(first["next"]).json()
        assert [one[name] for one in first["results"] + second["results"]] == newest_first
        assert second["next"] is None
        assert client.get(second["previous"]).json()["results"] == first["results"]


def test_a_document_says_how_many_rules_use_it(api: Api, carol: User, written: dict[str, Any]) -> None:
    client, address = api(carol), f"{LIBRARY}{written['id']}/"
    rules = [
        client.post(RULES, {"name": name, "documents": [written["id"]]}, format="json").json()["id"] for name in "ab"
    ]
    assert client.get(address).json()["used_by_rules"] == 2
    client.patch(f"{RULES}{rules[0]}/", {"active": False}, format="json")
    assert client.get(address).json()["used_by_rules"] == 2  # it may be switched on again
    client.delete(f"{RULES}{rules[1]}/")
    assert client.get(address).json()["used_by_rules"] == 1


def test_a_change_is_of_the_fields_it_names(api: Api, carol: User, written: dict[str, Any]) -> None:
    client, address = api(carol), f"{LIBRARY}{written['id']}/"
    renamed = client.patch(address, {"title": "Votre venue"}, format="json")
    assert renamed.json() == written | {"title": "Votre venue"}  # renaming creates no version
    text = client.patch(address, {"body": "<p>À {{ appointment_time }}</p>"}, format="json").json()
    assert (text["version"], text["title"], text["category"]) == (2, "Votre venue", "information")
    assert '<span data-field="appointment_time">' in text["body"]
    assert client.get(address).json() == text


@pytest.mark.parametrize(
    ("change", "attr"),
    [
        ({"body": "<p>{{ nom_du_patient }}</p>"}, "body"),
        ({"body": ""}, "body"),
        ({"title": ""}, "title"),
        ({"category": "inconnue"}, "category"),
    ],
)
def test_a_refused_change_changes_nothing(
    api: Api, carol: User, written: dict[str, Any], change: dict[str, Any], attr: str
) -> None:
    client, address = api(carol), f"{LIBRARY}{written['id']}/"
    answer = client.patch(address, {"title": "Autre", "body": "<p>Autre</p>"} | change, format="json")
    assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, attr)
    assert client.get(address).json() == written


def test_a_change_has_a_file_or_a_text(api: Api, carol: User, written: dict[str, Any]) -> None:
    client, address = api(carol), f"{LIBRARY}{written['id']}/"
    answer = client.patch(address, {"file": upload(), "body": "<p>Autre</p>"}, format="multipart")
    assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, "file")
    assert client.get(address).json() == written


def test_a_rule_is_changed_though_one_of_its_documents_was_archived(
    api: Api, carol: User, written: dict[str, Any], access_plan: LibraryDocument
) -> None:
    client, documents = api(carol), {written["id"], str(access_plan.pk)}
    rule = client.post(RULES, {"name": "Venue", "documents": sorted(documents)}, format="json").json()
    client.delete(f"{LIBRARY}{written['id']}/")
    answer = client.patch(f"{RULES}{rule['id']}/", {"active": False}, format="json")
    assert (answer.status_code, answer.json()["active"], set(answer.json()["documents"])) == (200, False, documents)
    other = client.post(RULES, {"name": "Autre", "documents": [written["id"]]}, format="json")
    assert (other.status_code, other.json()["errors"][0]["attr"]) == (400, "documents")


def test_an_archived_document_is_not_found_nor_are_its_bytes(api: Api, carol: User, written: dict[str, Any]) -> None:
    client, address = api(carol), f"{LIBRARY}{written['id']}/"
    assert client.get(f"{address}content/").status_code == 200
    assert client.delete(address).status_code == 204
    assert [client.get(one).status_code for one in (address, f"{address}content/")] == [404, 404]


def test_what_belongs_to_another_practice_does_not_exist(
    api: Api, carol: User, charlie: User, written: dict[str, Any], book_for: BookFixture, marie: Patient
) -> None:
    rule = api(carol).post(RULES, {"name": "Venue", "documents": [written["id"]]}, format="json").json()
    appointment = book_for(marie)
    stranger = api(charlie)
    for address in (f"{LIBRARY}{written['id']}/", f"{RULES}{rule['id']}/"):
        for answer in (
            stranger.get(address),
            stranger.patch(address, {"name": "x", "title": "x"}, format="json"),
            stranger.delete(address),
        ):
            assert answer.status_code == 404
        assert api(carol).get(address).status_code == 200
    for address in (f"{LIBRARY}{written['id']}/content/", f"/api/v1/appointments/{appointment.pk}/auto-sends/"):
        assert stranger.get(address).status_code == 404
    for address in (LIBRARY, RULES):
        assert stranger.get(address).json()["results"] == []


def test_one_row_per_rule_and_document_and_its_end(
    api: Api,
    carol: User,
    written: dict[str, Any],
    access_plan: LibraryDocument,
    book_for: BookFixture,
    marie: Patient,
) -> None:
    client = api(carol)
    documents = [written["id"], str(access_plan.pk)]
    rules = [client.post(RULES, {"name": name, "documents": documents}, format="json").json()["id"] for name in "ab"]
    address = f"/api/v1/appointments/{book_for(marie).pk}/auto-sends/"
    found = client.get(address).json()
    assert set(found) == {"results"}
    assert all(
        set(one) == {"id", "rule", "document", "request", "state", "due_at", "sent_at"} for one in found["results"]
    )
    assert sorted((one["rule"], one["document"]) for one in found["results"]) == sorted(
        (rule, document) for rule in rules for document in documents
    )
    client.patch(f"{RULES}{rules[0]}/", {"active": False}, format="json")
    states = {(one["rule"], one["state"], one["sent_at"]) for one in client.get(address).json()["results"]}
    assert states == {(rules[0], "cancelled", None), (rules[1], "planned", None)}
