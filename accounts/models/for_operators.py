"""Accounts as the installation's operator sees them: no name of a patient, no contact in clear."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from accounts.models.user import User
from notifications.wording import masked_email


class Operator(User):
    """An account that operates the installation."""

    class Meta:
        proxy = True
        verbose_name = _("exploitant")
        verbose_name_plural = _("exploitants")


class BlockedAccount(User):
    """An account that can't sign in: deactivated, or after too many wrong tries."""

    class Meta:
        proxy = True
        verbose_name = _("compte bloqué")
        verbose_name_plural = _("comptes bloqués")

    def __str__(self) -> str:
        return masked_email(self.email)
