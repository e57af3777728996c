"""Rules and their sendings in the API."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from accounts.models import User
from appointments.models import VisitReason
from documents.models import AutoSend, LibraryDocument
from documents.sending.autosend import send_due, send_now
from jobs.leases import MAX_ATTEMPTS
from notifications.models import Message, MessageState
from patients.models import Patient
from practices.models import Practice
from questionnaires.catalogue import import_questionnaire
from tests.conftest import BookFixture
from tests.portals.api.conftest import Api, errors
from tests.questionnaires.test_understood import item, resource

RULES = "/api/v1/auto-send-rules/"


@pytest.fixture
def body(access_plan: LibraryDocument) -> dict[str, Any]:
    return {"name": "Plan d’accès", "documents": [str(access_plan.pk)], "moment": "booking"}


def test_a_rule_is_made_read_changed_and_taken_away(
    api: Api,
    carol: User,
    body: dict[str, Any],
    access_plan: LibraryDocument,
    visit_reason: VisitReason,
) -> None:
    client = api(carol)
    made = client.post(RULES, body, format="json")
    assert made.status_code == 201, made.content
    rule = made.json()
    assert rule["documents"] == [str(access_plan.pk)]
    assert (rule["visit_reasons"], rule["agendas"], rule["offset_hours"]) == ([], [], 0)
    assert (rule["channels"], rule["active"]) == (["email", "sms"], True)
    assert client.get(f"/api/v1/library/{access_plan.pk}/").json()["used_by_rules"] == 1
    address = f"{RULES}{rule['id']}/"
    change = {"moment": "before", "offset_hours": 48, "visit_reasons": [str(visit_reason.pk)], "channels": ["sms"]}
    changed = client.patch(address, change, format="json").json()
    assert {name: changed[name] for name in change} == change
    assert changed["documents"] == rule["documents"]
    assert [one["id"] for one in client.get(RULES).json()["results"]] == [rule["id"]]
    assert client.delete(address).status_code == 204
    assert client.get(address).status_code == 404
    assert client.get(RULES).json()["results"] == []


def test_what_was_planned_and_sent_for_an_appointment(
    api: Api, carol: User, alice: User, body: dict[str, Any], book_for: BookFixture, marie: Patient
) -> None:
    rule = api(carol).post(RULES, body, format="json").json()
    appointment = book_for(marie)
    address = f"/api/v1/appointments/{appointment.pk}/auto-sends/"
    planned = api(alice).get(address).json()["results"]
    assert [(one["rule"], one["document"], one["state"]) for one in planned] == [
        (rule["id"], body["documents"][0], "planned")
    ]
    send_due()
    sent = api(alice).get(address).json()["results"][0]
    assert sent["state"] == "sent"
    assert sent["sent_at"]
    documents = api(alice).get(f"/api/v1/appointments/{appointment.pk}/documents/").json()["results"]
    assert [(one["title"], one["signed"], one["shared_by"]) for one in documents] == [("Plan d’accès", False, None)]
    actions = [
        one["action"] for one in api(alice).get(f"/api/v1/appointments/{appointment.pk}/history/").json()["results"]
    ]
    assert "auto_send.sent" in actions


def test_what_could_not_be_sent_says_so(
    api: Api, carol: User, alice: User, body: dict[str, Any], book_for: BookFixture, marie: Patient
) -> None:
    """After the last attempt; or sent, and every message about it given up."""
    api(carol).post(RULES, body, format="json")
    appointment = book_for(marie)

    def told() -> tuple[str, bool]:
        one = api(alice).get(f"/api/v1/appointments/{appointment.pk}/auto-sends/").json()["results"][0]
        return one["state"], one["sent_at"] is not None

    AutoSend.objects.update(attempts=MAX_ATTEMPTS)
    send_due()
    assert told() == ("failed", False)
    send_due()
    assert told() == ("failed", False)
    assert send_now(sending=AutoSend.objects.get(), by=alice)
    assert told() == ("sent", True)
    Message.objects.update(state=MessageState.FAILED)
    assert told() == ("failed", True)


@pytest.mark.parametrize(
    ("change", "attr"),
    [
        ({"documents": []}, "documents"),
        ({"documents": ["00000000-0000-4000-8000-000000000000"]}, "documents"),
        ({"moment": "sometime"}, "moment"),
        ({"offset_hours": -1}, "offset_hours"),
        ({"channels": []}, "channels"),
        ({"channels": ["pigeon"]}, "channels"),
        ({"agendas": ["00000000-0000-4000-8000-000000000000"]}, "agendas"),
    ],
)
def test_a_rule_that_cannot_be_is_said(
    api: Api, carol: User, body: dict[str, Any], change: dict[str, Any], attr: str
) -> None:
    answer = api(carol).post(RULES, body | change, format="json")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["attr"].startswith(attr)


def test_only_administrators_and_only_their_own(
    api: Api, carol: User, alice: User, charlie: User, body: dict[str, Any]
) -> None:
    refused = api(alice).post(RULES, body, format="json")
    assert (refused.status_code, errors(refused)) == (403, ["permission_denied"])
    rule = api(carol).post(RULES, body, format="json").json()
    assert api(alice).patch(f"{RULES}{rule['id']}/", {"name": "x"}, format="json").status_code == 403
    assert api(charlie).get(f"{RULES}{rule['id']}/").status_code == 404
    assert api(charlie).post(RULES, body, format="json").status_code == 400  # a document of Les Lilas is not theirs


def test_a_rule_that_asks_is_written_and_changed_by_label_or_id(
    api: Api, carol: User, alice: User, body: dict[str, Any], book_for: BookFixture, marie: Patient
) -> None:
    asked = body | {"documents": [], "requests": [{"label": "Ordonnance", "days_before": 2}]}
    made = api(carol).post(RULES, asked, format="json")
    assert made.status_code == 201, made.content
    rule = made.json()
    (question,) = rule["requests"]
    assert (question["label"], question["details"], question["days_before"]) == ("Ordonnance", "", 2)
    address = f"{RULES}{rule['id']}/"
    same = api(carol).patch(address, {"requests": [{"label": "Ordonnance"}]}, format="json").json()
    assert [(one["id"], one["days_before"]) for one in same["requests"]] == [(question["id"], None)]
    assert api(carol).patch(address, {"name": "Autre"}, format="json").json()["requests"] == same["requests"]
    appointment = book_for(marie)
    send_due()
    (sent,) = api(alice).get(f"/api/v1/appointments/{appointment.pk}/auto-sends/").json()["results"]
    assert (sent["document"], sent["state"]) == (None, "sent")
    requests = api(alice).get(f"/api/v1/appointments/{appointment.pk}/requests/").json()["results"]
    assert [one["id"] for one in requests] == [sent["request"]]
    nothing = api(carol).post(RULES, body | {"documents": []}, format="json")
    assert nothing.status_code == 400
    assert errors(nothing)


def test_a_rule_asks_for_a_questionnaire_of_its_practice(
    api: Api, carol: User, practice: Practice, body: dict[str, Any]
) -> None:
    made = import_questionnaire(practice=practice, resource=resource(item("a", "boolean")), by=carol, title="Sommeil")
    asked = body | {"documents": [], "requests": [{"questionnaire": str(made.pk)}]}
    (request,) = api(carol).post(RULES, asked, format="json").json()["requests"]
    assert (request["label"], request["questionnaire"]) == ("Sommeil", str(made.pk))
    unknown = api(carol).post(RULES, body | {"requests": [{"questionnaire": str(uuid.uuid4())}]}, format="json")
    assert unknown.status_code == 400
