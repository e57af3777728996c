"""Text in a search, a filter or an address costs at most linear time, within limits."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import Scope, User
from accounts.tokens import issue_token
from patients.duplicates import likenesses_of
from patients.models import Patient
from patients.models.patient import CANDIDATES, LOOK_ALIKES
from patients.names import MAX_SEARCH_LENGTH, MAX_SEARCH_WORDS, SearchTooLong, search_words
from practices.models import Practice

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
MOST_SQL = 300_000  # characters in all statements of one page: the text at most three times
WEIRD = {
    "nine hundred words": " ".join(f"mot{number}" for number in range(900)),
    "one long word": "x" * 100_000,
    "nothing but hyphens": "-".join("ab" for _ in range(900)),
    "NUL": "\0",
    "NUL inside": "a\0b",
    "wildcards": "%_%" * 60,
    "digits": "0" * 5_000,
    "expanding": "\ufdfa" * 150,  # one character that NFKD expands to eighteen
    "a damaged cursor": "cD0yMDI2",
    "a cursor of bytes": "////",
    "a surrogate": "\\ud800",
}
PAGES = [
    *("/pro/patients/?q=", "/pro/library/?q=", "/pro/library/?category=", "/pro/deliveries/?after="),
    *("/pro/?date=", "/pro/?view=", "/pro/appointments/new/?patient=", "/pro/appointments/new/?start="),
    *("/pro/appointments/new/?agenda=", "/documents/?person=", "/documents/?practice=", "/documents/?category="),
    *("/documents/?after=", "/pro/deliveries/?show="),
]


def listed() -> list[tuple[str, str]]:
    """Every query parameter of every list of the API, from its OpenAPI."""
    found = []
    for path, methods in APIClient().get("/api/v1/schema/?format=json").json()["paths"].items():
        if "{" in path:
            continue
        found += [(path, "cursor"), (path, "page_size")]
        for parameter in methods.get("get", {}).get("parameters", []):
            if parameter["in"] == "query":
                found.append((path, parameter["name"]))
    return found


@pytest.fixture
def api(alice: User) -> APIClient:
    client = APIClient()
    secret = issue_token(user=alice, name="x", scopes=list(Scope), by=None)[1]
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


def cost(call: Callable[[], Any]) -> tuple[int, int]:
    """The status, and the number of characters in all statements."""
    with CaptureQueriesContext(connection) as queries:
        answer = call()
    return answer.status_code, sum(len(one["sql"]) for one in queries)


@pytest.mark.parametrize("door", ["page", "booking", "api"])
def test_each_word_of_a_search_costs_the_same_and_eight_are_the_most(
    door: str, alice: User, api: APIClient, sign_in: SignIn
) -> None:
    browser = sign_in(alice)

    def ask(words: int) -> tuple[int, int]:
        typed = " ".join(f"mot{number:03d}" for number in range(words))
        match door:
            case "page":
                return cost(lambda: browser.get("/pro/patients/", {"q": typed}))
            case "booking":
                return cost(lambda: browser.post("/pro/appointments/new/", {"search": "1", "q": typed}))
        return cost(lambda: api.get("/api/v1/patients/", {"search": typed}))

    ask(1)
    costs = [ask(words)[1] for words in range(1, MAX_SEARCH_WORDS + 1)]
    steps = [later - earlier for earlier, later in itertools.pairwise(costs)]
    assert max(steps) <= 1.1 * min(steps) + 50
    status, most = ask(900)
    assert status in (200, 400)
    assert most <= costs[0]


@pytest.mark.parametrize("typed", ["nine hundred words", "one long word", "nothing but hyphens"])
def test_a_search_that_is_too_long_is_told_so_in_a_sentence(
    typed: str, alice: User, api: APIClient, sign_in: SignIn
) -> None:
    told = f"Cherchez avec {MAX_SEARCH_WORDS} mots au plus"
    browser = sign_in(alice)
    page = browser.get("/pro/patients/", {"q": WEIRD[typed]})
    assert page.status_code == 400
    assert told in page.content.decode()
    assert len(page.content) < 60_000
    assert told in browser.post("/pro/appointments/new/", {"search": "1", "q": WEIRD[typed]}).content.decode()
    answer = api.get("/api/v1/patients/", {"search": WEIRD[typed]})
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert (error["code"], error["attr"]) == ("search_too_long", "search")
    assert told in error["detail"]


def test_eight_words_are_searched_and_repeated_ones_once() -> None:
    assert search_words(" ".join("abcdefgh")) == list("abcdefgh")
    assert search_words("Marie  MARIE marié") == ["marie"]
    with pytest.raises(SearchTooLong):
        search_words("a-b-c-d-e-f-g-h-i")
    with pytest.raises(SearchTooLong):
        search_words("x" * (MAX_SEARCH_LENGTH + 1))


@pytest.mark.parametrize("weird", WEIRD)
@pytest.mark.parametrize("page", PAGES)
def test_whatever_an_address_of_a_page_asks_costs_little(page: str, weird: str, alice: User, sign_in: SignIn) -> None:
    path, _, name = page.partition("?")
    browser = sign_in(alice)
    status, characters = cost(lambda: browser.get(path, {name.rstrip("="): WEIRD[weird]}))
    assert status < 500
    assert characters < MOST_SQL


def test_the_lists_of_the_api_are_known() -> None:
    names = {name for _path, name in listed()}
    assert {"search", "cursor", "page_size", "patient", "agenda", "date", "category"} <= names


@pytest.mark.parametrize("weird", WEIRD)
def test_whatever_a_parameter_of_the_api_asks_costs_little(weird: str, api: APIClient, alice: User) -> None:
    for path, name in listed():
        status, characters = cost(partial(api.get, path, {name: WEIRD[weird]}))
        assert status < 500, (path, name)
        assert characters < MOST_SQL, (path, name)


@pytest.mark.parametrize("depth", [100, 10_000, 100_000])
def test_a_body_that_is_nested_deeply_is_refused(depth: int, api: APIClient) -> None:
    for body in ("[" * depth + "]" * depth, '{"first_name":' * depth + "1" + "}" * depth):
        answer = api.post("/api/v1/patients/", body, content_type="application/json")
        assert answer.status_code == 400


@pytest.mark.parametrize("weird", [name for name in WEIRD if name != "expanding"])
def test_a_body_of_anything_is_refused_or_taken(weird: str, api: APIClient) -> None:
    body = json.dumps({"first_name": WEIRD[weird], "last_name": "x", "birth_date": "1950-01-01"})
    answer = api.post(
        "/api/v1/patients/", body, content_type="application/json", HTTP_IDEMPOTENCY_KEY="key-of-ours-1"
    )
    assert answer.status_code in (201, 400)


def test_many_born_on_one_day_are_not_all_read(practice: Practice, alice: User, sign_in: SignIn) -> None:
    records = [
        Patient(
            practice=practice,
            first_name="Marie" if number < 1_000 else f"Paul{number}",
            last_name="Durand",
            birth_date=date(1970, 1, 1),
            search_text="marie durand" if number < 1_000 else f"paul{number} durand",
        )
        for number in range(3_000)
    ]
    Patient.objects.bulk_create(records, batch_size=500)
    read: list[int] = []

    def counted(execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:
        if 'FROM "patients_patient"' in sql:
            read.append(sql.count("LIMIT"))
        return execute(sql, parameters, many, context)

    marie = Patient.objects.get(pk=records[0].pk)
    with connection.execute_wrapper(counted):
        found = likenesses_of(marie)
    assert len(found) == LOOK_ALIKES
    assert read == [1, 1]  # the same names; similar ones
    unlike = likenesses_of(Patient.objects.get(pk=records[2_000].pk))
    assert not any(one.is_same_person for one in unlike)
    assert len(Patient.objects.alike(first_name="Paul2000", last_name="Durand", birth_date=date(1970, 1, 1))) == 1
    assert CANDIDATES <= 200


def test_look_alikes_are_found_as_before(practice: Practice) -> None:
    facts = {"practice": practice, "birth_date": date(1970, 1, 1)}
    one = Patient.objects.create(first_name="Anne-Marie", last_name="Lefèvre", **facts)
    other = Patient.objects.create(first_name="LEFEVRE", last_name="anne marie", **facts)
    old = Patient.objects.create(first_name="Anne Marie", last_name="Lefevre", **facts)
    Patient.objects.filter(pk=old.pk).update(search_text=None)  # a row of a version without search texts
    Patient.objects.create(first_name="Anne", last_name="Lefèvre", **facts)
    assert {like.patient for like in likenesses_of(one) if like.is_same_person} == {other, old}
