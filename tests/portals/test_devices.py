"""Connected devices with plain names, on the page that signs the others out."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client

from accounts.models import User
from portals.device_words import device_words

KHTML = "AppleWebKit/537.36 (KHTML, like Gecko)"
WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
CHROME = f"Mozilla/5.0 (Linux; Android 10; K) {KHTML} Chrome/141.0.0.0 Mobile Safari/537.36"


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (CHROME, "Chrome sur Android"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0", "Firefox sur Windows"),
        (f"Mozilla/5.0 (Windows NT 10.0) {KHTML} Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0", "Edge sur Windows"),
        (f"Mozilla/5.0 (X11; Linux x86_64) {KHTML} Chrome/141.0 Safari/537.36 OPR/124.0.0.0", "Opera sur Linux"),
        (f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {KHTML} Chrome/141.0.0.0 Safari/537.36", "Chrome sur ChromeOS"),
        (
            f"Mozilla/5.0 (Linux; Android 10; K) {KHTML} SamsungBrowser/28.0 Chrome/130.0 Mobile Safari/537.36",
            "Samsung Internet sur Android",
        ),
        (
            f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT} Version/26.0 Safari/605.1.15",
            "Safari sur Mac",
        ),
        (
            f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) {WEBKIT} CriOS/141.0 Mobile Safari/604.1",
            "Chrome sur iPhone",
        ),
        (
            f"Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) {WEBKIT} Version/18.6 Mobile/15E148 Safari/604.1",
            "Safari sur iPad",
        ),
        ("Links (2.29; Linux 6.1 x86_64)", "Autre navigateur sur Linux"),
        ("curl/8.5.0", "Autre navigateur"),
        ("", "Autre navigateur"),
    ],
)
def test_a_browser_has_the_name_that_people_know(user_agent: str, words: str) -> None:
    assert device_words(user_agent) == words


def test_the_page_names_devices_plainly_and_signs_the_others_out(
    bob: User, sign_in: Callable[[User], Client]
) -> None:
    here, other = sign_in(bob), sign_in(bob)
    for browser, user_agent in ((here, "curl/8.5.0"), (other, CHROME)):
        key = browser.session.session_key
        UserSession.objects.create(user=bob, session_key=key, ip="192.0.2.7", user_agent=user_agent)
    page = here.get("/account/sessions/").content.decode()
    assert "Chrome sur Android" in page
    assert "Autre navigateur" in page
    assert "Mozilla" not in page
    assert "<table" not in page
    assert page.count("Cet appareil") == 1
    assert "Déconnecter les autres appareils" in page
    here.post("/account/sessions/")
    assert "Déconnecter les autres appareils" not in here.get("/account/sessions/").content.decode()
    assert other.get("/pro/").status_code == 302
