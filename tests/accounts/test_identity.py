"""The owner of an account changes name, title and RPPS number on « Mon compte », inside the staff's frame."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from audit.models import AuditEvent
from signing.certificates import current_credential, in_use
from tests.documents.conftest import *  # noqa: F403  # practitioners able to sign

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
MINE = {"title": "Pr", "first_name": "Alice", "last_name": "Morel-Petit", "professional_number": "101 0101 0105"}


def test_a_practitioner_changes_their_identity_and_signs_with_it(alice: User, sign_in: SignIn) -> None:
    before = current_credential(user=alice)
    client = sign_in(alice)
    assert 'value="Morel"' in client.get("/pro/account/").content.decode()
    assert client.post("/pro/account/", MINE).status_code == 302
    alice.refresh_from_db()
    assert (alice.get_full_name(), alice.professional_number) == ("Pr Alice Morel-Petit", "10101010105")
    assert in_use(alice) is None
    assert current_credential(user=alice).pk != before.pk
    before.refresh_from_db()
    assert before.revoked_at is None  # what was signed stays valid
    line = AuditEvent.objects.get(action="account.identity_changed")
    assert line.detail == {"fields": ["title", "last_name", "professional_number"]}


def test_a_practitioner_confirms_who_they_are_first(alice: User, sign_in: SignIn) -> None:
    assert sign_in(alice, minutes=30).post("/pro/account/", MINE).status_code == 401
    alice.refresh_from_db()
    assert alice.last_name == "Morel"


def test_a_number_is_checked_only_once_it_changes(alice: User, sign_in: SignIn) -> None:
    client = sign_in(alice)
    identity = MINE | {"professional_number": alice.professional_number}  # older than the check of the key
    assert client.post("/pro/account/", identity).status_code == 302
    answer = client.post("/pro/account/", MINE | {"professional_number": "10101010102"}, follow=True)
    assert "dernier chiffre" in answer.content.decode()
    alice.refresh_from_db()
    assert alice.professional_number == "10101010101"


@pytest.mark.parametrize(
    "page", ["/account/2fa/", "/account/password/change/", "/account/sessions/", "/account/email/", "/pro/language/"]
)
def test_pages_of_the_account_stay_in_the_staffs_frame(page: str, bob: User, hugo: User, sign_in: SignIn) -> None:
    text = sign_in(bob).get(page, follow=True).content.decode()
    assert 'class="rail"' in text
    assert text.count("<h1") == 1
    if page.startswith("/account/"):
        assert 'class="rail"' not in sign_in(hugo).get(page, follow=True).content.decode()


def test_without_the_second_factor_that_staff_need_the_frame_does_not_lead_in_circles(
    bob: User, sign_in: SignIn, settings: Settings
) -> None:
    settings.STAFF_SECOND_FACTOR = True
    text = sign_in(bob).get("/account/2fa/totp/activate/").content.decode()
    assert 'class="rail"' not in text
