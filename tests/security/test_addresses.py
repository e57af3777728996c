"""Visits every address: who can reach what. A new address must be added to these lists."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import NoReverseMatch, reverse

from accounts.models import Scope, User
from accounts.tokens import issue_token
from documents.models import SharedDocument
from notifications.models import Message
from portals.api import throttling
from practices.models import Membership
from signing.models import SignatureImage
from tests.conftest import PASSWORD
from tests.security.addresses import KINDS, address, kind_of, routes

SignIn = Callable[[User], Client]
PUBLIC = {
    "",  # redirects everybody to their own portal
    "healthz",
    "healthz/system",  # the details need the token of the metrics (tests/docshare/health/test_ready.py)
    "readyz",
    "metrics",  # by its token, or from this machine (tests/docshare/health/test_metrics.py)
    "outbox/",  # only in the embedded default (tests/portals/public/test_outbox_page.py)
    "reports/email/",  # by the provider's signature or password (tests/portals/public/test_reports.py)
    "reports/sms/",  # by the gateway's signature
    "logo/<uuid:pk>/",  # in every email of the practice (tests/files/test_logos.py)
    *("robots.txt", "sitemap.xml", "sitemap-<int:number>.xml"),  # for search engines (tests/portals/test_indexing.py)
    "cabinets/",  # patients look for a practice (tests/portals/public/test_practice_search.py)
    "cabinets/<str:slug>/",  # the page of a practice (tests/portals/public/test_practice_page.py)
    "verify/",
    *("legal/", "privacy/", "accessibility/", "help/", "site-map/"),  # what the law asks of a site, and its help
    "privacy/<uuid:practice>/",  # who is responsible for the records of a practice
    "authority/<uuid:pk>/crl",  # which certificates are revoked: for every reader of a signed PDF
    "join/<str:secret>/",
    "invitation/<str:token>/",
    "invitation/<str:token>/renew/",
    "d/<str:token>",
    "o/<str:token>",
    "d/<str:token>/<int:number>",
    "r/<str:token>",  # the link of a reminder (tests/appointments/test_answering.py)
    "start/<str:token>/",  # by its unguessable token, once (tests/portals/operator/test_first_run.py)
    "book/",
    "book/<uuid:practice>/",
    "book/<uuid:agenda>/<uuid:reason>/<str:kind>/",
    "book/<uuid:agenda>/<uuid:reason>/<str:kind>/hold/",  # a new patient holds a slot, then opens an account
    "api/v1/schema/",
    "api/v1/docs/",
    "api/v1/agendas/<uuid:pk>/slots/",
    "api/v1/verify/",
    "account/login/",
    "account/2fa/webauthn/login/",  # a wrong passkey gets a sentence (tests/accounts/test_passkeys.py)
    "account/signup/",  # explains that accounts need an invitation
    "account/inactive/",
    "account/confirm-email/",
    "account/^confirm-email/(?P<key>[-:\\w]+)/$",
    "account/password/reset/",
    "account/password/reset/done/",
    "account/password/reset/key/done/",
    "account/password/^reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
    "account/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
}
DOCUMENT_ROUTES = {route for route in routes() if "<" in route and "^" not in route and kind_of(route) == "document"}
OWNED = (
    *("document", "appointment", "patient", "library", "version", "relative"),
    *("proposal", "exclusion", "notice", "rule", "instruction", "closing", "member", "sending", "way", "api_token"),
    *("webhook", "agenda", "visit_reason", "import", "administrator", "calendar", "archive", "batch", "waiting"),
    *("request", "received"),
    *("questionnaire", "response"),
)
OPERATORS = ("start/practice/", "start/practices/<", "start/administrators/<")
VERBS = ("get", "post", "patch", "delete", "put")


def refused(answer: Any) -> bool:
    code: int = answer.status_code
    return code in (401, 404, 405) or (code == 302 and str(answer["Location"]).startswith("/account/login/"))


def test_every_address_not_on_the_public_list_refuses_a_stranger(ids: dict[str, Any], anybody: Client) -> None:
    for route in routes():
        answers = [anybody.get(address(route, ids)), anybody.post(address(route, ids))]
        codes = [answer.status_code for answer in answers]
        if route in PUBLIC:
            assert route == "" or not all(refused(answer) for answer in answers), (route, codes)
        else:
            assert all(refused(answer) for answer in answers), (route, codes)


def test_the_public_list_names_no_address_that_is_gone() -> None:
    known = set(routes())
    assert {route for route in PUBLIC if route not in known and "^reset" not in route} == set()


def test_the_administration_refuses_everybody_but_its_own(sign_in: SignIn, alice: User, hugo: User) -> None:
    for client in (Client(), sign_in(alice), sign_in(hugo)):
        for model in apps.get_models():
            try:
                answer = client.get(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"))
            except NoReverseMatch:
                continue  # not in the admin
            assert answer.status_code == 302
            assert "/login/" in answer["Location"]


@pytest.fixture(autouse=True)
def as_many_calls_as_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fast machine makes more calls in a second than an account may."""
    monkeypatch.setattr(throttling, "CALLS_A_SECOND", 10**6)


