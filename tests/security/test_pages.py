"""What pages tell, change, keep and let through: secondary routes, files, GET, headers, cookies, redirects, forms."""

from __future__ import annotations

import io
import re
import uuid
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings as site
from django.contrib import admin
from django.test import Client
from django.urls import get_resolver, reverse

from accounts.models import KnownDevice, Membership, Practice, User
from appointments.models import Appointment, BookedFor
from audit.models import AuditEvent
from audit.trail import record
from documents.files.intake import Intake
from documents.files.serving import ACCEL_PREFIX
from documents.models import Category, DocumentReading, LibraryDocument, SharedDocument
from documents.sharing import share_upload
from notifications.models import Message
from patients.invitations import invitation_for, invitation_url
from patients.models import Invitation, InvitationEnd, Patient
from tests.conftest import PASSWORD, BookFixture
from tests.documents.conftest import PDF
from tests.security.addresses import ADMINISTRATION, address, routes
from tests.security.test_addresses import PUBLIC, crawl, rows

SignIn = Callable[[User], Client]


def text(answer: Any) -> str:
    content: bytes = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return content.decode(errors="replace")


# --- Case 6: the secondary routes --------------------------------------------------------------------------------


@pytest.fixture
def secrets(ids: dict[str, Any], practice: Practice) -> list[str]:
    """Words and ids of Les Lilas that no page of anybody outside may hold."""
    Membership.objects.filter(practice=practice, user__first_name="Bob").update(is_reader=True)
    kept = [str(ids[kind]) for kind in ("document", "appointment", "patient", "library", "rule", "sending")]
    return [*kept, "Durand", "Ana Costa", "marie.durand", "33612345678", "Ordonnance de Marie", "Plan d’accès"]


LISTS_OF_STAFF = [
    "/pro/",
    "/pro/?view=week",
    "/pro/?practice={practice}",
    "/pro/?practice={practice}&view=week",
    "/pro/appointments/new/",
    "/pro/appointments/new/?practice={practice}&agenda={agenda}",
    "/pro/patients/",
    "/pro/patients/?q=durand",
    "/pro/patients/?q=06 12 34 56 78",
    "/pro/patients/?q=courriel.example",
    "/pro/library/",
    "/pro/library/?q=plan",
    "/pro/rules/",
    "/pro/rules/new/",
    "/api/v1/patients/",
    "/api/v1/patients/?search=durand",
    "/api/v1/patients/?practice={practice}",
    "/api/v1/agendas/",
    "/api/v1/visit-reasons/",
    "/api/v1/appointments/",
    "/api/v1/appointments/?patient={patient}",
    "/api/v1/appointments/?agenda={agenda}",
    "/api/v1/library/",
    "/api/v1/auto-send-rules/",
    "/api/v1/auto-send-rules/?practice={practice}",
]
LISTS_OF_PATIENTS = [
    "/documents/",
    "/documents/?person={patient}",
    "/documents/?practice={practice}",
    "/documents/?after={document}",
    "/my-appointments/",
    "/my-account/",
    "/api/v1/me/",
    "/api/v1/me/documents/",
    "/api/v1/me/documents/?patient={patient}",
    "/api/v1/me/documents/?practice={practice}",
]


def told(client: Client, pages: list[str], ids: dict[str, Any], secrets: list[str]) -> list[tuple[str, str]]:
    found = []
    for page in pages:
        asked = page.format(**ids)
        answer = client.get(asked)
        assert answer.status_code in (200, 400, 404), (asked, answer.status_code)
        shown = text(answer).replace(asked.partition("?")[2], "")
        for secret in secrets:
            # What one typed oneself is shown again.
            if secret in shown and secret not in asked and f'value="{secret.lower()}"' not in shown:
                found.append((asked, secret))
    return found


def test_case_6_lists_search_and_filters_of_another_practice_hold_nothing_of_ours(
    ids: dict[str, Any], secrets: list[str], sign_in: SignIn, charlie: User, alice: User
) -> None:
    assert told(sign_in(charlie), LISTS_OF_STAFF + LISTS_OF_PATIENTS, ids, secrets) == []
    seen_by_us = {secret for _page, secret in told(sign_in(alice), LISTS_OF_STAFF, ids, secrets)}
    assert {"Durand", "Ana Costa", "Plan d’accès", str(ids["appointment"])} <= seen_by_us  # the walk finds them


