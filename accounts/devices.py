"""A new device: whoever signs in there with a password also proves the account's mobile (CNIL 2025-019).

Accounts with a second factor of their own (TOTP, passkey) are asked for that instead, at every sign-in.
"""

from __future__ import annotations

import hashlib
import secrets

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.codes import LIFETIME, new_code
from accounts.models import KnownDevice, User
from audit.trail import record
from notifications.outbox import plan_sms
from notifications.wording import for_sms

CODE_PURPOSE = "new-device"


def is_known(user: User, secret: str | None) -> bool:
    """Whether the browser that holds this secret is one of the account's."""
    if not secret:
        return False
    return bool(
        KnownDevice.objects.live().filter(user=user, secret_hash=_hash(secret)).update(last_seen_at=timezone.now())
    )


@transaction.atomic
def remember(user: User, secret: str | None = None) -> str:
    """The browser is the account's from now on. `secret`: what its cookie holds already (a shared tablet)."""
    secret = secret or secrets.token_urlsafe(32)
    _device, made = KnownDevice.objects.get_or_create(user=user, secret_hash=_hash(secret))
    if made:
        record("account.device_added", by=user, on=user)
    return secret


def forget_all(user: User) -> None:
    """Every browser is new again."""
    KnownDevice.objects.filter(user=user).delete()


@transaction.atomic
def send_device_code(user: User) -> None:
    """A code by SMS to the account's mobile. Raises accounts.codes.TooManyCodes."""
    digits = new_code(purpose=CODE_PURPOSE, subject_id=user.pk)
    send_code(to=user.mobile or "", digits=digits, language=user.language)


def send_code(*, to: str, digits: str, language: str) -> None:
    """The SMS that carries a code, whatever it is for."""
    with translation.override(language):
        text = _("%(code)s est votre code docshare. Ne le donnez à personne. Il expire dans 10 minutes.")
        plan_sms(
            to=to,
            text=for_sms(text % {"code": digits}),
            language=language,
            expires_at=timezone.now() + LIFETIME,
        )


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
