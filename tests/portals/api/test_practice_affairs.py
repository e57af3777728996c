"""A practice's identity, agendas and visit reasons in the API: read by its staff, changed by its administrators."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from accounts.models import User
from appointments.models import Agenda, Appointment, VisitReason
from audit.models import AuditEvent
from practices.models import Membership, Practice
from tests.portals.api.conftest import Api, errors

pytestmark = pytest.mark.django_db
V1 = "/api/v1"


def attrs(answer: Any) -> list[str]:
    return [error["attr"] for error in answer.json()["errors"]]


def test_the_practice_is_read_by_staff_and_changed_by_administrators(
    api: Api, carol: User, rita: User, practice: Practice
) -> None:
    body = api(rita).get(f"{V1}/practice/").json()
    assert body == {
        "id": str(practice.pk),
        "name": "Cabinet des Lilas",
        "address": "",
        "telephone": "+33140000000",
        "email": "cabinet@lilas.example",
        "time_zone": "Europe/Paris",
        "language": "fr",
        "takes_unasked": False,
    }
    changed = api(carol).patch(f"{V1}/practice/", {"telephone": "01 41 00 00 00", "address": "1 rue"}, format="json")
    assert changed.status_code == 200
    assert changed.json() == body | {"telephone": "+33141000000", "address": "1 rue"}
    taking = api(carol).patch(f"{V1}/practice/", {"takes_unasked": True}, format="json")
    assert taking.json() == changed.json() | {"takes_unasked": True}
    assert AuditEvent.objects.filter(action="practice.unasked_changed").count() == 1
    assert api(rita).patch(f"{V1}/practice/", {"takes_unasked": False}, format="json").status_code == 403
    assert api(carol).patch(f"{V1}/practice/", {"takes_unasked": "perhaps"}, format="json").status_code == 400
    refused = api(carol).patch(f"{V1}/practice/", {"time_zone": "Paris", "telephone": "1"}, format="json")
    assert refused.status_code == 400
    assert set(attrs(refused)) == {"time_zone", "telephone"}
    assert api(carol).patch(f"{V1}/practice/", {"language": "de"}, format="json").status_code == 400
    assert AuditEvent.objects.filter(action="practice.identity_changed").count() == 1


def test_an_agenda_is_made_changed_closed_and_reopened(
    api: Api, carol: User, bob: User, alice: User, appointment: Appointment
) -> None:
    client = api(carol)
    asked = {"name": "Salle 2", "practitioner": str(alice.pk), "online": False, "video_url": "https://v.example/2"}
    made = client.post(f"{V1}/agendas/", asked, format="json")
    assert made.status_code == 201
    body = made.json()
    assert body == asked | {"id": body["id"], "active": True, "practice": str(appointment.practice_id)}
    assert body in api(bob).get(f"{V1}/agendas/").json()["results"]
    one = f"{V1}/agendas/{body['id']}/"
    assert api(bob).get(one).json() == body
    assert client.patch(one, {"online": True}, format="json").json() == body | {"online": True}
    assert client.patch(one, {"practitioner": None}, format="json").json()["practitioner"] is None
    own = f"{V1}/agendas/{appointment.agenda_id}/"
    assert client.delete(own).status_code == 204
    assert client.get(own).json()["active"] is False
    assert Appointment.objects.get().status == "booked"
    assert client.patch(own, {"active": True}, format="json").json()["active"] is True


def test_a_reason_is_made_changed_archived_and_offered_again(
    api: Api, carol: User, rita: User, agenda: Agenda, practice: Practice
) -> None:
    client = api(carol)
    asked = {"name": "Vaccin", "duration": 15, "online": False, "kinds": ["in_person"], "agendas": [str(agenda.pk)]}
    made = client.post(f"{V1}/visit-reasons/", asked, format="json")
    assert made.status_code == 201
    body = made.json()
    more = {"id": body["id"], "duration_minutes": 15, "active": True, "practice": str(practice.pk)}
    assert body == asked | more
    assert api(rita).get(f"{V1}/visit-reasons/").json()["results"] == [body]
    one = f"{V1}/visit-reasons/{body['id']}/"
    changed = client.patch(one, {"duration": 30, "agendas": []}, format="json").json()
    assert changed == body | {"duration": 30, "duration_minutes": 30, "agendas": []}
    assert client.delete(one).status_code == 204
    assert client.get(one).json()["active"] is False
    assert client.patch(one, {"active": True}, format="json").json()["active"] is True
    least = client.post(f"{V1}/visit-reasons/", {"name": "Autre", "duration": 20}, format="json").json()
    assert (least["online"], least["kinds"], least["agendas"]) == (True, ["in_person", "video"], [])


@pytest.mark.parametrize(
    ("path", "body", "attr"),
    [
        ("agendas", {"name": " "}, "name"),
        ("agendas", {"name": "Dr Morel"}, "name"),
        ("agendas", {"name": "X", "video_url": "http://x.example"}, "video_url"),
        ("agendas", {"name": "X", "practitioner": str(uuid.uuid4())}, "practitioner"),
        ("agendas", {}, "name"),
        ("visit-reasons", {"name": "X", "duration": 4}, "duration"),
        ("visit-reasons", {"name": "X", "duration": 20, "kinds": []}, "kinds"),
        ("visit-reasons", {"name": "X", "duration": 20, "kinds": ["moon"]}, "kinds.0"),
        ("visit-reasons", {"name": "X", "duration": 20, "agendas": [str(uuid.uuid4())]}, "agendas"),
        ("visit-reasons", {"name": "X"}, "duration"),
    ],
)
def test_what_does_not_fit_is_400_with_its_field(
    api: Api, carol: User, agenda: Agenda, path: str, body: dict[str, Any], attr: str
) -> None:
    answer = api(carol).post(f"{V1}/{path}/", body, format="json")
    assert answer.status_code == 400
    assert attrs(answer) == [attr]
    assert (Agenda.objects.count(), VisitReason.objects.count()) == (1, 0)


def test_a_refused_change_changes_nothing_not_even_its_other_half(api: Api, carol: User, agenda: Agenda) -> None:
    answer = api(carol).patch(f"{V1}/agendas/{agenda.pk}/", {"name": " ", "active": False}, format="json")
    assert answer.status_code == 400
    agenda.refresh_from_db()
    assert agenda.is_active


@pytest.mark.parametrize(
    ("who", "status"), [("alice", 403), ("bob", 403), ("rita", 403), ("charlie", 404), ("hugo", 404)]
)
def test_others_change_nothing(
    api: Api, agenda: Agenda, visit_reason: VisitReason, who: str, status: int, request: pytest.FixtureRequest
) -> None:
    client = api(request.getfixturevalue(who))
    one, other = f"{V1}/agendas/{agenda.pk}/", f"{V1}/visit-reasons/{visit_reason.pk}/"
    for path in (one, other):
        assert client.patch(path, {"name": "X"}, format="json").status_code == status
        assert client.delete(path).status_code == status
        assert client.get(path).status_code == (200 if status == 403 else 404)
    for path, body in (("agendas", {"name": "X"}), ("visit-reasons", {"name": "X", "duration": 20})):
        answer = client.post(f"{V1}/{path}/?practice={agenda.practice_id}", body, format="json")
        assert answer.status_code == status
    assert (
        client.patch(f"{V1}/practice/?practice={agenda.practice_id}", {"name": "X"}, format="json").status_code
        == status
    )
    assert not AuditEvent.objects.filter(action__startswith="practice.").exists()


def test_staff_of_several_practices_say_which(
    api: Api, carol: User, agenda: Agenda, practice: Practice, other_practice: Practice
) -> None:
    Membership.objects.create(user=carol, practice=other_practice, is_admin=True)
    theirs = Agenda.objects.create(practice=other_practice, name="Ailleurs")
    client = api(carol)
    for verb, path in (("get", "practice/"), ("patch", "practice/"), ("post", "agendas/"), ("post", "visit-reasons/"),
                       ("get", f"agendas/{agenda.pk}/"), ("delete", f"agendas/{agenda.pk}/")):  # fmt: skip
        answer = getattr(client, verb)(f"{V1}/{path}", {"name": "X", "duration": 20}, format="json")
        assert (answer.status_code, attrs(answer), errors(answer)) == (400, ["practice"], ["required"]), path
    here = f"?practice={practice.pk}"
    assert client.post(f"{V1}/agendas/{here}", {"name": "X"}, format="json").json()["practice"] == str(practice.pk)
    assert client.get(f"{V1}/agendas/{theirs.pk}/{here}").status_code == 404
    assert client.get(f"{V1}/agendas/{theirs.pk}/?practice={other_practice.pk}").status_code == 200
    assert len(client.get(f"{V1}/agendas/").json()["results"]) == 3


@pytest.mark.parametrize(("path", "more"), [("agendas", {}), ("visit-reasons", {"duration": 20})])
def test_the_same_key_makes_one(api: Api, carol: User, practice: Practice, path: str, more: dict[str, Any]) -> None:
    client = api(carol)
    answers = [
        client.post(f"{V1}/{path}/", {"name": "X", **more}, format="json", HTTP_IDEMPOTENCY_KEY="k")
        for _twice in "ab"
    ]
    assert [one.status_code for one in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