def test_every_id_in_an_address_has_a_kind() -> None:
    for route in routes():
        kind_of(route)  # KeyError: add the new prefix to KINDS
    heads = {route.partition("<")[0] for route in routes() if "<" in route}
    assert set(KINDS) <= heads


def comparable(body: bytes, *secrets: object) -> bytes:
    for secret in secrets:
        body = body.replace(str(secret).encode(), b"ID")
    return re.sub(rb'(csrfmiddlewaretoken" value=)"[^"]+"', rb"\1", body)


def test_another_patients_document_is_like_a_missing_one_by_every_route(
    ids: dict[str, Any], sign_in: SignIn, holder: User
) -> None:
    client = sign_in(holder)
    missing = uuid.uuid4()
    for route, verb in product(sorted(DOCUMENT_ROUTES), VERBS):
        there = getattr(client, verb)(address(route, ids))
        nowhere = getattr(client, verb)(address(route, ids | {"document": missing}))
        assert there.status_code in (404, 405)
        assert there.status_code == nowhere.status_code
        assert comparable(there.content, ids["document"], missing) == comparable(
            nowhere.content, ids["document"], missing
        )
    assert SharedDocument.objects.filter(pk=ids["document"], first_read_at=None).exists()


@pytest.mark.parametrize("role", ["is_practitioner", "is_secretary", "is_admin", "is_reader"])
def test_staff_of_another_practice_change_and_see_nothing_whatever_their_role(
    role: str, ids: dict[str, Any], sign_in: SignIn, charlie: User
) -> None:
    others = {name: name == role for name in ("is_practitioner", "is_secretary", "is_admin", "is_reader")}
    Membership.objects.filter(user=charlie).update(**others)
    client = sign_in(charlie)
    _token, secret = issue_token(user=charlie, name="test", scopes=list(Scope), by=None)
    before = rows()
    owned = [route for route in routes() if "<uuid:pk>" in route and kind_of(route) in OWNED and route not in PUBLIC]
    for route, verb in product(owned, VERBS):
        for headers in ({}, {"HTTP_AUTHORIZATION": f"Bearer {secret}"}):
            answer = getattr(client, verb)(address(route, ids), **headers)
            assert answer.status_code in (404, 405), (verb, route, answer.status_code)
    assert rows() == before


def test_an_operator_sees_and_changes_nothing_of_any_practice(
    ids: dict[str, Any], sign_in: SignIn, root: User
) -> None:
    client = sign_in(root)
    _token, secret = issue_token(user=root, name="test", scopes=list(Scope), by=None)
    before = rows()
    owned = {route for route in routes() if "<uuid:pk>" in route and kind_of(route) in OWNED}
    staffs = {route for route in routes() if route.startswith("pro/") and route != "pro/"}
    walked = sorted((owned | staffs) - PUBLIC - set(of_operators()))
    assert len(walked) > 100
    for route, verb in product(walked, VERBS):
        by_token = {"HTTP_AUTHORIZATION": f"Bearer {secret}"}
        for headers in ({}, by_token) if route.startswith("api/") else ({},):
            answer = getattr(client, verb)(address(route, ids), **headers)
            assert answer.status_code in (404, 405), (verb, route, answer.status_code)
    assert rows() == before


