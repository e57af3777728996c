"""Every message of the catalogue, in both languages, is complete, uses our texts, asks for one action, contains no
health data, and fits one SMS segment."""

from __future__ import annotations

import re
from email import policy
from email.parser import BytesParser
from html import unescape
from typing import Any

import pytest
from pytest_django import Settings

from accounts.models import User
from documents.models import LibraryDocument
from notifications.channels.email import compose
from notifications.gsm import ONE_SEGMENT, in_gsm, septets
from notifications.models import Channel, Message
from practices.models import Practice
from tests.documents.catalogue import (
    CATALOGUE,
    LONG_HOST,
    LONG_NAME,
    OF_A_PRACTICE,
    REASON,
    TITLE,
    Stage,
    make_stage,
)
from tests.markup import visible_text

pytestmark = pytest.mark.django_db
URL = re.compile(r"https?://\S+")
HOLES = ("  ", " .", " ,", "« »", "«\u00a0\u00a0»", "“”", "%(", "%s", "{{", "None", "()", "<>", "Site", "example.com")
HEALTH = (REASON, TITLE, "hépatite", "sérologie", "Ordonnance", "Duranton", "Martinet")
FRENCH = ("Bonjour", "rendez-vous", "Votre", "votre", "Vous", "vous ", "Pour :", "Avec")
BUTTONLESS = {
    "series_booked", "series_booked_by_sms", "series_cancelled",
    "cancelled_by_the_practice", "cancelled_by_the_patient", "reminder", "mobile_changed", "tries_failed",
    "account_unknown_account", "booked_for_an_adult_relative", "moved", "with_somebody_else",
    "reminder_too_late_to_change_online",
}  # fmt: skip
TWELVE_HOURS = re.compile(r"\b(?:[ap]\.m\.|\d ?[ap]m\b|noon|midnight)|(?<![\d:])\d:\d\d\b", re.IGNORECASE)
CASES = [(kind, language) for kind in CATALOGUE for language in ("fr", "en")]


@pytest.fixture
def stage(request: pytest.FixtureRequest, practice: Practice, alice: User, carol: User, access_plan: LibraryDocument,
          settings: Settings) -> Stage:  # fmt: skip
    settings.PUBLIC_URL = LONG_HOST
    return make_stage(language=request.param, plan=access_plan, practice=practice, doctor=alice)


def planned(kind: str, stage: Stage) -> list[Message]:
    CATALOGUE[kind](stage)
    found = list(Message.objects.order_by("created_at"))
    assert found
    return found


def as_sent(message: Message) -> Any:
    """The email, parsed as a mail program does."""
    return BytesParser(policy=policy.default).parsebytes(compose(message).message().as_bytes())


def is_whole_and_says_nothing_of_health(kind: str, stage: Stage, told: list[Message]) -> None:
    for message in told:
        html = visible_text(message.html)
        for hole in HOLES:
            assert hole not in message.subject, message.subject
            assert hole not in message.body, message.body
            assert hole == "  " or hole not in html, html
        for secret in HEALTH:
            assert secret not in message.subject + message.body + message.html + message.calendar, secret
        assert "Mozilla" not in message.body + message.html
        assert "\n\n\n" not in message.body
        if stage.practice.language == "en":
            assert not [word for word in FRENCH if word in message.subject + message.body.replace(LONG_NAME, "")]


def an_email_says_who_writes_and_where_to_answer(kind: str, stage: Stage, told: list[Message]) -> None:
    for message in (one for one in told if one.channel == Channel.EMAIL):
        mail = as_sent(message)
        name = LONG_NAME if kind in OF_A_PRACTICE else "docshare"
        assert mail["From"].addresses[0].display_name == name
        assert mail["Subject"].endswith(f" – {name}")
        if kind in OF_A_PRACTICE:
            assert mail["Reply-To"] == "cabinet@lilas.example"
            assert "01\u00a040\u00a000\u00a000\u00a000" in message.body
            assert (
                "Marie" in message.body or "Léa" in message.body or "Odette" in message.body or "Hugo" in message.body
            )
        else:
            assert mail["Reply-To"] is None
        assert mail.get_content_type() in ("multipart/alternative", "multipart/mixed")
        assert mail.get_body(("plain",)).get_content().replace("\r\n", "\n") == message.body
        assert f'lang="{message.language}"' in mail.get_body(("html",)).get_content()


