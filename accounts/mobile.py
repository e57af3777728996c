"""Changes an account's mobile: a code verifies the new number, a message informs the old one."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.codes import check_code, new_code
from accounts.devices import forget_all, send_code
from accounts.letters import from_site, site_name
from accounts.models import User
from audit.trail import record
from notifications.gsm import one_segment
from notifications.letters import plan_letter
from notifications.outbox import plan_sms

PURPOSE = "new-mobile"


def _purpose(mobile: str) -> str:
    """The purpose of a code for this number: a code for one number does not verify or void another."""
    return f"{PURPOSE}:{mobile}"


@transaction.atomic
def ask_for_mobile(*, user: User, mobile: str) -> None:
    """Send a code to the new number (E.164). Raises accounts.codes.TooManyCodes, SmsRefused."""
    digits = new_code(purpose=_purpose(mobile), subject_id=user.pk)
    send_code(to=mobile, digits=digits, language=user.language, account=user.pk)


def prove_mobile(*, user: User, mobile: str, digits: str) -> bool:
    """Check the code; if it is right, the account gets the new number."""
    if not check_code(purpose=_purpose(mobile), subject_id=user.pk, digits=digits):
        return False
    replace_mobile(user=user, mobile=mobile, by=user)
    return True


@transaction.atomic
def replace_mobile(*, user: User, mobile: str, by: User) -> None:
    """Store a verified number, inform the old number and the email address, and make every device new again."""
    old, user.mobile, user.mobile_verified_at = user.mobile, mobile, timezone.now()
    user.full_clean(exclude=["password"])
    user.save(update_fields=["mobile", "mobile_verified_at"])
    forget_all(user)
    record("account.mobile_changed", by=by, on=user)
    with translation.override(user.language):
        letter = from_site(
            about=_("Votre numéro de mobile a changé"),
            paragraphs=[
                _("Bonjour,"),
                _("Le numéro de mobile de votre compte vient de changer."),
                _("Si ce n’est pas vous, changez de mot de passe et prévenez aussitôt votre cabinet."),
            ],
        )
        plan_letter(letter, to=user.email, language=user.language)
        if old and old != mobile:
            pattern = _(
                "Le numéro de mobile de votre compte %(practice)s vient de changer. "
                "Si ce n’est pas vous, prévenez votre cabinet tout de suite."
            )
            text = one_segment(pattern, name=site_name())
            plan_sms(to=old, text=text, language=user.language, account=user.pk)