def of_operators() -> list[str]:
    return [route for route in routes() if route.startswith(OPERATORS)]


@pytest.mark.parametrize("who", ["holder", "alice", "carol", "rita", "charlie"])
def test_operators_addresses_do_not_exist_for_others(
    who: str, request: pytest.FixtureRequest, ids: dict[str, Any], sign_in: SignIn
) -> None:
    client = sign_in(request.getfixturevalue(who))
    Membership.objects.update(is_admin=True)
    before = rows()
    assert len(of_operators()) == 6
    for route, verb in product(of_operators(), VERBS):
        assert getattr(client, verb)(address(route, ids)).status_code == 404, (verb, route)
    assert rows() == before


def test_no_page_of_an_operator_names_a_patient_or_a_document(
    ids: dict[str, Any], sign_in: SignIn, root: User
) -> None:
    client = sign_in(root)
    for route in of_operators():
        shown = client.get(address(route, ids)).content.decode()
        for secret in ("Durand", "ana.costa", "Ordonnance", str(ids["appointment"]), str(ids["patient"])):
            assert secret not in shown, (route, secret)


def test_no_address_puts_one_persons_object_below_anothers() -> None:
    """With two ids in an address, each would have to be checked against the other."""
    twice = [route for route in routes() if route.count("<uuid:") > 1]
    accesses = [route for route in twice if "/accesses/" in route]  # tests/documents/test_accesses.py
    assert len(accesses) == 2
    filled = [route for route in twice if "/fill/" in route]  # of one practice: tests/documents/test_filled.py
    assert len(filled) == 2
    others = set(twice) - set(accesses) - set(filled)
    assert {route.split("/")[0] for route in others} == {"book"}  # agenda and reason: tested with booking


def test_search_lists_and_counters_hold_nothing_of_another_practice(
    ids: dict[str, Any], sign_in: SignIn, charlie: User
) -> None:
    client = sign_in(charlie)
    for page in ("/pro/", "/pro/?view=week", "/pro/patients/", "/pro/patients/?q=durand", "/pro/library/"):
        shown = client.get(page).content.decode()
        for secret in ("Durand", "Marie", "Costa", "Plan d’accès", str(ids["appointment"]), str(ids["patient"])):
            assert secret not in shown, (page, secret)


def test_a_signature_is_fetched_and_replaced_by_its_owner_alone(
    ids: dict[str, Any], sign_in: SignIn, alice: User, bob: User, charlie: User, holder: User
) -> None:
    png = bytes(SignatureImage.objects.get(user=alice).png)
    for other in (bob, charlie, holder):
        assert sign_in(other).get("/pro/signature/image/").status_code == 404
        sign_in(other).post("/pro/signature/", {"user": str(alice.pk), "drawing": "data:image/png;base64,AAAA"})
    assert bytes(SignatureImage.objects.get(user=alice).png) == png
    assert not SignatureImage.objects.exclude(user=alice).exists()


@pytest.mark.parametrize(
    "path", ["/files/", "/media/", "/data/files/", "/protected/", "/accel/", "/static/../data/docshare.sqlite3"]
)
def test_no_direct_address_of_stored_bytes(path: str, ids: dict[str, Any], sign_in: SignIn, alice: User) -> None:
    key = SharedDocument.objects.get(pk=ids["document"]).file.key
    for client in (Client(), sign_in(alice)):
        assert client.get(path + key).status_code in (302, 404)
        assert client.get(path).status_code in (302, 404)


NOT_COMPARED = {"django_session", "usersessions_usersession", "accounts_apitoken"}  # and the last use of a token