def the_one_button_is_the_one_link_of_the_text(kind: str, stage: Stage, told: list[Message]) -> None:
    for message in (one for one in told if one.channel == Channel.EMAIL):
        buttons = [unescape(url) for url in re.findall(r'<a\s[^>]*href="([^"]+)"', message.html)]
        assert buttons == URL.findall(message.body)
        told_otherwise = kind in BUTTONLESS
        assert len(buttons) <= 1
        assert buttons or told_otherwise, message.body
        assert "<img" not in message.html
        assert "http" not in re.sub(r'href="[^"]+"', "", message.html)


def html_and_text_say_the_same(kind: str, stage: Stage, told: list[Message]) -> None:
    for message in (one for one in told if one.channel == Channel.EMAIL):
        html = " ".join(visible_text(message.html).split())
        for word in re.findall(r"[\w’'-]{3,}", URL.sub("", message.body)):
            assert word in html, word


def times_have_24_hours(kind: str, stage: Stage, told: list[Message]) -> None:
    """As on the pages, in every language."""
    for message in told:
        for text in (message.subject, message.body, visible_text(message.html), message.calendar):
            assert not TWELVE_HOURS.search(text), text


def an_sms_is_one_segment(kind: str, stage: Stage, told: list[Message]) -> None:
    """Only a long host name could cause more; none of this catalogue has one."""
    for message in (one for one in told if one.channel == Channel.SMS):
        text = in_gsm(message.body)
        assert text == message.body
        length = septets(text)
        assert length is not None, text
        assert length <= ONE_SEGMENT, (length, text)
        site = kind not in OF_A_PRACTICE
        assert ("docshare" if site else "Fédération h"[:6]) in text


@pytest.mark.parametrize(("kind", "stage"), CASES, indirect=["stage"])
def test_every_message_is_good(kind: str, stage: Stage) -> None:
    told = planned(kind, stage)
    is_whole_and_says_nothing_of_health(kind, stage, told)
    an_email_says_who_writes_and_where_to_answer(kind, stage, told)
    the_one_button_is_the_one_link_of_the_text(kind, stage, told)
    html_and_text_say_the_same(kind, stage, told)
    an_sms_is_one_segment(kind, stage, told)
    times_have_24_hours(kind, stage, told)


@pytest.mark.parametrize("stage", ["fr", "en"], indirect=True)
@pytest.mark.parametrize("kind", [kind for kind in OF_A_PRACTICE if "cancelled" in kind])
def test_what_is_cancelled_is_not_offered_to_be_moved(kind: str, stage: Stage) -> None:
    for message in planned(kind, stage):
        text = message.body + message.html
        for word in ("déplacer", "annuler", "move", "12 rue des Lilas"):
            assert word not in text


@pytest.mark.parametrize("stage", ["fr", "en"], indirect=True)
def test_what_is_too_late_to_change_online_is_not_offered_online(stage: Stage) -> None:
    for message in planned("reminder_too_late_to_change_online", stage):
        if message.channel == Channel.EMAIL:
            button = re.search(r"<a\s[^>]*>\s*([^<]+?)\s*<", message.html)
            assert button
            assert button[1] in ("Confirmer ma venue", "Confirm that I am coming")
            assert "01\u00a040\u00a000\u00a000\u00a000" in message.body
        else:
            assert "nnuler" not in message.body
            assert "cancel" not in message.body


@pytest.mark.parametrize("stage", ["fr", "en"], indirect=True)
@pytest.mark.parametrize("kind", list(OF_A_PRACTICE))
def test_a_discreet_name_is_the_only_name(kind: str, stage: Stage) -> None:
    """In the email with all its headers, in the SMS and in the calendar file."""
    Practice.objects.update(name="Centre de Suivi", discreet_name="Maison des Lilas")
    stage.practice.refresh_from_db()
    stage.marie.refresh_from_db()
    stage.agenda.refresh_from_db()
    for message in planned(kind, stage):
        whole = message.subject + message.body + message.html + message.sender + message.calendar
        assert "Centre de Suivi" not in whole
        assert "Maison des Lilas" in whole
