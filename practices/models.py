"""Practices (the tenants) and what their staff may do in them."""

from __future__ import annotations

import uuid
from typing import Self, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models.user import User


def validate_time_zone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError(_("Ce fuseau horaire n’existe pas. Exemple : Europe/Paris."))


class Role(models.TextChoices):
    PRACTITIONER = "practitioner", _("Praticien")
    SECRETARY = "secretary", _("Secrétaire")
    ADMIN = "admin", _("Administrateur")
    READER = "reader", _("Lecteur")


SHARING_ROLES = frozenset({Role.PRACTITIONER, Role.SECRETARY, Role.ADMIN})


class PracticeQuerySet(models.QuerySet["Practice"]):
    def of(self, user: User, *roles: Role) -> PracticeQuerySet:
        """Where the user is staff (in one of `roles`, where any is given)."""
        return self.filter(pk__in=Membership.objects.held_by(user, *roles).values("practice"))

    def ids_of(self, user: User, *roles: Role) -> list[uuid.UUID]:
        """The same, named: with these, and not with a question inside the statement, an index gives the newest of a
        practice without reading the others."""
        return list(self.of(user, *roles).values_list("pk", flat=True))


class Practice(models.Model):
    """The organisation that owns agendas, library, rules and patient records (FHIR Organization)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("nom"), max_length=200)
    discreet_name = models.CharField(
        _("nom discret"),
        max_length=100,
        blank=True,
        default="",
        db_default="",
        help_text=_("Celui des messages, là où le nom dirait pourquoi on vient"),
    )
    discreet_email = models.EmailField(
        _("adresse de réponse discrète"),
        blank=True,
        default="",
        db_default="",
        help_text=_("Celle où vont les réponses aux messages, là où l’adresse du cabinet dirait pourquoi on vient"),
    )
    address = models.TextField(_("adresse"), blank=True)
    telephone = models.CharField(_("téléphone"), max_length=16, blank=True, help_text=_("E.164"))
    email = models.EmailField(
        _("adresse e-mail"),
        blank=True,
        help_text=_("Reçoit les alertes : invitation arrêtée, envoi en échec"),
    )
    time_zone = models.CharField(
        _("fuseau horaire"), max_length=50, default="Europe/Paris", validators=[validate_time_zone]
    )
    language = models.CharField(_("langue"), max_length=10, default="fr")

    objects = PracticeQuerySet.as_manager()

    class Meta:
        db_table = "accounts_practice"
        verbose_name = _("cabinet")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def name_in_messages(self) -> str:
        """What emails, SMS and calendars call it, where others may read along: on a locked telephone, for one."""
        return self.discreet_name or self.name

    @property
    def reply_address(self) -> str:
        """Where answers go, as messages and calendars show it; "" for nowhere. A practice with a discreet name does
        not show its own address, unless it chose that one."""
        return self.discreet_email or ("" if self.discreet_name else self.email)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


M = TypeVar("M", bound=models.Model)


class OfPracticeQuerySet(models.QuerySet[M]):
    """Of a model that belongs to a practice (its field `practice`)."""

    def of_staff(self, user: User, *roles: Role) -> Self:
        """Those of the practices where the user is staff (in one of `roles`, where any is given)."""
        return self.filter(practice__in=Practice.objects.ids_of(user, *roles))


class MembershipQuerySet(models.QuerySet["Membership"]):
    def held_by(self, user: User, *roles: Role) -> MembershipQuerySet:
        held = self.filter(user_id=user.pk, user__is_active=True)
        if not roles:
            return held
        condition = Q()
        for role in roles:
            condition |= Q(**{f"is_{role.value}": True})
        return held.filter(condition)


class Membership(models.Model):
    """A user's roles in a practice. All but `reader` share; only `admin` writes rules and library."""

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("compte"))
    practice = models.ForeignKey(
        Practice, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("cabinet")
    )
    is_practitioner = models.BooleanField(Role.PRACTITIONER.label, default=False)
    is_secretary = models.BooleanField(Role.SECRETARY.label, default=False)
    is_admin = models.BooleanField(Role.ADMIN.label, default=False)
    is_reader = models.BooleanField(Role.READER.label, default=False)
    since = models.DateTimeField(
        db_default=Now(), editable=False, help_text="What the account did before is no business of the practice"
    )

    objects = MembershipQuerySet.as_manager()

    class Meta:
        db_table = "accounts_membership"
        verbose_name = _("accès")
        verbose_name_plural = _("accès")
        constraints = [
            models.UniqueConstraint(fields=["user", "practice"], name="membership_once_per_practice"),
            models.CheckConstraint(
                condition=Q(is_practitioner=True) | Q(is_secretary=True) | Q(is_admin=True) | Q(is_reader=True),
                name="membership_has_a_role",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} – {self.practice}"

    @property
    def roles(self) -> frozenset[Role]:
        return frozenset(role for role in Role if getattr(self, f"is_{role.value}"))