def test_case_6_lists_and_filters_of_another_patient_hold_nothing_of_hers(
    ids: dict[str, Any], secrets: list[str], sign_in: SignIn, holder: User, marias_account: User
) -> None:
    assert told(sign_in(holder), LISTS_OF_PATIENTS, ids, secrets) == []
    assert {"Durand", "Ordonnance de Marie"} <= {
        secret for _page, secret in told(sign_in(marias_account), LISTS_OF_PATIENTS, ids, secrets)
    }


def test_case_6_a_counter_counts_nothing_of_another_practice(
    ids: dict[str, Any], sign_in: SignIn, charlie: User
) -> None:
    client = sign_in(charlie)
    for path in ("patients", "appointments", "library", "auto-send-rules", "agendas", "visit-reasons"):
        body = client.get(f"/api/v1/{path}/").json()
        assert body["results"] == [], path
        assert not any(isinstance(value, int) and value for value in body.values()), path


def test_case_6_the_history_of_an_appointment_is_its_own(
    ids: dict[str, Any],
    sign_in: SignIn,
    alice: User,
    book_for: BookFixture,
    marie: Patient,
    stranger: Patient,
    charlie: User,
    other_practice: Practice,
) -> None:
    """Neither another appointment's lines, nor another practice's."""
    other = book_for(marie)
    record("document.shared", by=charlie, on=stranger, practice=other_practice, within=other_practice.pk)
    record("contact.changed", by=charlie, on=stranger, practice=other_practice)
    client = sign_in(alice)
    page = client.get(f"/pro/appointments/{other.pk}/history/").content.decode()
    lines = client.get(f"/api/v1/appointments/{other.pk}/history/").json()["results"]
    assert [line["action"] for line in lines] == ["appointment.booked"]
    assert "Document partagé" not in page
    assert "Charlie" not in page
    assert AuditEvent.objects.filter(action="document.shared").count() >= 2


def test_case_6_the_outbox_is_no_page_where_messages_really_leave(ids: dict[str, Any], settings: Any) -> None:
    settings.PRODUCTION = True
    assert Client().get("/outbox/").status_code == 404


def test_case_6_an_invitation_tells_a_stranger_nothing_of_the_record(ids: dict[str, Any], marie: Patient) -> None:
    """A mail scanner, or whoever shares the mailbox: no birth date, no document, no full number, before any proof."""
    path = invitation_url(invitation_for(patient=marie, by=None)).removeprefix(site.PUBLIC_URL)
    client = Client()
    pages = [text(client.get(path)), text(client.post(path, follow=True))]
    for page in pages:
        for secret in ("1941", "Ordonnance", "Prescription", "suivi", "33612345678", "06 12 34 56 78"):
            assert secret not in page, secret


# --- Cases 9 and 10: files ---------------------------------------------------------------------------------------


def test_case_9_the_zip_holds_only_mine(
    ids: dict[str, Any],
    sign_in: SignIn,
    marias_account: User,
    holder: User,
    book_for: BookFixture,
    receive: Callable[..., Intake],
    prescription: Category,
    bob: User,
    access_plan: LibraryDocument,
) -> None:
    """Hugo's and Ana's beside Marie's, in the same practice, under the same name."""
    of_hugo = Patient.objects.create(
        practice=access_plan.practice,
        first_name="Hugo",
        last_name="Martin",
        birth_date=holder.birth_date or "",
        email="hugo.martin@courriel.example",
        mobile="+33698765432",
    )
    booked = book_for(of_hugo, holder=holder, booked_for=BookedFor.MINOR_RELATIVE)
    Patient.objects.filter(pk=of_hugo.pk).update(birth_date="2020-01-01")
    booked.refresh_from_db()
    marked = PDF + b"\n% of Hugo"
    share_upload(
        appointment=Appointment.objects.get(pk=booked.pk),
        intake=receive(content=marked),
        category=prescription,
        title="",
        placement=None,
        by=bob,
    )

    def in_zip(user: User) -> list[bytes]:
        answer: Any = sign_in(user).post("/documents/zip/", {"document": str(ids["document"]), "user": str(user.pk)})
        archive = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
        return [archive.read(name) for name in archive.namelist()]

    assert in_zip(marias_account) == [PDF]
    plan = b"".join(_chunks(access_plan))
    assert marked in in_zip(holder)
    assert set(in_zip(holder)) <= {marked, plan}
    assert SharedDocument.objects.count() > 2
    readers = set(DocumentReading.objects.filter(document=ids["document"]).values_list("reader_id", flat=True))
    assert readers == {marias_account.pk}


