"""The OpenAPI document says what each operation is for, where it is, and the codes of its refusals."""

from __future__ import annotations

import ast
import json
import re
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation
from drf_spectacular.drainage import reset_generator_stats
from drf_spectacular.generators import SchemaGenerator
from rest_framework.request import Request

from accounts.models import User
from files.content import POLICY, content_sentences
from portals.api import errors
from tests.portals.api.conftest import Api
from tests.portals.api.test_api import upload
from tests.portals.refusals import every_refusal
from tests.security.addresses import KINDS
from tests.security.conftest import *  # noqa: F403  # a practice in use

# Refusals of use cases that no operation calls, and base classes whose subclasses have their own codes.
OF_PAGES_ALONE = {
    *(
        "not_replaceable",
        "not_online",
        "moved_meanwhile",
        "too_many_codes",
        "doubtful",
        "booking_limit",
        "no_stamp_picture",
        "another_patient_named",
        "series_changed",
        "not_as_shown",
        "asked_a_moment_ago",
        "not_asked",
        "upload_lost",
    ),
    *("invitation_over", "record_already_claimed", "booked_for_somebody_else", "wrong_birth_date", "account_exists"),
    "somebody_else",
    *("item_gone", "nothing_to_publish", "response_closed", "draft_changed"),
    *("no_preview", "too_many", "country", "too_many_holds", "too_many_sign_ups", "sign_up_over", "not_proved"),
    *("blocks_operator", "email_taken", "last_operator", "link_over", "not_operator"),
    *("operator_exists", "staff_account", "visit_reason_in_use", "week_changed"),
    *("nothing_chosen", "too_many_chosen", "batch_sent", "nothing_ready"),
    *("series_without_dates", "already_waiting", "nothing_to_advance", "offer_over", "wrong_birth_date_of_offer"),
    *("too_many_calendars", "read_a_moment_ago", "calendar_not_ready", "other_cancellations"),
    *("template_withdrawn", "not_to_sign", "look_again", "not_looked_at", "in_the_way"),
    *("too_late_to_undo", "changed_meanwhile", "already_read", "answer_over", "key_refused"),
}


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    generator = SchemaGenerator()
    found: dict[str, Any] = generator.get_schema(request=None, public=True)
    return found


