"""No box for a consent or a longer access is ticked by default."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts.models import KnownDevice, User
from appointments.models import Appointment
from documents.models import LibraryDocument
from documents.sharing.share import share_library_document
from patients.models import Patient
from practices.models import Membership
from tests.accounts.people import with_proved_mailbox
from tests.conftest import PASSWORD
from tests.security.addresses import address, routes
from tests.security.conftest import *  # noqa: F403  # objects for every address
from tests.security.test_sign_in import code_sent_to, follow

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
# A form for a new object may propose defaults. Each with its reason.
PROPOSED = {
    ("pro/rules/new/", "channels"): "how an automatic document is sent; nothing is sent before the rule is saved",
    ("pro/rules/new/", "active"): "a rule is made to be active",
    ("pro/settings/agendas/new/", "online"): "open like the practice, whose own page says to whom",
    **{
        ("pro/settings/visit-reasons/new/", name): "offered as the practice works; its own page says to whom"
        for name in ("agendas", "kinds", "online")
    },
    ("pro/settings/visit-reasons/ready-made/", "agendas"): "offered where the practice works",
    ("pro/settings/online/", "listed"): "the setting as it is stored",
    ("pro/settings/instructions/new/", "in_messages"): "where the practice's own text is shown",
}
STORED = re.compile(r"<(uuid|int|str):pk>")  # the page of an existing object shows its values
TICKED_ALWAYS = re.compile(r"""<input\b(?=[^>]*type=["']?(?:checkbox|radio))[^>{%]*\schecked\b""")


class Ticked(HTMLParser):
    """Names of ticked check boxes, and of switches that are on."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "input" and given.get("type") == "checkbox" and "checked" in given and "disabled" not in given:
            self.names.append(given.get("name") or "")


def ticked(page: str) -> list[str]:
    reader = Ticked()
    reader.feed(page)
    return reader.names


def test_no_form_of_any_page_comes_with_a_box_ticked(
    ids: dict[str, Any], sign_in: SignIn, alice: User, marias_account: User
) -> None:
    Membership.objects.filter(user=alice).update(is_admin=True)
    seen = 0
    for client in (Client(), sign_in(alice), sign_in(marias_account)):
        for route in routes():
            answer = client.get(address(route, ids))
            if STORED.search(route) or answer.status_code != 200 or answer.streaming:
                continue
            if not answer.headers["Content-Type"].startswith("text/html"):
                continue
            seen += 1
            found = {name for name in ticked(answer.content.decode()) if (route, name) not in PROPOSED}
            assert not found, (route, found)
    assert seen > 60


def test_the_pages_of_signing_in_and_of_an_invitation_do_not_propose_to_remember(
    ids: dict[str, Any], marias_account: User
) -> None:
    """They are steps that cannot be reached by address alone."""
    User.objects.filter(pk=marias_account.pk).update(mobile="+33612345678", mobile_verified_at=timezone.now())
    client = Client()
    client.post("/account/login/", {"login": marias_account.email, "password": PASSWORD})
    page = client.get("/account/device/").content.decode()
    assert 'name="remember"' in page
    assert ticked(page) == []
    again = client.post("/account/device/", {"code": "12", "remember": "1"}).content.decode()
    assert ticked(again) == ["remember"]  # the user's own tick stays


@pytest.mark.parametrize("template", sorted(Path(settings.BASE_DIR, "templates").rglob("*.html")), ids=str)
def test_no_template_ticks_a_box_whatever_was_chosen(template: Path) -> None:
    assert not TICKED_ALWAYS.search(template.read_text())


@pytest.mark.parametrize("said", [True, False])
def test_an_account_opened_by_invitation_remembers_the_device_only_where_one_says_so(
    said: bool, marie: Patient, appointment: Appointment, access_plan: LibraryDocument, alice: User
) -> None:
    client = Client()
    share_library_document(appointment=appointment, library_document=access_plan, by=alice)
    follow(client, marie, marie.mobile or "")
    assert ticked(client.get("/invitation/password/").content.decode()) == []
    chosen = {"password": "une phrase facile 42"} | ({"remember": "1"} if said else {})
    assert client.post("/invitation/password/", chosen)["Location"] == "/documents/"
    assert KnownDevice.objects.filter(code_given=True).exists() is said


@pytest.mark.parametrize("said", [True, False])
def test_another_mobile_remembers_the_device_only_where_one_says_so(said: bool, marias_account: User) -> None:
    account = with_proved_mailbox(marias_account)
    User.objects.filter(pk=account.pk).update(mobile="+33612345678", mobile_verified_at=timezone.now())
    client = Client()
    client.post("/account/login/", {"login": account.email, "password": PASSWORD})
    client.post("/account/device/", {"code": code_sent_to("+33612345678")})
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    client.post("/my-account/mobile/", {"mobile": "06 11 22 33 44"})
    page = client.get("/my-account/mobile/code/").content.decode()
    assert 'name="remember"' in page
    assert ticked(page) == []
    chosen = {"code": code_sent_to("+33611223344")} | ({"remember": "1"} if said else {})
    assert client.post("/my-account/mobile/code/", chosen)["Location"] == "/my-account/"
    assert KnownDevice.objects.filter(user=account, code_given=True).exists() is said
