from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from notifications.tasks import dispatch
from tests.markup import one_line
from tests.notifications.conftest import make_email, make_sms

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _embedded(settings: Settings, tmp_path: Path) -> None:
    settings.EMAIL_BACKEND = "notifications.channels.outbox.OutboxEmailBackend"
    settings.EMAIL_URL = settings.SMS_URL = ""
    settings.OUTBOX_DIR = tmp_path


def test_messages_are_read_newest_first_and_their_links_followed(client: Client) -> None:
    make_email()
    dispatch("email")
    make_sms("Votre code est 123456")
    dispatch("sms")

    page = client.get("/outbox/").content.decode()

    assert page.index("Votre code est 123456") < page.index("Un document vous attend")
    assert '<a href="https://documents.example/invitation/secret"' in one_line(page)


def test_a_message_is_shown_as_text(client: Client) -> None:
    make_sms("<script>alert(1)</script>")
    dispatch("sms")
    assert b"<script>alert" not in client.get("/outbox/").content


def test_an_empty_outbox_has_a_page(client: Client) -> None:
    assert client.get("/outbox/").status_code == 200


@pytest.mark.parametrize(
    ("name", "value"),
    [("PRODUCTION", True), ("EMAIL_URL", "smtp://127.0.0.1:25"), ("SMS_URL", "https://sms.example/")],
)
def test_where_messages_really_leave_there_is_no_such_page(
    client: Client, settings: Settings, name: str, value: object
) -> None:
    make_sms()
    dispatch("sms") if name != "SMS_URL" else None
    setattr(settings, name, value)
    assert client.get("/outbox/").status_code == 404