def _chunks(document: LibraryDocument) -> Iterator[bytes]:
    from documents.files import storage

    with storage.open_(document.current.file) as file:
        yield file.read()


def test_case_10_stored_bytes_have_no_address_of_their_own(
    ids: dict[str, Any], sign_in: SignIn, alice: User, marias_account: User, settings: Any
) -> None:
    """Not even the one that nginx is sent to, for those who may read the document."""
    stored = SharedDocument.objects.get(pk=ids["document"]).file
    settings.DOCUMENT_SERVING = "accel"
    reader = sign_in(marias_account)
    answer = reader.post(f"/documents/{ids['document']}/download/")
    inside = answer["X-Accel-Redirect"]
    assert inside == ACCEL_PREFIX + stored.key
    assert answer.content == b""
    folders = [ACCEL_PREFIX, "/files/", "/data/files/", "/media/", "/uploads/", "/unused/", "/static/../files/", "/"]
    for client in (Client(), reader, sign_in(alice)):
        for folder in folders:
            for end in (stored.key, stored.key.split("/")[1], str(stored.pk)):
                assert client.get(folder + end).status_code == 404, folder + end
                assert client.get(folder + end + "/").status_code in (302, 404), folder + end


def test_case_10_nginx_keeps_the_internal_path_to_itself() -> None:
    found = [path for path in site.BASE_DIR.glob("deploy/**/*nginx*") if path.is_file()]
    assert found
    told = "\n".join(path.read_text() for path in found)
    place = re.search(rf"location\s+(?:\^~\s+)?{ACCEL_PREFIX}?\s*\{{([^}}]*)\}}", told)
    assert place
    assert re.search(r"^\s*internal;", place[1], re.MULTILINE)


# --- Case 13: GET ------------------------------------------------------------------------------------------------


@pytest.fixture
def superuser(db: None) -> User:
    """Of the installation: the only one who comes into the administration."""
    user = User.objects.create_superuser("root@lilas.example", PASSWORD, first_name="Ada", last_name="Root")
    user.emailaddress_set.create(email=user.email, verified=True, primary=True)
    return user


@pytest.mark.parametrize("who", ["nobody", "marias_account", "holder", "alice", "carol", "rita", "superuser"])
def test_case_13_no_page_that_anybody_reaches_by_links_changes_a_single_row(
    who: str, request: pytest.FixtureRequest, ids: dict[str, Any], sign_in: SignIn, superuser: User
) -> None:
    """Every table but those of sessions. Bytes asked for by a program are a reading: those addresses alone are out."""
    client = Client() if who == "nobody" else sign_in(request.getfixturevalue(who))
    starts = ["/", "/book/", "/account/login/", "/account/2fa/", "/account/email/", "/account/sessions/", "/outbox/"]
    starts += [address(route, ids) for route in routes() if "^" not in route and not is_content_of_api(route)]
    if who == "marias_account":
        client.post(f"/documents/{ids['document']}/open/")  # from now on its pages are shown
        starts.append(f"/documents/{ids['document']}/")
    if who == "superuser":
        starts.append("/admin/")
        for model in admin.site._registry:
            listing = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
            starts += [listing, f"{listing}add/"]
            starts += [f"{listing}{one.pk}/{page}/" for one in model._default_manager.all()[:2] for page in PAGES]
    before = rows()
    seen = crawl(client, starts)
    after = rows()
    assert {table for table in after if after[table] != before[table]} == set()
    assert len(seen) >= len(set(starts))
    if who == "marias_account":
        assert client.get(f"/documents/{ids['document']}/pages/1/").status_code == 200


