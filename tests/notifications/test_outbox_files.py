from __future__ import annotations

import json
import re
from email import policy
from email.parser import BytesParser
from pathlib import Path

import pytest
from pytest_django import Settings

from notifications.tasks import dispatch
from tests.notifications.conftest import make_email, make_sms

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(settings: Settings, tmp_path: Path) -> Path:
    settings.EMAIL_BACKEND = "notifications.channels.outbox.OutboxEmailBackend"
    settings.SMS_URL = ""
    settings.OUTBOX_DIR = tmp_path / "outbox"
    return tmp_path / "outbox"


def test_an_email_is_a_file_named_by_time_and_id(folder: Path) -> None:
    message = make_email()
    dispatch("email")
    (path,) = folder.iterdir()
    assert re.fullmatch(rf"\d{{8}}T\d{{6}}\.\d{{6}}Z-{message.id}\.eml", path.name)
    mail = BytesParser(policy=policy.default).parsebytes(path.read_bytes())
    assert mail["To"] == "marie.durand@courriel.example"
    assert "https://documents.example/invitation/secret" in mail.get_content()


def test_an_sms_is_a_json_file(folder: Path) -> None:
    message = make_sms("Votre code est 654321, à bientôt")
    dispatch("sms")
    (path,) = folder.iterdir()
    assert re.fullmatch(rf"\d{{8}}T\d{{6}}\.\d{{6}}Z-{message.id}\.sms\.json", path.name)
    assert json.loads(path.read_text()) == {"to": "+33612345678", "text": "Votre code est 654321, à bientot"}


def test_only_the_owner_may_read_what_was_sent(folder: Path) -> None:
    make_sms()
    dispatch("sms")
    (path,) = folder.iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
