"""Known devices. Signing in with a password on a new device also requires a code by SMS (CNIL 2025-019).

Accounts with a second factor of their own (TOTP, passkey) give that instead, at every sign-in. A device is known by a
secret that was made for one account and one browser (accounts/device_cookie.py). A secret that the browser sends is
never adopted, so nobody can plant a secret that they know (docs/security-cases.md, 55).
"""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Iterable

from allauth.usersessions.models import UserSession
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.browsers import Browser
from accounts.codes import LIFETIME, new_code
from accounts.letters import site_name
from accounts.models import KnownDevice, User
from audit.trail import record
from notifications.gsm import one_segment
from notifications.outbox import plan_sms

CODE_PURPOSE = "new-device"
SIGNED_IN_ON = "device"  # in a session: the known device that it runs on
MAX_DEVICES = 30  # of one account: the least recently seen one is removed


def find_device(user: User, shown: Iterable[str]) -> KnownDevice | None:
    """The account's device that has one of these secrets."""
    hashes = [_hash(secret) for secret in shown]
    return KnownDevice.objects.live().filter(user=user, secret_hash__in=hashes).order_by("-code_given").first()


def note_seen(device: KnownDevice) -> None:
    KnownDevice.objects.filter(pk=device.pk).update(last_seen_at=timezone.now())


@transaction.atomic
def remember(user: User, *, browser: Browser, code_given: bool) -> tuple[KnownDevice, str]:
    """Make the browser a known device of the account; returns the device and the browser's secret."""
    secret = secrets.token_urlsafe(32)
    device = KnownDevice.objects.create(
        user=user, secret_hash=_hash(secret), browser=browser.name, system=browser.system, code_given=code_given
    )
    record("account.device_added", by=user, on=user, detail=_words(device))
    oldest = KnownDevice.objects.filter(user=user).order_by("-last_seen_at")[MAX_DEVICES:]
    KnownDevice.objects.filter(pk__in=[known.pk for known in oldest]).delete()
    return device, secret


@transaction.atomic
def forget(*, device: KnownDevice, by: User, spare_session: str | None = None) -> None:
    """Make the browser new again and end its sessions, except the one whose key is `spare_session`."""
    if KnownDevice.objects.filter(pk=device.pk).delete()[0]:
        record("account.device_forgotten", by=by, on=device.user, detail=_words(device))
        _end_sessions_on(device, spare_session)


@transaction.atomic
def forget_all(user: User, *, by: User | None = None) -> None:
    """Make every browser new again."""
    count = KnownDevice.objects.filter(user=user).delete()[0]
    if count:
        record("account.devices_forgotten", by=by, on=user, detail={"count": count})


def _end_sessions_on(device: KnownDevice, spared: str | None) -> None:
    for session in UserSession.objects.filter(user=device.user).exclude(session_key=spared):
        if session._session_store(session.session_key).get(SIGNED_IN_ON) == str(device.pk):
            session.end()


@transaction.atomic
def send_device_code(user: User) -> None:
    """Send a code by SMS to the account's mobile. Raises accounts.codes.TooManyCodes, SmsRefused."""
    digits = new_code(purpose=CODE_PURPOSE, subject_id=user.pk)
    send_code(to=user.mobile or "", digits=digits, language=user.language, account=user.pk)


def send_code(
    *,
    to: str,
    digits: str,
    language: str,
    account: uuid.UUID | None = None,
    practice: uuid.UUID | None = None,
    sender: str = "",
) -> None:
    """Send a code by SMS for any purpose: for `account`, or for `practice` if the person has no account. `sender` is
    the name in the text ("": the site's).

    Raises notifications.sms_limits.SmsRefused.
    """
    with translation.override(language):
        text = one_segment(
            _("%(code)s est votre code, pour %(practice)s. Ne le donnez à personne. Il expire dans 10 minutes."),
            name=sender or site_name(),
            code=digits,
        )
        plan_sms(
            to=to,
            text=text,
            language=language,
            expires_at=timezone.now() + LIFETIME,
            account=account,
            practice=practice,
            waited_for=True,
        )


def _words(device: KnownDevice) -> dict[str, str]:
    return {"browser": device.browser, "system": device.system}


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
