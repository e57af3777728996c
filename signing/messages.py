"""Messages to practitioners about their signature and their certificates."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.letters import from_site
from accounts.models import User
from notifications.letters import Button, plan_letter
from notifications.wording import long_day


def plan_signature_changed_email(user: User) -> None:
    """Notify the practitioner at their own address, whoever made the change."""
    with translation.override(user.language):
        letter = from_site(
            about=_("Votre signature a changé"),
            paragraphs=[
                _("Bonjour,"),
                _("Votre signature ou votre certificat de signature vient de changer."),
                _(
                    "Si ce n’est pas vous, révoquez votre certificat dans « Ma signature », changez de mot de passe "
                    "et prévenez aussitôt votre cabinet."
                ),
            ],
            button=_my_signature(),
        )
        plan_letter(letter, to=user.email, language=user.language)


def plan_certificate_ends_email(user: User, *, ends_at: datetime, zone: ZoneInfo) -> None:
    """`zone`: the time zone of the practice that owns the certificate, or where its practitioner works."""
    with translation.override(user.language):
        letter = from_site(
            about=_("Votre certificat de signature se termine bientôt"),
            paragraphs=[
                _("Bonjour,"),
                _(
                    "Un certificat de signature que vous avez importé se termine le %(day)s. Après cette date, il ne "
                    "signera plus : demandez-en un nouveau à votre émetteur et importez-le."
                )
                % {"day": _day(ends_at, zone)},
            ],
            button=_my_signature(),
        )
        plan_letter(letter, to=user.email, language=user.language)


def _my_signature() -> Button:
    return Button(_("Ouvrir « Ma signature »"), settings.PUBLIC_URL + reverse("practitioner:signature"))


def _day(moment: datetime, zone: ZoneInfo) -> str:
    return long_day(timezone.localtime(moment, zone), weekday=True)