PAGES = ("change", "delete", "history")


def is_content_of_api(route: str) -> bool:
    return route.startswith("api/") and route.endswith("content/") and "library" not in route


@pytest.mark.parametrize("method", ["head", "options"])
def test_case_13_nor_does_head_or_options(
    method: str, ids: dict[str, Any], sign_in: SignIn, marias_account: User, alice: User
) -> None:
    for user in (marias_account, alice):
        client, before = sign_in(user), rows()
        for route in routes():
            answer = getattr(client, method)(address(route, ids))
            assert answer.status_code < 500, route
        assert rows() == before


def test_case_13_a_link_that_a_scanner_opens_and_opens_again_is_still_good(
    ids: dict[str, Any], marie: Patient
) -> None:
    path = address("invitation/<str:token>/", ids)
    for _ in range(3):
        scanner = Client()
        assert scanner.get(path).status_code == 200
        assert scanner.get("/invitation/code/").status_code == 404
    assert Invitation.objects.live().count() == 1
    assert not Message.objects.filter(channel="sms", body__contains="code").exists()
    for _ in range(3):
        assert Client().get(address("d/<str:token>", ids)).status_code == 200
        assert Client().get(address("d/<str:token>/<int:number>", ids)).status_code == 405
    assert not SharedDocument.objects.exclude(first_read_at=None).exists()


# --- Case 14: addresses that hold a token -------------------------------------------------------------------------


def reset_link(user: User) -> str:
    Client().post("/account/password/reset/", {"email": user.email})
    found = re.search(
        r"/account/password/reset/key/\S+", Message.objects.filter(to=user.email).latest("created_at").body
    )
    assert found
    return found[0]


def email_link(sign_in: SignIn, user: User) -> str:
    client = sign_in(user)
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    client.post("/account/email/", {"action_add": "", "email": "nouveau@courriel.example"})
    found = re.search(r"/account/confirm-email/\S+", Message.objects.get(to="nouveau@courriel.example").body)
    assert found
    return found[0]


def test_case_14_a_page_whose_address_holds_a_token_tells_no_site_where_one_came_from(
    ids: dict[str, Any], holder: User, sign_in: SignIn
) -> None:
    """Whatever the page says: open, over, read, used; the redirect away from it as well."""
    invitation, link = address("invitation/<str:token>/", ids), address("d/<str:token>", ids)
    reset, email = reset_link(holder), email_link(sign_in, holder)
    client = Client()
    answers = {
        "invitation": client.get(invitation),
        "invitation, button": client.post(invitation),
        "automatic documents": client.get(link),
        "automatic document, button": client.post(f"{link}/1"),
        "new password": client.get(reset),
        "new password, bad": client.get(reset[:-3] + "zz/"),
        "new email": client.get(email),
    }
    Invitation.objects.update(ended_at="2026-01-01T00:00Z", end=InvitationEnd.WITHDRAWN)
    answers["invitation that is over"] = client.get(invitation)
    answers["invitation, renewed"] = client.post(f"{invitation}renew/")
    policies = {name: answer["Referrer-Policy"] for name, answer in answers.items()}
    assert {name: policy for name, policy in policies.items() if policy != "no-referrer"} == {}


def test_case_14_no_page_asks_anything_of_another_site(
    ids: dict[str, Any], sign_in: SignIn, marias_account: User, alice: User
) -> None:
    for client in (Client(), sign_in(marias_account), sign_in(alice)):
        for route in routes():
            answer = client.get(address(route, ids))
            policy = answer.headers.get("Content-Security-Policy", "")
            assert "default-src 'none'" in policy, route
            assert not re.search(r"https?:|\*|unsafe-inline|unsafe-eval", policy.replace("'wasm-unsafe-eval'", "")), (
                route
            )
            if "html" in answer["Content-Type"] and not answer.streaming:
                asked = re.findall(
                    r'<(?:script|img|link|iframe|form|source)[^>]+(?:src|href|action)="([^"]+)"', text(answer)
                )
                outside = [one for one in asked if re.match(r"(?:[a-z]+:)?//", one)]
                assert outside == [], route


