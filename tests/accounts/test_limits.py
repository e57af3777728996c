"""Limits hold exactly when forty requests come at the same moment (docs/security-cases.md, 52)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts.codes import TooManyCodes, check_code, new_code
from accounts.counting import count_one, forget_ended_counts, take_back
from accounts.models import OneTimeCode, RateCount, User
from portals.api.throttling import WRONG_TOKENS_A_MINUTE
from tests.at_once import MANY, at_once

HOUR = timedelta(hours=1)


def asked(user: User, purpose: str = "a") -> bool:
    """Whether a code was sent."""
    try:
        new_code(purpose=purpose, subject_id=user.pk)
    except TooManyCodes:
        return False
    return True


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
def test_forty_requests_for_a_code_at_once_send_five_and_one_of_them_is_live(hugo: User) -> None:
    assert sum(at_once(lambda _number: asked(hugo))) == 5
    assert OneTimeCode.objects.count() == 5
    assert OneTimeCode.objects.filter(used_at=None).count() == 1


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
def test_codes_asked_and_guessed_at_once_give_no_more_guesses_than_codes_have(hugo: User) -> None:
    """Twenty ask while twenty guess: at most five tries of each of five codes count."""

    def ask_or_guess(number: int) -> bool:
        if number % 2:
            return asked(hugo)
        return any(check_code(purpose="a", subject_id=hugo.pk, digits=f"{guess:06d}") for guess in range(8))

    at_once(ask_or_guess)
    assert OneTimeCode.objects.count() == 5
    assert sum(OneTimeCode.objects.values_list("attempts", flat=True)) <= 25


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
def test_a_count_gives_each_of_forty_its_own_number(hugo: User) -> None:
    assert sorted(at_once(lambda _number: count_one("test", hugo.pk, window=HOUR))) == list(range(1, MANY + 1))


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
def test_of_forty_wrong_passwords_at_once_five_are_compared(hugo: User, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []
    monkeypatch.setattr(User, "check_password", lambda _self, typed: compared.append(typed))
    answers = at_once(
        lambda number: Client(REMOTE_ADDR="198.51.100.7").post(
            "/account/login/", {"login": hugo.email, "password": f"faux {number}"}
        )
    )
    assert {answer.status_code for answer in answers} == {200}
    assert len(compared) == 5


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
def test_wrong_tokens_at_once_are_refused_above_their_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portals.calls.time.time", lambda: 1_800_000_000)
    monkeypatch.setattr("portals.api.throttling.time.time", lambda: 1_800_000_000)
    each = WRONG_TOKENS_A_MINUTE // MANY + 1

    def guess(number: int) -> list[int]:
        return [
            Client(headers={"Authorization": f"Bearer {number}"}).get("/api/v1/me/").status_code for _ in range(each)
        ]

    found = [status for statuses in at_once(guess) for status in statuses]
    assert found.count(401) == WRONG_TOKENS_A_MINUTE
    assert found.count(429) == MANY * each - WRONG_TOKENS_A_MINUTE


def test_limits_hold_when_the_cache_is_flushed(hugo: User) -> None:
    answers = []
    for _ in range(8):
        cache.clear()
        page = Client().post("/account/login/", {"login": hugo.email, "password": "faux"}).content.decode()
        answers.append("Trop d’essais" in page)
    assert answers == [False] * 5 + [True] * 3


def test_new_numbers_are_bounded_together(hugo: User) -> None:
    """Sending codes to a hundred strangers' numbers would cost a hundred SMS."""
    assert [asked(hugo, f"new-mobile:+336000000{number:02d}") for number in range(7)] == [True] * 5 + [False] * 2
    assert asked(hugo, "new-device")


def test_a_count_begins_again_after_its_window_and_is_forgotten_later(
    hugo: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = timezone.now().timestamp()
    monkeypatch.setattr("accounts.counting.time.time", lambda: clock)
    assert [count_one("test", hugo.pk, window=HOUR) for _ in range(3)] == [1, 2, 3]
    take_back("test", hugo.pk)
    assert count_one("test", hugo.pk, window=HOUR) == 3
    clock += 3601
    assert count_one("test", hugo.pk, window=HOUR) == 1
    assert forget_ended_counts() == 0
    clock += 7202
    assert forget_ended_counts() == 1
    assert not RateCount.objects.exists()


def test_a_count_names_nobody(hugo: User) -> None:
    count_one("test", hugo.email, window=HOUR)
    assert hugo.email not in str(RateCount.objects.values().get())
