"""A text that no key can decrypt fails alone, visibly for staff; while a key may only be missing, it waits."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test.utils import override_settings
from django.utils import timezone
from pytest_django import Settings

from docshare.wrong_keys import note_keys
from notifications.causes import Cause
from notifications.delivery import deliver_due
from notifications.models import Channel, Message, MessageState
from sealing.columns import Sealed
from sealing.key_checks import BYTES, check_value
from sealing.models import KeyCheck
from tests.notifications.conftest import *  # noqa: F403  # a mail server, an SMS gateway
from tests.notifications.conftest import MailServer, SmsGateway, make_email

pytestmark = pytest.mark.django_db
FOREIGN = "a key that nobody has any more"


def seal_under(key: str, message: Message, **texts: str) -> None:
    with override_settings(SECRET_KEY=key):
        Message.objects.filter(pk=message.pk).update(**{name: Sealed.of(text) for name, text in texts.items()})


@pytest.mark.parametrize("column", ["body", "html", "calendar"])
def test_a_text_that_no_key_opens_fails_alone_and_the_channel_goes_on(column: str, mail_server: MailServer) -> None:
    note_keys()
    lost = make_email("perdu@courriel.example", due_at=timezone.now() - timedelta(minutes=1))
    seal_under(FOREIGN, lost, **{column: "x"})
    sent = [make_email(f"patient{number}@courriel.example") for number in range(3)]

    deliver_due(Channel.EMAIL)

    lost.refresh_from_db()
    assert (lost.state, lost.cause, lost.body, lost.calendar) == (MessageState.FAILED, Cause.SEALED, "", "")
    assert "illisible" in lost.error
    assert [envelope.rcpt_tos for envelope in mail_server.received] == [[one.to] for one in sent]


def test_an_sms_that_no_key_opens_fails_alone(gateway: SmsGateway) -> None:
    note_keys()
    rows = [
        Message.objects.create(channel=Channel.SMS, to=f"+3361234567{number}", body="Code", due_at=timezone.now())
        for number in range(2)
    ]
    seal_under(FOREIGN, rows[0], body="x")
    deliver_due(Channel.SMS)
    assert list(Message.objects.order_by("to").values_list("state", flat=True)) == ["failed", "sent"]


def test_a_key_that_is_only_missing_here_is_waited_for(mail_server: MailServer, settings: Settings) -> None:
    """Another process may have the key, or the operator may restore it."""
    note_keys()
    former = settings.SECRET_KEY
    message, other = make_email(), make_email("autre@courriel.example")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a new key " * 5, [former]
    note_keys()
    seal_under(settings.SECRET_KEY, other, body="x")
    settings.SECRET_KEY_FALLBACKS = []  # dropped too early

    deliver_due(Channel.EMAIL)
    waiting = Message.objects.get(pk=message.pk)
    assert (waiting.state, waiting.cause) == (MessageState.QUEUED, Cause.SEALED)
    assert len(mail_server.received) == 1

    settings.SECRET_KEY_FALLBACKS = [former]
    Message.objects.update(due_at=timezone.now())
    deliver_due(Channel.EMAIL)
    assert Message.objects.get(pk=message.pk).state == MessageState.SENT
    assert len(mail_server.received) == 2


def test_a_check_value_says_nothing_quickly(settings: Settings) -> None:
    """Uses scrypt with a salt: the database contains no plain digest of the key."""
    note_keys()
    for check in KeyCheck.objects.all():
        key = getattr(settings, check.secret)
        assert (len(check.salt), len(check.value)) == (2 * BYTES, 2 * BYTES)
        assert check.value == check_value(key, check.salt) != check_value(key, "00" * BYTES)
    assert len(set(KeyCheck.objects.values_list("salt", flat=True))) == 2