# --- Case 16: redirects and hosts -----------------------------------------------------------------------------------

ELSEWHERE = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https://evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "/\t/evil.example",
    "http://testserver@evil.example/",
]


def leads_away(answer: Any) -> bool:
    place = answer.headers.get("Location", "")
    return (
        bool(re.match(r"\s*(?:[a-z][a-z+.-]*:|[/\\][\t\n]*[/\\])", place, re.IGNORECASE))
        or "evil" in (place.partition("?")[0])
    )


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
def test_case_16_no_next_page_is_on_another_site(
    elsewhere: str, holder: User, alice: User, sign_in: SignIn, settings: Any
) -> None:
    """At sign-in, after the code on a new device, already signed in, signing out, signing in again."""
    settings.ACCOUNT_RATE_LIMITS = False
    alice.emailaddress_set.create(email=alice.email, verified=True, primary=True)
    credentials = {"login": alice.email, "password": PASSWORD}
    query = {"next": elsewhere}
    answers = [
        Client().post("/account/login/", {**credentials, **query}),
        Client().post("/account/login/", credentials, query_params=query),
        sign_in(alice).get("/account/login/", query),
        sign_in(alice).post("/account/logout/", query),
        sign_in(alice).post("/account/logout/", query_params=query),
        sign_in(alice).post("/account/reauthenticate/", {"password": PASSWORD, **query}),
        sign_in(alice).post("/account/reauthenticate/", {"password": PASSWORD}, query_params=query),
    ]
    client = Client()
    client.post("/account/login/", {"login": holder.email, "password": PASSWORD, **query})
    code = Message.objects.filter(channel="sms", to=holder.mobile).latest("created_at").body[:6]
    answers.append(client.post("/account/device/", {"code": code}))
    assert client.get("/my-account/").status_code == 200
    assert [answer["Location"] for answer in answers if leads_away(answer)] == []
    page = Client().get("/account/login/", query)
    assert not re.search(r'href="[^"]*evil', text(page).replace("next=", "").replace("%2F%2Fevil", ""))


def test_case_16_another_host_is_refused_and_the_proxys_is_ignored(ids: dict[str, Any], alice: User) -> None:
    client = Client()
    for host in (
        "evil.example",
        "localhost.evil.example",
        "localhost@evil.example",
        "evil.example:80",
        "localhost:x",
    ):
        for route in ("", "account/login/", "healthz", "api/v1/me/", "invitation/<str:token>/", "d/<str:token>"):
            assert client.get(address(route, ids), headers={"host": host}).status_code == 400, (host, route)
    outside = {
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Server": "evil.example",
        "X-Forwarded-Port": "6666",
        "Forwarded": "host=evil.example",
        "X-Original-URL": "/admin/",
        "X-Rewrite-URL": "/admin/",
        "X-HTTP-Method-Override": "DELETE",
    }
    for route in ("", "account/login/", "healthz", "book/", "invitation/<str:token>/", "my-account/"):
        plain, forwarded = client.get(address(route, ids)), client.get(address(route, ids), headers=outside)
        assert forwarded.status_code == plain.status_code
        assert forwarded.headers.get("Location") == plain.headers.get("Location")
        assert "evil" not in text(forwarded)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:6666"])
def test_case_16_links_in_messages_are_built_from_public_url(
    host: str, holder: User, sign_in: SignIn, settings: Any
) -> None:
    """Also when the request came by another name that is let in."""
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "127.0.0.1", "localhost"]
    Client().post("/account/password/reset/", {"email": holder.email}, headers={"host": host})
    Client().post("/account/password/reset/", {"email": "personne@courriel.example"}, headers={"host": host})
    links = [link for message in Message.objects.all() for link in re.findall(r"https?://\S+", message.body)]
    assert links
    assert [link for link in links if not link.startswith(f"{site.PUBLIC_URL}/")] == []


