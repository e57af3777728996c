"""Questionnaires and their answers, by the API."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse as Judge

from accounts.models import User
from appointments.models import Appointment
from audit.models import AuditEvent
from tests.documents.bookings import maries_account  # noqa: F401
from tests.documents.receiving.questionnaires import SECRET, sleep
from tests.portals.api.conftest import Api, errors
from tests.questionnaires.test_understood import BOUND, item, resource

pytestmark = pytest.mark.django_db
OFTEN: dict[str, Any] = {
    "resourceType": "QuestionnaireResponse",
    "status": "in-progress",
    "item": [
        {
            "linkId": "nights",
            "item": [{"linkId": "snores", "answer": [{"valueCoding": {"system": "urn:t", "code": "souvent"}}]}],
        }
    ],
}


def test_each_change_is_a_version_and_what_is_not_understood_is_named(
    appointment: Appointment, carol: User, bob: User, charlie: User, api: Api
) -> None:
    admin, at = api(carol), "/api/v1/questionnaires/"
    body = {"questionnaire": sleep()}
    assert api(bob).post(at, body, format="json").status_code == 403
    strange = sleep() | {"item": [{"linkId": "a", "type": "attachment", "text": "Photo"}]}
    refused = admin.post(at, {"questionnaire": strange}, format="json")
    assert (refused.status_code, errors(refused)) == (400, ["questionnaire_not_understood"])
    assert refused.json()["errors"][0]["attr"] == "a"
    made = admin.post(at, body, HTTP_IDEMPOTENCY_KEY="one", format="json").json()
    assert admin.post(at, body, HTTP_IDEMPOTENCY_KEY="one", format="json").json() == made
    assert (made["title"], made["version"], made["questionnaire"]["version"]) == (SECRET, 1, "1")
    one = f"{at}{made['id']}/"
    assert admin.patch(one, {"title": "Sommeil"}, format="json").json()["version"] == 2
    assert admin.patch(one, {}, format="json").json()["version"] == 2
    assert api(bob).patch(one, {"title": "Autre"}, format="json").status_code == 403
    assert [row["title"] for row in api(bob).get(at).json()["results"]] == ["Sommeil"]
    assert api(charlie).get(one).status_code == 404
    assert admin.delete(one).status_code == 204
    assert admin.get(one).status_code == 404


def test_asked_answered_and_read(
    appointment: Appointment,
    bob: User,
    carol: User,
    charlie: User,
    hugo: User,
    maries_account: User,  # noqa: F811
    api: Api,
) -> None:
    staff, patient = api(bob), api(maries_account)
    made = api(carol).post("/api/v1/questionnaires/", {"questionnaire": sleep()}, format="json").json()
    around = f"/api/v1/appointments/{appointment.pk}/requests/"
    assert errors(staff.post(around, {}, format="json")) == ["required"]
    wrong = staff.post(around, {"questionnaire": str(appointment.pk)}, format="json")
    assert (wrong.status_code, errors(wrong)) == (400, ["questionnaire_not_published"])
    asked = staff.post(
        around, {"questionnaire": made["id"], "details": "Avant"}, HTTP_IDEMPOTENCY_KEY="a", format="json"
    ).json()
    assert (asked["questionnaire"], asked["label"], asked["state"]) == (made["id"], SECRET, "asked")
    twice = staff.post(around, {"questionnaire": made["id"]}, format="json")
    assert (twice.status_code, errors(twice)) == (409, ["already_asked"])
    (mine,) = patient.get("/api/v1/me/requests/").json()["results"]
    assert (mine["can_answer"], mine["can_send"], mine["questionnaire"]["title"]) == (True, False, SECRET)
    at, answers = f"/api/v1/me/requests/{asked['id']}/", f"/api/v1/requests/{asked['id']}/response/"
    assert api(hugo).get(f"{at}response/").status_code == 404
    unwritten = patient.get(f"{at}response/")
    assert unwritten.json()["status"] == "in-progress"
    another = patient.put(f"{at}response/", OFTEN | {"questionnaire": "urn:autre|1"}, format="json")
    assert (another.status_code, errors(another)) == (400, ["answers_refused"])
    missing = patient.post(f"{at}submit/")
    assert (missing.status_code, missing.json()["errors"][0]["attr"]) == (400, "snores")
    kept = patient.put(f"{at}response/", OFTEN, format="json", HTTP_IF_MATCH=unwritten["ETag"])
    assert (kept.status_code, kept.json()["status"]) == (200, "in-progress")
    assert kept["ETag"] == patient.get(f"{at}response/")["ETag"] != unwritten["ETag"]
    begun = patient.put(f"{at}response/", OFTEN, format="json", HTTP_IF_MATCH=unwritten["ETag"])
    assert begun.status_code == 412
    one_of_two = f'"another", {kept["ETag"]}'
    nothing = OFTEN | {"item": []}
    emptied = patient.put(f"{at}response/", nothing, format="json", HTTP_IF_MATCH=one_of_two)
    assert emptied.json().get("item") is None  # replaced
    patient.put(f"{at}response/", OFTEN, format="json")
    late = patient.put(f"{at}response/", OFTEN | {"item": []}, format="json", HTTP_IF_MATCH=kept["ETag"])
    assert (late.status_code, errors(late)) == (412, ["answers_changed"])
    assert staff.get(answers).status_code == 404
    for _ in range(2):
        sent = patient.post(f"{at}submit/", HTTP_IDEMPOTENCY_KEY="b")
        assert (sent.status_code, sent.json()["status"]) == (200, "completed")
    over = patient.put(f"{at}response/", OFTEN, format="json")
    assert (over.status_code, errors(over)) == (409, ["request_over"])
    read = staff.get(answers).json()
    assert read["scores"] == [{"total": 2.0, "words": "À voir ensemble", "complete": True}]
    assert Judge.model_validate_json(json.dumps(read["response"])).status == "completed"
    assert (read["on_behalf_of"], staff.get(f"/api/v1/requests/{asked['id']}/").json()["state"]) == (None, "accepted")
    content = staff.get(f"{answers}content/")
    assert (content["Content-Type"], content.content[:5]) == ("application/pdf", b"%PDF-")
    assert [api(charlie).get(one).status_code for one in (answers, f"{answers}content/")] == [404, 404]
    opened = AuditEvent.objects.filter(action="questionnaire.opened").values_list("detail__means", flat=True)
    assert list(opened) == ["viewed", "downloaded"]


def test_a_date_keeps_the_precision_it_was_given_with(
    appointment: Appointment,
    carol: User,
    bob: User,
    maries_account: User,  # noqa: F811
    api: Api,
) -> None:
    bounds = [{"url": BOUND, "valueDate": "1998-06-15"}]
    asked_of = resource(
        item("since", "date", repeats=True, extension=bounds, initial=[{"valueDate": "1999-11"}]),
        title="Depuis quand",
    )
    made = api(carol).post("/api/v1/questionnaires/", {"questionnaire": asked_of}, format="json").json()
    assert made["questionnaire"]["item"][0]["initial"] == [{"valueDate": "1999-11"}]
    around = f"/api/v1/appointments/{appointment.pk}/requests/"
    asked = api(bob).post(around, {"questionnaire": made["id"]}, format="json").json()
    patient, at = api(maries_account), f"/api/v1/me/requests/{asked['id']}/response/"

    def put(*dates: str) -> Any:
        answer = [{"valueDate": one} for one in dates]
        body = {"resourceType": "QuestionnaireResponse", "status": "in-progress"}
        return patient.put(at, body | {"item": [{"linkId": "since", "answer": answer}]}, format="json")

    refused = put("1998")
    assert (refused.status_code, refused.json()["errors"][0]["attr"]) == (400, "since")
    assert "Précisez cette date" in refused.json()["errors"][0]["detail"]
    assert errors(put("1998-13")) == ["answers_refused"]
    kept = put("1999", "1998-07", "1998-06-15")
    assert [one["valueDate"] for one in kept.json()["item"][0]["answer"]] == ["1999", "1998-07", "1998-06-15"]
    assert Judge.model_validate_json(kept.content).status == "in-progress"
