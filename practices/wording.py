"""Roles and days of access in words."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from notifications.wording import long_day
from practices.models import SHARING_ROLES, Membership, Role
from practices.periods import Period


def rights_in_words(roles: Collection[Role]) -> list[str]:
    """What members with these roles do: “peut partager”, “peut signer”, “administre”; “lit seulement”."""
    rights = []
    if SHARING_ROLES.intersection(roles):
        rights.append(_("peut partager"))
    if Role.PRACTITIONER in roles:
        rights.append(_("peut signer"))
    if Role.ADMIN in roles:
        rights.append(_("administre"))
    return rights or [_("lit seulement")]


def period_in_words(period: Period) -> str:
    """“du 3 décembre 2026 au 14 décembre 2026”; "" without bounds."""
    if period.first and period.last and period.first == period.last:
        return _("le %(day)s") % {"day": long_day(period.first)}
    if period.first and period.last:
        return _("du %(first)s au %(last)s") % {"first": long_day(period.first), "last": long_day(period.last)}
    if period.first:
        return _("à partir du %(first)s") % {"first": long_day(period.first)}
    return _("jusqu’au %(last)s") % {"last": long_day(period.last)} if period.last else ""


def access_in_words(user: User) -> list[str]:
    """Sentences for somebody who has no access now: that the practice is suspended; from when on they have it, or
    since when no longer (for a month, after which nobody asks)."""
    sentences = []
    works = Membership.objects.held_by(user).exists()
    for membership in (
        Membership.objects.filter(user=user).select_related("practice").order_by("practice__name", "pk")
    ):
        today = timezone.localdate(timezone=membership.practice.zone)
        if membership.practice.is_suspended:
            if works:  # else a page of its own says so
                sentences.append(
                    _("%(practice)s est suspendu par l’exploitant du site.") % {"practice": membership.practice}
                )
        elif membership.valid_from and today < membership.valid_from:
            sentence = _("%(practice)s : votre accès commence le %(day)s.")
            sentences.append(sentence % {"practice": membership.practice, "day": long_day(membership.valid_from)})
        elif membership.valid_until and membership.valid_until < today <= membership.valid_until + timedelta(days=30):
            sentence = _("%(practice)s : votre accès s’est terminé le %(day)s.")
            sentences.append(sentence % {"practice": membership.practice, "day": long_day(membership.valid_until)})
    return sentences
