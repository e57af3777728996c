"""Links that open an operator's account: the first one's, and those of invited operators."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Purpose(models.TextChoices):
    FIRST_OPERATOR = "first_operator", _("premier exploitant")
    OPERATOR = "operator", _("exploitant")


class AccountLinkQuerySet(models.QuerySet["AccountLink"]):
    def live(self) -> AccountLinkQuerySet:
        return self.filter(used_at=None, ended_at=None, expires_at__gt=timezone.now())


class AccountLink(models.Model):
    """256 random bits, stored as a hash. Single use, by POST."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    purpose = models.CharField(_("pour"), max_length=20, choices=Purpose.choices)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    email = models.EmailField(_("adresse e-mail"), blank=True, default="", db_default="")
    about = models.UUIDField(
        null=True, blank=True, editable=False, help_text="Of the previous version; to be removed by the next one"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="account_links",
        help_text="The account that it opened, or that is to be opened",
    )
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("créé le"), default=timezone.now)
    expires_at = models.DateTimeField(_("expire le"))
    used_at = models.DateTimeField(_("utilisé le"), null=True, blank=True)
    ended_at = models.DateTimeField(_("arrêté le"), null=True, blank=True, help_text=_("Remplacé ou retiré"))

    objects = AccountLinkQuerySet.as_manager()

    class Meta:
        verbose_name = _("lien d’ouverture de compte")
        verbose_name_plural = _("liens d’ouverture de compte")

    def __str__(self) -> str:
        return str(self.id)