def operations(described: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def codes(operation: dict[str, Any], status: int) -> list[str]:
    said = str(operation["responses"].get(str(status), {}).get("description", ""))
    return said.replace("`", "").split(", ")


def test_each_operation_has_a_summary_of_its_own(described: dict[str, Any]) -> None:
    summaries = {label: operation.get("summary", "") for label, operation in operations(described)}
    assert [label for label, summary in summaries.items() if not summary] == []
    assert [summary for summary, times in Counter(summaries.values()).items() if times > 1] == []
    assert [one for one in summaries.values() if len(one) > 80 or one.endswith(".")] == []


def test_the_server_is_named(described: dict[str, Any], client: Client) -> None:
    assert described["servers"] == [{"url": settings.PUBLIC_URL}]


def test_every_refusal_names_its_codes_where_it_may_happen(described: dict[str, Any]) -> None:
    named = {
        code
        for _label, operation in operations(described)
        for status in operation["responses"]
        if int(status) >= 400
        for code in codes(operation, int(status))
    }
    told = {
        call.args[0].value
        for call in ast.walk(ast.parse(Path(errors.__file__).read_text()))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "_error"
        and isinstance(call.args[0], ast.Constant)
    }  # fmt: skip
    told |= {one.code for one in every_refusal() if one.code} - OF_PAGES_ALONE
    assert len(told) > 12
    assert told - named == set(), "name it in `refusals` of the operation (portals/api/views/), or in OF_PAGES_ALONE"
    assert "" not in named


def test_the_document_gives_each_refusal_the_status_of_its_kind(described: dict[str, Any]) -> None:
    """A code that STATUSES of portals/api/schema.py lacks stands under 400."""
    statuses: dict[str, set[int]] = {}
    for one in every_refusal():
        statuses.setdefault(one.code, set()).add(errors.STATUS[one.kind])
    wrong = {
        f"{label}: {code} under {status}, its kind is answered by {sorted(statuses[code])}"
        for label, operation in operations(described)
        for status in map(int, operation["responses"])
        for code in codes(operation, status)
        if code in statuses and status not in statuses[code]
    }
    assert wrong == set(), "correct STATUSES in portals/api/schema.py"


@pytest.mark.parametrize(
    ("label", "status", "code"),
    [
        ("PATCH /api/v1/patients/{id}/", 409, "say_whose_contacts"),
        ("POST /api/v1/patients/", 409, "idempotency_key_reused"),
        ("POST /api/v1/bookings/", 409, "overlapping_appointment"),
        ("POST /api/v1/appointments/{id}/documents/", 409, "recipient_not_ready"),
        ("POST /api/v1/appointments/{id}/documents/", 503, "scanner_unavailable"),
        ("POST /api/v1/library/files/", 503, "scanner_unavailable"),
        ("GET /api/v1/documents/{id}/content/", 416, "range_not_satisfiable"),
        ("POST /api/v1/verify/", 503, "busy"),
    ],
)
def test_a_code_stands_under_its_status(described: dict[str, Any], label: str, status: int, code: str) -> None:
    assert code in codes(dict(operations(described))[label], status)


def test_the_browser_of_the_api_has_no_style_of_its_own(client: Client) -> None:
    page = client.get("/api/v1/docs/").content.decode()
    assert "<style" not in page
    assert "style=" not in page


def test_every_code_by_which_a_file_is_refused_is_named_where_files_are_sent(described: dict[str, Any]) -> None:
    given = {
        call.args[0].value
        for path in (settings.BASE_DIR / "files").glob("*.py")
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and call.args and isinstance(call.args[0], ast.Constant)
        and (getattr(call.func, "id", "") in ("Refused", "TryLater"))
    }  # fmt: skip
    given |= {code for code in content_sentences() if code not in POLICY or code == "too_complex"}
    given -= {"not_a_pdf"}  # only for signing and verifying
    assert len(given) > 10
    for label in (
        "POST /api/v1/appointments/{id}/documents/",
        "POST /api/v1/library/files/",
        "PUT /api/v1/library/{id}/file/",
    ):
        operation = dict(operations(described))[label]
        named = {code for status in (400, 413, 415, 503) for code in codes(operation, status)}
        assert given - named == set(), label


def parts_of(schema: Any) -> Iterator[dict[str, Any]]:
    """Every object within it."""
    if isinstance(schema, dict):
        yield schema
        for each in schema.values():
            yield from parts_of(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from parts_of(each)


def test_an_operation_takes_one_body_of_one_kind(described: dict[str, Any]) -> None:
    """Client generators write a function for each content type, or only for the first."""
    schemas = described["components"]["schemas"]
    for label, operation in operations(described):
        kinds = operation.get("requestBody", {}).get("content", {})
        assert len(kinds) <= 1, label
        for kind, content in kinds.items():
            shape = schemas[content["schema"]["$ref"].rpartition("/")[2]]
            has_file = any(part.get("format") == "binary" for part in parts_of(shape))
            assert kind == ("multipart/form-data" if has_file else "application/json"), label


def test_an_operation_says_who_may_call_it(described: dict[str, Any]) -> None:
    secured = {label: operation["security"] for label, operation in operations(described)}
    known = set(described["components"]["securitySchemes"])
    assert {name for schemes in secured.values() for scheme in schemes for name in scheme} == known
    assert {label for label, schemes in secured.items() if not schemes} == {
        "GET /api/v1/agendas/{id}/slots/", "POST /api/v1/verify/",
    }  # fmt: skip


def test_pages_are_asked_for_by_cursor_and_size(described: dict[str, Any]) -> None:
    schemas, paged = described["components"]["schemas"], 0
    for label, operation in operations(described):
        content = operation["responses"].get("200", {}).get("content", {}).get("application/json", {})
        shape = schemas.get(content.get("schema", {}).get("$ref", "").rpartition("/")[2], {})
        asked = {one["name"] for one in operation.get("parameters", []) if one["in"] == "query"}
        assert ({"cursor", "page_size"} <= asked) == ("next" in shape.get("properties", {})), label
        paged += "next" in shape.get("properties", {})
    assert paged >= 7


def test_every_query_parameter_that_is_read_is_told(
    described: dict[str, Any], ids: dict[str, Any], api: Api, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for label, operation in operations(described):
        method, path = label.split(" ")
        if method != "GET":
            continue
        read: set[str] = set()
        values = {one["name"]: VALUES.get(one["name"], "x") for one in operation.get("parameters", [])}
        monkeypatch.setattr(Request, "query_params", Watched(values, read))
        kind = KINDS.get(path.removeprefix("/").partition("{")[0], "")
        api(alice).get(path.replace("{id}", str(ids.get(kind, uuid.uuid4()))))
        told = {one["name"] for one in operation.get("parameters", []) if one["in"] == "query"}
        assert read - told - {"format"} == set(), label  # DRF's own, for JSON


VALUES = {"from": "2026-03-02", "to": "2026-03-03", "date": "2026-03-02", "page_size": "2", "cursor": ""}


class Watched(dict[str, str]):
    def __init__(self, values: dict[str, str], read: set[str]) -> None:
        super().__init__(values)
        self.read = read

    def __getitem__(self, name: str) -> str:
        self.read.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self.read.add(name)
        return super().get(name, default)


def test_what_answers_nothing_says_nothing_and_bytes_are_bytes(described: dict[str, Any]) -> None:
    for label, operation in operations(described):
        for status, answer in operation["responses"].items():
            assert (status == "204") <= ("content" not in answer), label
        if label.endswith("/content/"):
            told = operation["responses"]["200"]["content"]
            assert "application/octet-stream" in told  # the one type that every generator supports
            assert all(one["schema"] == {"type": "string", "format": "binary"} for one in told.values())


def test_enumerations_have_names_of_their_own(described: dict[str, Any]) -> None:
    schemas = described["components"]["schemas"]
    named = {name for name, shape in schemas.items() if "enum" in shape}
    made_up = {name for name in named if re.search(r"(Out|In)[A-Z]|[0-9a-f]{3}Enum$", name)}  # by drf-spectacular
    assert made_up == set()
    for name, shape in schemas.items():
        if name not in named:
            assert [part for part in parts_of(shape) if isinstance(part.get("enum"), list)] == [], name


def test_null_is_a_type_and_an_answer_leaves_nothing_out(described: dict[str, Any]) -> None:
    assert described["openapi"].startswith("3.1")
    for part in parts_of(described):
        assert "nullable" not in part
        assert "NullEnum" not in str(part.get("$ref", ""))
    for name, shape in described["components"]["schemas"].items():
        if "properties" in shape and not name.endswith("Request"):
            assert sorted(shape["required"]) == sorted(shape["properties"]), name


def test_a_client_sends_what_it_was_given_and_no_default(described: dict[str, Any]) -> None:
    """Renaming a rule must not reset its moment to the default."""
    for name, shape in described["components"]["schemas"].items():
        if name.endswith("Request"):
            assert [part for part in parts_of(shape) if "default" in part] == [], name
    rule = described["components"]["schemas"]
    assert rule["RuleInRequest"]["properties"]["moment"]["description"] == 'Default: "booking"'
    assert "description" not in rule["PatchedRuleInRequest"]["properties"]["moment"]


def test_nothing_of_the_document_is_left_to_a_guess(capsys: pytest.CaptureFixture[str]) -> None:
    reset_generator_stats()
    SchemaGenerator().get_schema(request=None, public=True)
    assert capsys.readouterr().err == ""


def test_the_document_is_the_same_in_every_language(described: dict[str, Any]) -> None:
    """A client does not depend on the language of whoever generated it."""
    with translation.override("en"):
        again = SchemaGenerator().get_schema(request=None, public=True)
    assert sorted(again["components"]["schemas"]) == sorted(described["components"]["schemas"])
    assert re.search("[éèêà]", json.dumps(again, ensure_ascii=False)) is None


def test_forms_go_on_being_read(api: Api, alice: User, carol: User) -> None:
    """Forms are no longer documented, but existing programs use them."""
    record = {"first_name": "Léa", "last_name": "Petit", "birth_date": "1990-01-02"}
    for form in ("multipart", None):
        body = urlencode(record) if form is None else record
        kind: dict[str, Any] = (
            {"content_type": "application/x-www-form-urlencoded"} if form is None else {"format": form}
        )
        assert api(alice).post("/api/v1/patients/", body, **kind).status_code == 201
    document = api(carol).post("/api/v1/library/", {"file": upload(), "title": "Plan"}, format="multipart")
    assert document.status_code == 201, document.content
    address = f"/api/v1/library/{document.json()['id']}/"
    assert api(carol).patch(address, {"file": upload()}, format="multipart").json()["version"] == 2


def test_a_file_of_the_library_has_addresses_of_its_own(api: Api, carol: User, bob: User) -> None:
    client = api(carol)
    made = client.post("/api/v1/library/files/", {"file": upload(), "title": "Plan"}, format="multipart")
    assert (made.status_code, made.json()["title"], made.json()["version"]) == (201, "Plan", 1)
    address = f"/api/v1/library/{made.json()['id']}/file/"
    changed = client.put(address, {"file": upload(), "title": "Plan d’accès"}, format="multipart")
    assert (changed.status_code, changed.json()["title"], changed.json()["version"]) == (200, "Plan d’accès", 2)
    assert client.put(address, {}, format="multipart").json()["errors"][0]["attr"] == "file"
    assert client.post("/api/v1/library/files/", {"title": "x"}, format="json").status_code == 415
    assert client.get("/api/v1/library/files/").status_code == 405
    assert api(bob).put(address, {"file": upload()}, format="multipart").status_code == 403
    key: dict[str, Any] = {"HTTP_IDEMPOTENCY_KEY": "one"}
    twice = [
        client.post("/api/v1/library/files/", {"file": upload(), "title": "B"}, format="multipart", **key)
        for _ in range(2)
    ]
    assert twice[0].json() == twice[1].json()