# --- Case 23: caches, cookies, forms ----------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["marias_account", "alice"])
def test_case_23_no_file_stays_in_a_cache_however_it_is_fetched(
    who: str, request: pytest.FixtureRequest, ids: dict[str, Any], sign_in: SignIn
) -> None:
    client = sign_in(request.getfixturevalue(who))
    document, library = ids["document"], ids["library"]
    if who == "alice":
        answers = [
            client.post(f"/pro/documents/{document}/download/"),
            client.get(f"/pro/library/{library}/content/"),
            client.get(f"/api/v1/documents/{document}/content/"),
            client.get(f"/api/v1/documents/{document}/content/", headers={"range": "bytes=0-9"}),
            client.get(f"/api/v1/library/{library}/content/"),
            client.get("/pro/signature/image/"),
        ]
    else:
        client.post(f"/documents/{document}/open/")
        answers = [
            client.post(f"/documents/{document}/download/"),
            client.post("/documents/zip/"),
            client.get(f"/documents/{document}/pages/1/"),
            client.get(f"/api/v1/me/documents/{document}/content/"),
            client.get(f"/my-appointments/{ids['appointment']}/calendar.ics"),
            client.post(f"{address('d/<str:token>', ids)}/1"),
        ]
    for number, answer in enumerate(answers):
        assert answer.status_code in (200, 206), number
        assert "no-store" in answer["Cache-Control"], number
        assert answer["X-Content-Type-Options"] == "nosniff", number
        text(answer)


def test_case_23_refusals_and_redirects_stay_in_no_cache_either(
    ids: dict[str, Any], sign_in: SignIn, holder: User
) -> None:
    for client in (Client(), sign_in(holder)):
        for route in routes():
            if route in PUBLIC and client.get(address(route, ids)).status_code == 200:
                continue
            for answer in (client.get(address(route, ids)), client.post(address(route, ids))):
                assert "no-store" in answer.headers.get("Cache-Control", ""), (route, answer.status_code)


def cookies_of(holder: User, sign_in: SignIn, alice: User, marie: Patient) -> dict[str, Any]:
    """Every cookie that is set on the way of somebody who signs in, changes things and signs out; and of staff."""
    client, staff = Client(), Client()
    found: dict[str, Any] = {}

    def keep(*answers: Any) -> None:
        for answer in answers:
            found.update({name: cookie for name, cookie in answer.cookies.items() if cookie.value})

    keep(client.get("/account/login/"))
    keep(client.post("/account/login/", {"login": holder.email, "password": PASSWORD}))
    code = Message.objects.filter(channel="sms", to=holder.mobile).latest("created_at").body[:6]
    keep(client.post("/account/device/", {"code": code, "remember": "1"}))
    keep(client.get("/my-account/"), client.post("/my-account/", {"language": "fr"}), client.get("/my-account/"))
    staff.force_login(alice)
    keep(staff.get(f"/pro/patients/{marie.pk}/"))
    keep(staff.post(f"/pro/patients/{marie.pk}/", {"email": marie.email, "mobile": "0611223344"}))
    keep(client.post("/account/logout/"))
    return found


def test_case_23_cookies_are_for_this_site_alone(
    holder: User, sign_in: SignIn, alice: User, marie: Patient, settings: Any
) -> None:
    """As they are set where PUBLIC_URL is https: `__Host-` needs Secure, Path=/, no Domain."""
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME = "__Host-session", "__Host-csrf"
    found = cookies_of(holder, sign_in, alice, marie)
    assert {"__Host-session", "__Host-csrf"} <= set(found)
    assert KnownDevice.objects.exists()
    for name, cookie in found.items():
        assert cookie["secure"], name
        assert cookie["samesite"] in ("Lax", "Strict"), name
        assert (cookie["path"], cookie["domain"]) == ("/", ""), name
        assert bool(cookie["httponly"]) is (name != "__Host-csrf"), name


def test_case_23_every_cookie_is_a_host_cookie(
    holder: User, sign_in: SignIn, alice: User, marie: Patient, settings: Any
) -> None:
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME = "__Host-session", "__Host-csrf"
    names = set(cookies_of(holder, sign_in, alice, marie))
    assert {name for name in names if not name.startswith("__Host-")} == set()


