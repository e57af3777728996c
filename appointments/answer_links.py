"""The link of a reminder: short enough for an SMS beside name, day and hour.

Why it is safe: 96 random bits, which nobody guesses through a page that counts requests; the database has only their
digest, so that a dump answers nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from hashlib import sha256

from django.conf import settings
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac

from appointments.models import AnswerLink, Appointment
from notifications.models import Channel

TOKEN_BYTES = 12


def new_token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


def answer_url(token: str) -> str:
    return str(settings.PUBLIC_URL) + reverse("answer", args=[token])


def digest_of(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def contact_digest(to: str, key: str | None = None) -> str:
    """Erasing a person has nothing to look for here. Keyed: there are few telephone numbers to try."""
    return salted_hmac("appointments.answer_links", to, secret=key, algorithm="sha256").hexdigest()


def is_contact(to: str, digest: str) -> bool:
    """Also of a link that was sent before the key changed."""
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return any(constant_time_compare(contact_digest(to, key), digest) for key in keys)


def keep_link(token: str, *, channel: Channel, to: str, language: str, about: Iterable[Appointment]) -> None:
    """In the transaction that plans the reminder."""
    AnswerLink.objects.bulk_create(
        AnswerLink(
            digest=digest_of(token),
            appointment=one,
            starts_at=one.starts_at,
            channel=channel,
            contact=contact_digest(to),
            language=language,
        )
        for one in about
    )
