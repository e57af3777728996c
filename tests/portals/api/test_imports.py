"""`/imports/`: the contract's counts, the same file twice, undoing, and who may."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User
from imports.models import Import, Stage, Subject
from patients.models import Patient
from portals.api.views import imports
from practices.models import Membership, Practice
from tests.imports.conftest import PEOPLE, run_all
from tests.portals.api.conftest import Api, errors

URL = "/api/v1/imports/"


def body(text: str = PEOPLE, name: str = "export.csv", **more: Any) -> dict[str, Any]:
    return {"file": SimpleUploadedFile(name, text.encode()), "kind": "patients", **more}


def test_the_counts_of_a_dry_run_and_of_an_import(api: Api, carol: User) -> None:
    client = api(carol)
    answer = client.post(URL, body(dry_run=True))
    assert answer.status_code == 201, answer.content
    dry = answer.json()
    assert (dry["state"], dry["new"], dry["same"], dry["alike"], dry["made"]) == ("checked", 3, 0, 0, 0)
    assert dry["refused"] == [{"line": 5, "detail": "La date de naissance manque."}]
    assert not Patient.objects.exists()
    done = client.post(f"{URL}{dry['id']}/start/").json()
    assert (done["state"], done["new"], done["made"]) == ("done", 3, 3)
    again = client.post(URL, body()).json()
    assert (again["state"], again["new"], again["same"], again["made"]) == ("done", 0, 3, 0)
    undone = client.post(f"{URL}{dry['id']}/undo/")
    assert (undone.status_code, undone.json()["state"], undone.json()["made"]) == (200, "undone", 0)
    assert not Patient.objects.exists()


def test_an_import_in_one_call(api: Api, carol: User) -> None:
    done = api(carol).post(URL, body()).json()
    assert (done["state"], done["new"], done["made"]) == ("done", 3, 3)
    assert api(carol).get(f"{URL}{done['id']}/").json() == done


def test_columns_are_given_by_hand(api: Api, carol: User) -> None:
    text = "A;B;C\nDurand;Marie;12/03/1950\n"
    answer = api(carol).post(URL, body(text))
    assert (answer.status_code, errors(answer)) == (400, ["wrong_columns"])
    columns = {"A": "last_name", "B": "first_name", "C": "birth_date"}
    answer = api(carol).post(URL, body(text, columns=json.dumps(columns)))
    assert (answer.status_code, answer.json()["new"]) == (201, 1)
    for wrong in ("[", '["A"]', '{"A": 3}', '{"Z": "last_name"}', '{"A": "password"}'):
        assert api(carol).post(URL, body(text, columns=wrong)).status_code == 400


def test_a_long_file_is_left_to_a_worker(api: Api, carol: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(imports.AT_ONCE, Subject.PATIENTS, 3)
    answer = api(carol).post(URL, body())
    assert (answer.status_code, answer.json()["state"]) == (202, "checking")
    run_all()
    assert api(carol).get(f"{URL}{answer.json()['id']}/").json()["state"] == "done"
    assert Patient.objects.count() == 3


def test_the_same_key_imports_once(api: Api, carol: User) -> None:
    first, second = (api(carol).post(URL, body(), HTTP_IDEMPOTENCY_KEY="k").json() for _again in range(2))
    assert first == second
    assert Import.objects.count() == 1


@pytest.mark.parametrize(
    ("text", "name"), [("", "x.csv"), ("x", "x.pdf"), ("%PDF-1.7", "x.csv"), ("<html>", "x.ics"), (PEOPLE, "x.ics")]
)
def test_files_that_are_none(api: Api, carol: User, text: str, name: str) -> None:
    assert api(carol).post(URL, body(text, name)).status_code == 400
    assert not Import.objects.exists()


def test_administrators_alone(api: Api, carol: User, alice: User, charlie: User) -> None:
    made = api(carol).post(URL, body()).json()["id"]
    assert api(alice).post(URL, body()).status_code == 403
    assert api(alice).get(f"{URL}{made}/").status_code == 403
    Membership.objects.filter(user=charlie).update(is_admin=True)
    for path in (f"{URL}{made}/", f"{URL}{uuid.uuid4()}/"):
        assert api(charlie).get(path).status_code == 404
        assert api(charlie).post(f"{path}undo/").status_code == 404
    assert Import.objects.get().stage == Stage.DONE


def test_staff_of_several_practices_say_which(api: Api, carol: User, other_practice: Practice) -> None:
    Membership.objects.create(user=carol, practice=other_practice, is_admin=True)
    assert api(carol).post(URL, body()).status_code == 400
    answer = api(carol).post(f"{URL}?practice={other_practice.pk}", body())
    assert answer.status_code == 201
    assert set(Patient.objects.values_list("practice", flat=True)) == {other_practice.pk}


def test_the_list_of_a_practice_newest_first(api: Api, carol: User, alice: User, other_practice: Practice) -> None:
    first, second = (api(carol).post(URL, body()).json() for _again in range(2))
    page = api(carol).get(f"{URL}?page_size=1").json()
    (row,) = page["results"]
    assert (row["id"], row["kind"], row["state"], row["new"], row["same"]) == (
        second["id"],
        "patients",
        "done",
        0,
        3,
    )
    assert row["created_at"].endswith(("+01:00", "+02:00"))
    rest = api(carol).get(page["next"]).json()
    assert [one["id"] for one in rest["results"]] == [first["id"]]
    assert rest["next"] is None
    assert api(alice).get(URL).status_code == 403
    Membership.objects.create(user=carol, practice=other_practice, is_admin=True)
    assert api(carol).get(URL).status_code == 400
    assert api(carol).get(f"{URL}?practice={other_practice.pk}").json()["results"] == []
    assert len(api(carol).get(f"{URL}?practice={row_practice(first)}").json()["results"]) == 2


def row_practice(row: dict[str, Any]) -> uuid.UUID:
    return Import.objects.get(pk=row["id"]).practice_id


def test_alike_lines_are_chosen_with_the_start(api: Api, carol: User) -> None:
    client = api(carol)
    client.post(URL, body())
    text = PEOPLE.replace("98 12 34", "98 12 99").replace("98 55 66", "98 55 99")
    dry = client.post(URL, body(text, dry_run=True)).json()
    assert [(one["line"], one["likeness"], one["choice"]) for one in dry["alike_lines"]] == [
        (2, "other_contacts", "leave_out"),
        (3, "other_contacts", "leave_out"),
    ]
    assert all(one["patient"] for one in dry["alike_lines"])
    for wrong in ({"line": 2}, {"choice": "create"}, {"line": 2, "choice": "x"}, {"line": 2, "likeness": "moved"}):
        start = client.post(f"{URL}{dry['id']}/start/", {"alike": [wrong]}, content_type="application/json")
        assert start.status_code == 400
    choices = [{"likeness": "other_contacts", "choice": "create"}, {"line": 3, "choice": "leave_out"}]
    done = client.post(f"{URL}{dry['id']}/start/", {"alike": choices}, content_type="application/json").json()
    assert (done["state"], done["made"], done["alike"]) == ("done", 1, 1)
    late = client.post(f"{URL}{dry['id']}/start/", {"alike": choices}, content_type="application/json")
    assert (late.status_code, errors(late)) == (409, ["not_now"])
