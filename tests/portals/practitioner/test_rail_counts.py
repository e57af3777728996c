"""The count in the rail: kept for some seconds, exact for whoever acts and on the page that lists what is counted."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from django.core.cache import cache
from django.test import Client
from redis.exceptions import TimeoutError as HungRedis

from accounts.models import User
from patients.models import ContactProposal, Patient
from portals.practitioner import rail_counts

SignIn = Callable[[User], Client]
pytestmark = pytest.mark.django_db


def rail_of(browser: Client, page: str = "/pro/patients/") -> int:
    found = re.search(r'class="count">(\d+)', browser.get(page).content.decode())
    return int(found[1]) if found else 0


@pytest.fixture
def change(marie: Patient, alice: User) -> Callable[[], ContactProposal]:
    def _change() -> ContactProposal:
        fields = {"practice": marie.practice, "patient": marie, "user": alice, "value": "nouvelle@courriel.example"}
        return ContactProposal.objects.create(contact="email", **fields)

    return _change


def test_it_is_kept_for_other_pages_but_not_for_the_one_that_lists(
    change: Callable[[], ContactProposal], bob: User, sign_in: SignIn
) -> None:
    browser = sign_in(bob)
    assert rail_of(browser) == 0
    change()
    assert rail_of(browser) == 0
    assert rail_of(browser, "/pro/deliveries/") == 1
    assert rail_of(browser) == 1


@pytest.mark.parametrize("page", ["/pro/patients/", "/pro/to-sign/", "/pro/received/"])
def test_no_page_keeps_it_longer_than_some_seconds(
    page: str, change: Callable[[], ContactProposal], bob: User, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opening pages again and again, those too that count something else anew."""
    now = time.time()
    monkeypatch.setattr("portals.practitioner.rail_counts.time.time", lambda: now)
    browser = sign_in(bob)
    assert rail_of(browser) == 0
    change()
    for _second in range(rail_counts.KEPT - 1):
        now += 1
        assert rail_of(browser, page) == 0
    now += 1
    assert rail_of(browser, page) == 1


def test_whoever_acts_sees_it_at_once(
    change: Callable[[], ContactProposal], bob: User, alice: User, sign_in: SignIn
) -> None:
    proposal = change()
    browser, colleague = sign_in(bob), sign_in(alice)
    assert (rail_of(browser), rail_of(colleague)) == (1, 1)
    browser.post(f"/pro/contact-proposals/{proposal.pk}/", {"answer": "keep"})
    proposal.refresh_from_db()
    assert proposal.settled_at
    assert (rail_of(browser), rail_of(colleague)) == (0, 1)


def test_a_hung_cache_costs_the_counting_and_no_page(
    change: Callable[[], ContactProposal], bob: User, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Hung:
        def __getattr__(self, _name: str) -> Callable[..., object]:
            def hang(*_arguments: object) -> object:
                raise HungRedis

            return hang

    browser = sign_in(bob)
    assert rail_of(browser) == 0
    change()
    monkeypatch.setattr(rail_counts, "cache", Hung())
    assert rail_of(browser) == 1
    browser.post("/pro/deliveries/")
    monkeypatch.undo()
    assert cache.get(f"rail:{bob.pk}") is not None
