"""`manage.py sendtest email|sms <address>`: sends one message now, through EMAIL_URL or SMS_URL.

Bypasses the outbox, so that it works without workers. Exit status 1, with the server's answer, if it is refused.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email
from django.utils import timezone, translation

from notifications.causes import Cause
from notifications.channels import DeliveryFailed
from notifications.delivery import SENDERS
from notifications.models import Channel, Message
from notifications.sms_numbers import COUNTRIES, unfit

TEXT = "docshare: this is a test. Nobody needs to do anything."
SETTINGS = {Channel.EMAIL: "EMAIL_URL", Channel.SMS: "SMS_URL"}


class Command(BaseCommand):
    help = "Sends one test message and says what became of it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("channel", choices=[channel.value for channel in Channel])
        parser.add_argument("address", help="an email address; a mobile number with its country: +33612345678")

    def handle(self, *args: Any, **options: Any) -> None:
        channel, address = Channel(options["channel"]), options["address"].replace(" ", "")
        self._check(channel, address)
        message = Message(
            channel=channel, to=address, subject="docshare: test", body=TEXT, language="en", due_at=timezone.now()
        )
        sender = SENDERS[channel]()
        try:
            provider_id = sender.send(message)
        except DeliveryFailed as failure:
            raise CommandError(self._sentence(channel, failure)) from None
        finally:
            sender.close()
        if not getattr(settings, SETTINGS[channel]):
            self.stdout.write(f"Written to a file in {settings.OUTBOX_DIR}: {SETTINGS[channel]} is not set.")
            return
        known_as = f" as {provider_id}" if provider_id else ""
        self.stdout.write(f"Taken{known_as}. That it arrives is seen in the mailbox or on the telephone alone.")

    def _check(self, channel: Channel, address: str) -> None:
        if channel == Channel.SMS:
            if unfit(address, countries=COUNTRIES) is not None:
                raise CommandError(f"{address} is no mobile number. Write it with its country: +33612345678.")
            return
        try:
            validate_email(address)
        except ValidationError:
            raise CommandError(f"{address} is no email address. Example: you@example.org.") from None

    def _sentence(self, channel: Channel, failure: DeliveryFailed) -> str:
        with translation.override("en"):
            cause = str(Cause(failure.cause).label)
        detail = f" ({failure.detail})" if failure.detail else ""
        ours = failure.whole_channel or failure.cause == Cause.SETTING
        way_out = (
            f"Check {SETTINGS[channel]}, and docs/illnesses/"
            if ours
            else "Try another address; else see docs/illnesses/"
        )
        page = "mail.md" if channel == Channel.EMAIL else "sms.md"
        return f"Not sent: {cause}{detail}. {way_out}{page}."
