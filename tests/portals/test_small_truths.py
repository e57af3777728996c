"""Pages ask before something ends, and claim no more than is known."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import Scope, User
from accounts.tokens import issue_token
from patients.models import Patient, RecordTie, Relationship
from portals.patient.booking_forms import MinorForm
from portals.verification_words import level_words


def test_every_button_that_calls_a_practice_is_the_shared_one() -> None:
    folder = Path(settings.BASE_DIR) / "templates"
    calls = re.compile(r'<a[^>]*class="[^"]*\bbtn\b[^"]*"[^>]*href="tel:(?!\{\{ patient\.mobile)')
    found = [path for path in folder.rglob("*.html") if calls.search(path.read_text(encoding="utf-8"))]
    assert found == [folder / "components" / "call_practice.html"]


def test_no_template_puts_a_space_before_a_comma() -> None:
    """A browser shows a line break of a template as a space."""
    folder = Path(settings.BASE_DIR) / "templates"
    broken = re.compile(r"\n\s*(?:\{% (?:if|with)[^%]*%\}\s*)+[,.]")
    assert [path for path in folder.rglob("*.html") if broken.search(path.read_text(encoding="utf-8"))] == []


def test_pages_show_a_moment_by_the_shared_words_and_never_with_the_abbreviation_of_a_zone() -> None:
    """Formats with a time have one for pages of packages: 30/11/2026 11:00 (CET)."""
    base, rooms = Path(settings.BASE_DIR), ("portals", "templates", "documents", "questionnaires")
    files = [path for room in rooms for kind in ("py", "html") for path in (base / room).rglob(f"*.{kind}")]
    assert [path for path in files if "DATETIME_FORMAT" in path.read_text(encoding="utf-8")] == []


@pytest.mark.django_db
def test_an_access_ends_only_once_one_was_told_what_ends(
    marie: Patient, hugo: User, alice: User, rita: User, sign_in: Callable[..., Client]
) -> None:
    tie = RecordTie.objects.create(
        user=hugo,
        patient=marie,
        relationship=Relationship.SELF,
        proved_email="h@x.example",
        proved_mobile="+33698765432",
    )
    client, address = sign_in(alice), f"/pro/patients/{marie.pk}/accesses/{tie.pk}/end/"
    record = client.get(f"/pro/patients/{marie.pk}/").content.decode()
    assert f'href="{address}' in record
    asked = client.get(address).content.decode()
    assert "ne verra plus aucun document de Marie Durand" in asked
    assert RecordTie.objects.live().filter(pk=tie.pk).exists()
    assert sign_in(rita).get(address).status_code == 403
    client.post(address)
    assert not RecordTie.objects.live().filter(pk=tie.pk).exists()


@pytest.mark.django_db
def test_a_token_is_revoked_only_once_one_was_asked(alice: User, sign_in: Callable[..., Client]) -> None:
    issue_token(user=alice, name="Agenda", scopes=[Scope.READ], by=alice)
    token = alice.api_tokens.get()
    address = f"/pro/tokens/{token.pk}/revoke/"
    assert "Révoquer le jeton" in sign_in(alice).get(address).content.decode()
    token.refresh_from_db()
    assert token.revoked_at is None


@pytest.mark.parametrize(
    "typed",
    [
        {"day": "31", "month": "2", "year": "2019"},
        {"day": "", "month": "", "year": ""},
        {"day": "3" * 30, "month": "2", "year": "2019"},
    ],
)
def test_what_is_wrong_with_a_birth_date_is_tied_to_its_three_fields(typed: dict[str, str]) -> None:
    form = MinorForm({"first_name": "Léa", "last_name": "Martin", **typed})
    assert not form.is_valid()
    assert form.birth_date_errors
    for part in form.birth_date_parts:
        assert 'aria-invalid="true"' in str(part)
        assert "birth-error" in str(part)
        assert 'autocomplete="off"' in str(part)


@pytest.mark.parametrize("level", ["B-T", "B-LT", "B-LTA"])
def test_a_time_by_an_unknown_authority_is_not_said_to_be_certified(level: str) -> None:
    assert "ne connaît pas" in level_words(level, time_trusted=False)
    assert "ne connaît pas" not in level_words(level)
