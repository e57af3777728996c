"""Records signals of allauth and Django about signing in as lines of the trail (docs/security-cases.md, 53).

The signals come after the change; if there is no transaction, the line gets one of its own. No line contains a
password, a code, an address or a number.
"""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.models import EmailAddress
from allauth.account.signals import email_changed, user_logged_in
from allauth.mfa.models import Authenticator
from django.contrib.auth.signals import user_logged_out
from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.acting import acting_user
from accounts.browsers import browser_of
from accounts.device_cookie import device_of
from accounts.models import User
from audit.trail import record


@receiver(user_logged_in)
@transaction.atomic
def note_sign_in(request: HttpRequest, user: User, **_more: Any) -> None:
    means = [str(method.get("type") or method["method"]) for method in get_authentication_records(request, user)]
    browser = browser_of(request.headers.get("User-Agent", ""))
    record(
        "account.signed_in",
        by=user,
        on=user,
        detail={
            "means": list(dict.fromkeys(means)),
            "known_device": device_of(request, user) is not None,
            "browser": browser.name,
            "system": browser.system,
        },
    )


@receiver(user_logged_out)
@transaction.atomic
def note_sign_out(user: User | None, **_more: Any) -> None:
    if user is not None:
        record("account.signed_out", by=user, on=user)


@receiver(post_save, sender=Authenticator)
@transaction.atomic
def note_new_factor(instance: Authenticator, created: bool, raw: bool = False, **_more: Any) -> None:
    """Record a new factor, added on allauth's pages or in Django's admin."""
    if created and not raw:
        are_codes = instance.type == Authenticator.Type.RECOVERY_CODES
        _about_factor("account.recovery_codes_made" if are_codes else "account.factor_added", instance)


@receiver(post_delete, sender=Authenticator)
@transaction.atomic
def note_removed_factor(instance: Authenticator, **more: Any) -> None:
    """Record a removed factor, unless the whole account is deleted: Django passes the origin of the deletion."""
    origin = more.get("origin")
    if User in (type(origin), getattr(origin, "model", None)):
        return
    _about_factor("account.factor_removed", instance)


@receiver(email_changed)
@transaction.atomic
def note_new_email(user: User, **_more: Any) -> None:
    record("account.email_changed", by=acting_user() or user, on=user)


@receiver([post_save, post_delete], sender=EmailAddress)
@transaction.atomic
def note_edited_address(instance: EmailAddress, **_more: Any) -> None:
    """Record that the operator added, verified or removed an address in Django's admin."""
    by = acting_user()
    if by is not None and by.pk != instance.user_id and User.objects.filter(pk=instance.user_id).exists():
        record("account.edited", by=by, on=instance.user, detail={"fields": ["email_address"]})


def _about_factor(action: str, factor: Authenticator) -> None:
    record(action, by=acting_user(), on=factor.user, detail={"factor": str(factor.type)})
