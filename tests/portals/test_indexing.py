"""Search engines may show the page of a listed practice and the start of the search, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.robotparser import RobotFileParser
from xml.etree.ElementTree import fromstring

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from accounts.models import User
from portals.practice_address import page_path
from portals.public import engines
from practices.models import Practice
from tests.security.addresses import address, routes
from tests.security.conftest import *  # noqa: F403  # an object of each kind

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
HEADER = "X-Robots-Tag"
MAY_BE_SHOWN = {"cabinets/", "cabinets/<str:slug>/"}


@pytest.mark.parametrize("who", ["nobody", "hugo", "alice"])
def test_every_other_address_is_kept_out(
    who: str, request: pytest.FixtureRequest, ids: dict[str, Any], sign_in: SignIn
) -> None:
    client = Client() if who == "nobody" else sign_in(request.getfixturevalue(who))
    open_ones = set()
    for route in routes():
        for verb in ("get", "post", "options"):
            answer = getattr(client, verb)(address(route, ids))
            if HEADER not in answer:
                assert (verb, answer.status_code, who) == ("get", 200, "nobody"), (route, verb)
                assert b'name="robots"' not in answer.content
                open_ones.add(route)
    assert open_ones == (MAY_BE_SHOWN if who == "nobody" else set())


@pytest.mark.parametrize(
    "path", ["/nowhere", "/cabinets/?q=lilas", "/cabinets/?page=2", "/admin/", "/static/css/app.css", "/cabinets"]
)
def test_errors_results_and_files_are_kept_out(practice: Practice, path: str) -> None:
    assert Client().get(path)[HEADER] == "noindex, nofollow"
    assert Client().get("/", headers={"host": "evil.example"})[HEADER] == "noindex, nofollow"


def test_an_unlisted_practice_is_kept_out(practice: Practice) -> None:
    assert HEADER not in Client().get(page_path(practice))
    former = page_path(practice).replace("cabinet-des-lilas", "autre")
    assert HEADER in Client().get(former)  # a redirect
    Practice.objects.update(is_listed=False)
    assert HEADER in Client().get(page_path(practice))


def test_robots_may_open_what_they_must_learn_not_to_show(practice: Practice, ids: dict[str, Any]) -> None:
    answer = Client().get("/robots.txt")
    assert answer["Content-Type"].startswith("text/plain")
    rules = RobotFileParser()
    rules.parse(answer.content.decode().splitlines())
    assert rules.site_maps() == [f"{settings.PUBLIC_URL}/sitemap.xml"]
    with_secrets = [route for route in routes() if "token>" in route or "secret>" in route]
    assert with_secrets
    for route in with_secrets:
        assert rules.can_fetch("bot", address(route, ids)), route
    for path in ("/cabinets/", page_path(practice), "/static/css/app.css"):
        assert rules.can_fetch("bot", path)
    for path in ("/book/", "/api/v1/schema/", "/cabinets/?q=lilas", "/cabinets/?page=2"):
        assert not rules.can_fetch("bot", path)


def locations(path: str) -> list[str]:
    answer = Client().get(path)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/xml"
    return [str(one.text) for one in fromstring(answer.content).iter() if one.tag.endswith("loc")]  # ours


def test_the_site_map_has_every_listed_practice_once(
    practice: Practice, other_practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not other_practice.is_listed
    more = [Practice.objects.create(name=f"Cabinet {number}", is_listed=True) for number in range(4)]
    monkeypatch.setattr(engines, "ON_A_MAP", 2)
    pages = locations("/sitemap.xml")
    assert pages == [f"{settings.PUBLIC_URL}/sitemap-{number}.xml" for number in (1, 2, 3)]
    found = [one for page in pages for one in locations(page.removeprefix(settings.PUBLIC_URL))]
    assert found[0] == f"{settings.PUBLIC_URL}{reverse('practices')}"
    assert sorted(found[1:]) == sorted(f"{settings.PUBLIC_URL}{page_path(one)}" for one in (practice, *more))
    for one in found:
        assert Client().get(one.removeprefix(settings.PUBLIC_URL)).status_code == 200
    for number in (0, 4, 10**20):
        assert Client().get(f"/sitemap-{number}.xml").status_code == 404


def test_a_site_map_without_practices_has_the_search(db: None) -> None:
    assert locations("/sitemap.xml") == [f"{settings.PUBLIC_URL}/sitemap-1.xml"]
    assert locations("/sitemap-1.xml") == [f"{settings.PUBLIC_URL}/cabinets/"]
