"""E-mail providers, by django-anymail: metadata sent with a mail, and the meaning of refusals and later reports."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from anymail.backends.base_requests import AnymailRequestsBackend
from anymail.exceptions import AnymailAPIError, AnymailError, AnymailRecipientsRefused
from anymail.signals import EventType, RejectReason
from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from notifications import reports
from notifications.causes import ENHANCED_STATUS, Cause, cause_of_smtp
from notifications.channels import DeliveryFailed
from notifications.channels.http_answers import refused
from notifications.channels.whole_answers import bound
from notifications.models import Channel, Message

LONGEST_ANSWER = 20  # seconds; fits in a lease (notifications/delivery.py)
OURS = "message"  # the name of our id in the metadata
BASIC_STATUS = re.compile(r"\b[45]\d\d\b")
FAILURES = {EventType.BOUNCED, EventType.REJECTED, EventType.FAILED}


def label(mail: EmailMessage, message: Message) -> None:
    """Add our id to the mail. Each report contains it, and some providers recognise a repeat by it."""
    mail.metadata = {OURS: str(message.id)}  # type: ignore[attr-defined]  # read by anymail, and by no other backend
    match settings.EMAIL_PROVIDER:
        case "postmark":
            mail.extra_headers["X-PM-KeepID"] = "true"  # keep our Message-ID
        case "brevo":
            mail.extra_headers["idempotencyKey"] = str(message.id)
        case "mailjet":
            del mail.extra_headers["Message-ID"]  # Mailjet refuses it and writes its own
            mail.esp_extra = {"Globals": {"CustomID": str(message.id)}}  # type: ignore[attr-defined]


def provider_id(mail: EmailMessage) -> str:
    """The provider's id of the mail, "" if there is none. Raises DeliveryFailed if the provider did not accept the
    mail."""
    status = getattr(mail, "anymail_status", None)
    if status is None:
        return ""  # SMTP, or files
    if not {"queued", "sent"} & (status.status or set()):
        raise DeliveryFailed(Cause.REFUSED, "API", permanent=True)
    return str(status.message_id or "")


def bound_answers(connection: BaseEmailBackend) -> None:
    """Set a deadline for whole answers, against a provider that answers byte by byte."""
    if isinstance(connection, AnymailRequestsBackend) and connection.session is not None:
        bound(connection.session, LONGEST_ANSWER)


@contextmanager
def failures_from_refusals() -> Iterator[None]:
    try:
        yield
    except AnymailRecipientsRefused as error:
        raise DeliveryFailed(Cause.BLOCKED, "API", permanent=True) from error
    except AnymailAPIError as error:
        if error.response is None:
            raise DeliveryFailed(Cause.UNREACHABLE, "API", whole_channel=True) from error
        raise refused(error.response.status_code, error.response.headers, permanently=Cause.REFUSED) from error
    except AnymailError as error:  # a mail that this provider cannot carry, or a setting that it lacks
        raise DeliveryFailed(Cause.SETTING, type(error).__name__, whole_channel=True) from error


def note_event(event: Any) -> bool:
    """Record an anymail tracking event. False if it is not new, or not about a message of ours.

    Opened mails and followed links are ignored, because scanners cause both.
    """
    ours = (event.metadata or {}).get(OURS)
    message = reports.find(channel=Channel.EMAIL, ours=ours, theirs=str(event.message_id or ""))
    if message is None:
        return False
    if event.event_type == EventType.DELIVERED:
        return reports.note_delivered(message)
    if event.event_type == EventType.COMPLAINED:
        return reports.note_failed(message, cause=Cause.COMPLAINT)
    if event.event_type in FAILURES:
        answer = str(event.mta_response or "")
        return reports.note_failed(message, cause=_cause(event.reject_reason, answer), detail=_codes(answer))
    return False


def _cause(reason: str | None, answer: str) -> Cause:
    if reason == RejectReason.INVALID:
        return Cause.ADDRESS_UNKNOWN
    if reason in (RejectReason.BLOCKED, RejectReason.SPAM, RejectReason.UNSUBSCRIBED):
        return Cause.BLOCKED
    cause = cause_of_smtp(answer)
    return Cause.RETURNED if cause is Cause.REFUSED else cause


def _codes(answer: str) -> str:
    """Only the codes in the answer of the recipient's server, because its text often repeats the address."""
    codes = [match.group() for match in (BASIC_STATUS.search(answer), ENHANCED_STATUS.search(answer)) if match]
    return f"SMTP {' '.join(codes)}" if codes else ""