# Without a session to be ridden: what lets one act is the unguessable address (portals/patient/invitation.py), or
# nothing at all is changed.
WITHOUT_TOKEN = {
    "invitation/<str:token>/",
    "invitation/<str:token>/renew/",
    "d/<str:token>/<int:number>",
    "api/v1/verify/",
}


@pytest.mark.parametrize("who", ["nobody", "marias_account", "alice", "carol"])
def test_case_23_no_form_is_taken_from_another_site(
    who: str, request: pytest.FixtureRequest, ids: dict[str, Any], sign_in: SignIn
) -> None:
    """Each POST address, and each other verb of the API, without the token and with a wrong one."""
    client = Client(enforce_csrf_checks=True)
    if who != "nobody":
        client.force_login(request.getfixturevalue(who))
    before = rows()
    taken = []
    for route in routes():
        if route in WITHOUT_TOKEN or route.startswith("api/v1/^"):
            continue
        verbs = ("post", "patch", "put", "delete") if route.startswith("api/") else ("post",)
        for verb in verbs:
            for headers in ({}, {"X-CSRFToken": "a" * 64, "Origin": "https://evil.example"}):
                code = getattr(client, verb)(address(route, ids), headers=headers).status_code
                # DRF asks who calls before it asks for the token; addresses without a session refuse the verb.
                refused = (403, 401, 404, 405) if route.startswith("api/") else (403,)
                if code not in refused:
                    taken.append((verb, route, code))
    assert taken == []
    assert rows() == before


def test_case_23_the_addresses_that_need_no_token_are_these_alone() -> None:
    exempt = {
        route for route, view in views() if getattr(view, "csrf_exempt", False) and not route.startswith("api/")
    }
    assert exempt == {route for route in WITHOUT_TOKEN if not route.startswith("api/")}
    for route, view in views():
        if route.startswith("api/") and "^" not in route:
            assert hasattr(view, "cls"), route  # DRF's own: the session asks for the token in SessionAuthentication


def views() -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []

    def walk(patterns: list[Any], before: str) -> None:
        for pattern in patterns:
            route = before + str(pattern.pattern)
            if hasattr(pattern, "url_patterns"):
                walk(pattern.url_patterns, route)
            elif not route.startswith(ADMINISTRATION):
                found.append((route, pattern.callback))

    walk(get_resolver().url_patterns, "")
    return found


def test_case_23_signing_out_is_a_button_and_empties_the_cache(sign_in: SignIn, holder: User) -> None:
    client = sign_in(holder)
    client.get("/account/logout/")
    assert client.get("/my-account/").status_code == 200
    answer = client.post("/account/logout/")
    assert "cache" in answer["Clear-Site-Data"]
    assert client.get("/my-account/").status_code == 302


# --- Case 2, of the administration ----------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["nobody", "alice", "carol", "marias_account", "charlie"])
def test_case_2_every_address_of_the_administration_refuses_everybody_but_its_own(
    who: str, request: pytest.FixtureRequest, ids: dict[str, Any], sign_in: SignIn, superuser: User
) -> None:
    """Walked pattern by pattern, by both methods. Administrators of a practice are none of the installation's."""
    client = Client() if who == "nobody" else sign_in(request.getfixturevalue(who))
    before = rows()
    places = []
    for model in admin.site._registry:
        one = model._default_manager.first()
        listing = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        pages = [f"{listing}{one.pk}/{page}/" for page in PAGES] if one else []
        places += [listing, f"{listing}add/", *pages]
    places += [
        "/admin/",
        "/admin/jsi18n/",
        "/admin/autocomplete/",
        "/admin/password_change/",
        f"/admin/r/1/{uuid.uuid4()}/",
    ]
    assert len(places) > 15
    for place in places:
        for answer in (client.get(place), client.post(place)):
            refused = answer.status_code in (403, 404) or (
                answer.status_code == 302 and "/login/" in answer["Location"]
            )
            assert refused, (place, answer.status_code)
    assert rows() == before