def rows() -> dict[str, str]:
    """A digest of every table except those of sessions."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table not in NOT_COMPARED:
                cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
                found[table] = hashlib.sha256(repr(sorted(map(repr, cursor.fetchall()))).encode()).hexdigest()
    return found


def crawl(client: Client, starts: list[str]) -> set[str]:
    """Follows every GET link of pages, from these on."""
    seen: set[str] = set()
    waiting = list(starts)
    while waiting:
        path = waiting.pop()
        if path in seen or len(seen) > 300:
            continue
        seen.add(path)
        answer = client.get(path)
        assert answer.status_code < 500, path
        if answer.status_code == 200 and "html" in answer["Content-Type"]:
            links = re.findall(r'(?:href|src|hx-get)="(/[^"#]*)', answer.content.decode())
            waiting += [link.replace("&amp;", "&") for link in links if not link.startswith("/static/")]
    return seen


@pytest.mark.parametrize("who", ["nobody", "marias_account", "holder", "alice", "carol", "rita", "root"])
def test_no_get_changes_anything(
    who: str, request: pytest.FixtureRequest, ids: dict[str, Any], sign_in: SignIn
) -> None:
    client = Client() if who == "nobody" else sign_in(request.getfixturevalue(who))
    own = f"/documents/{ids['document']}/"
    token = address("invitation/<str:token>/", ids)
    starts = ["/", "/documents/", "/my-appointments/", "/my-account/", "/pro/", "/book/", own, token]
    starts += [address(route, ids) for route in routes() if "^" not in route and route not in FOR_MONITORS]
    before = rows()
    seen = crawl(client, starts)
    assert len(seen) > len(routes()) / 2
    after = rows()
    written = {table for table in after if after[table] != before[table]}
    assert written <= WRITTEN_BY_A_PROGRAMS_GET | KEPT | (NOTED_BY_MONITORS if who == "root" else set())


# 503 where no worker runs; its first call notes which keys are in use.
FOR_MONITORS = {"healthz/system", "metrics", "readyz"}
NOTED_BY_MONITORS = {"notifications_keycheck"}  # an operator's pages lead to them
KEPT = {"files_keptpage"}  # derived from bytes, whoever asks first (docs/decisions/0058)
# A program's GET of the bytes is a reading, which is recorded (contract of the API; docs/decisions/0005).
WRITTEN_BY_A_PROGRAMS_GET = {"audit_auditevent", "documents_documentreading", "documents_shareddocument"}


@pytest.mark.parametrize("who", ["marias_account", "alice", "root"])
def test_nothing_behind_sign_in_stays_in_a_cache(
    who: str, request: pytest.FixtureRequest, ids: dict[str, Any], sign_in: SignIn
) -> None:
    client = sign_in(request.getfixturevalue(who))
    for route in routes():
        answer = client.get(address(route, ids))
        if answer.status_code == 200 and route not in PUBLIC:
            assert "no-store" in answer["Cache-Control"], route


def test_every_change_needs_the_token_of_the_form(ids: dict[str, Any], alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    for route in routes():
        if route.startswith(("invitation/<", "join/<", "d/<", "o/<", "r/<", "start/<")):
            continue  # the unguessable address authorises them (portals/patient/invitation.py)
        if route in ("api/v1/verify/", "api/v1/agendas/<uuid:pk>/slots/"):
            continue  # open to all, without a session
        answer = client.post(address(route, ids))
        assert answer.status_code in (403, 404, 405), (route, answer.status_code)


@pytest.mark.parametrize(
    "next_page", ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)"]
)
def test_sign_in_leads_nowhere_else(next_page: str, alice: User) -> None:
    answer = Client().post("/account/login/", {"login": alice.email, "password": PASSWORD, "next": next_page})
    assert answer.status_code == 302
    assert "evil" not in answer["Location"]
    assert "javascript" not in answer["Location"]


def test_links_in_messages_come_from_our_settings_not_from_the_request(alice: User) -> None:
    EmailAddress.objects.create(user=alice, email=alice.email, verified=True, primary=True)
    answer = Client().post(
        "/account/password/reset/",
        {"email": alice.email},
        HTTP_HOST="127.0.0.1:6666",  # an allowed host, but not the site's address
        HTTP_X_FORWARDED_HOST="evil.example",
    )
    assert answer.status_code == 302
    links = re.findall(r"https?://\S+", Message.objects.get(to=alice.email).body)
    assert links
    assert [link for link in links if not link.startswith(f"{settings.PUBLIC_URL}/")] == []
    assert Client().get("/account/login/", HTTP_HOST="evil.example").status_code == 400
