"""« État du système »: for operators only, with a sentence and a remedy for each part that is ill."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone, translation
from pytest_django import Settings

from accounts.models import User
from docshare.health import illnesses, own, page, parts, probes, running
from docshare.health.names import name_of, remedy_of
from jobs import heartbeat
from jobs.models import Heartbeat

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
PARTS = [*own.NEEDED, *parts.JUDGES]
ALARMS_ALONE = {"web", "refusals", "webhooks"}  # not on the page, only in deploy/monitoring/rules.yml


@pytest.fixture
def operator(carol: User) -> User:
    carol.is_staff = carol.is_superuser = True
    carol.save()
    return carol


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "PING_SECONDS", 0.1)  # no worker will answer
    monkeypatch.setattr(running, "STARTED", time.monotonic() - 61)


def test_nobody_but_an_operator_sees_the_pages(sign_in: SignIn, alice: User, carol: User, operator: User) -> None:
    carol = User.objects.get(pk=carol.pk)
    for path in ("/admin/system/", "/admin/system/mail/"):
        assert Client().get(path)["Location"].startswith("/account/login/")
        assert sign_in(alice).get(path).status_code == 404
        User.objects.filter(pk=carol.pk).update(is_superuser=False)
        assert sign_in(carol).get(path).status_code == 404
        User.objects.filter(pk=carol.pk).update(is_superuser=True)
        assert sign_in(carol).get(path).status_code == 200
        assert sign_in(carol).post(path).status_code == 405


def test_each_part_is_shown_and_what_is_ill_has_a_way_out(sign_in: SignIn, operator: User) -> None:
    heartbeat.mark(heartbeat.SCHEDULER)
    Heartbeat.objects.update_or_create(part="worker", defaults={"at": timezone.now() - timedelta(hours=1)})
    shown = sign_in(operator).get("/admin/system/").content.decode()
    for part in PARTS:
        assert f'id="{part}"' in shown
        assert f"/admin/system/{part}/" in shown
    assert "1 élément ne va pas" in shown
    assert "N’a plus travaillé depuis" in shown
    assert remedy_of("workers") in shown
    assert shown.count("Ne va pas") == 1


def test_it_is_shown_while_queue_and_scanner_are_away(sign_in: SignIn, operator: User, settings: Settings) -> None:
    settings.CLAMD_URL = "tcp://127.0.0.1:9"
    probes.probe_all()
    client = sign_in(operator)
    shown = client.get("/admin/system/").content.decode()
    assert remedy_of("scanner") in shown


def test_it_is_complete_in_english(sign_in: SignIn, operator: User) -> None:
    operator.language = "en"
    operator.save()
    shown = sign_in(operator).get("/admin/system/").content.decode()
    assert "State of the system" in shown
    with translation.override("fr"):
        french = {name_of(part) for part in PARTS} | {remedy_of(part) for part in PARTS}
    with translation.override("en"):
        english = {name_of(part) for part in PARTS} | {remedy_of(part) for part in PARTS}
    assert french & english == {"SMS"} & french
    assert not [words for words in french - english if words in shown]


def test_the_administration_links_to_it(sign_in: SignIn, operator: User) -> None:
    assert "/admin/system/" in sign_in(operator).get("/admin/").content.decode()
    assert "/admin/system/" in sign_in(operator).get("/pro/").content.decode()


@pytest.mark.parametrize("part", [*PARTS, *sorted(ALARMS_ALONE)])
def test_each_illness_has_a_page_that_says_what_to_do(part: str, sign_in: SignIn, operator: User) -> None:
    shown = sign_in(operator).get(f"/admin/system/{part}/").content.decode()
    assert "What to do" in shown
    assert "Well again" in shown
    found = illnesses.blocks(part)
    assert {"heading", "paragraph", "list", "code"} == {block.kind for block in found}
    _title, _, text = (illnesses.FOLDER / f"{part}.md").read_text().partition("\n")
    written = re.sub(r"^(## |- |```\w*$)", "", text, flags=re.MULTILINE)
    assert " ".join(line for block in found for line in block.lines).split() == written.split()  # the whole text


def test_no_page_of_docs_is_left_over() -> None:
    assert illnesses.pages() == set(PARTS) | ALARMS_ALONE


@pytest.mark.parametrize("part", ["nothing", "README", "..%2f..%2fpyproject", "%2e%2e"])
def test_no_other_file_is_shown(part: str, sign_in: SignIn, operator: User) -> None:
    assert sign_in(operator).get(f"/admin/system/{part}/").status_code == 404
