"""Practices (the tenants) and what their staff may do in them."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Self, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from django.contrib.postgres.indexes import GinIndex
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models.user import User
from practices.find_text import FindText
from practices.held import held
from practices.periods import Period
from practices.today import TodayIn
from schema.composed import composed_once
from schema.new_uuid import NewUuid


def validate_time_zone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError(_("Ce fuseau horaire n’existe pas. Exemple : Europe/Paris."))


class Role(models.TextChoices):
    PRACTITIONER = "practitioner", _("Praticien")
    SECRETARY = "secretary", _("Secrétaire")
    ADMIN = "admin", _("Administrateur")
    READER = "reader", _("Lecteur")


class BookingOpenTo(models.TextChoices):
    """Who may book online at a practice."""

    EVERYBODY = "everybody", _("Tout le monde")
    KNOWN = "known", _("Les patients déjà connus du cabinet")
    NOBODY = "nobody", _("Personne")


SHARING_ROLES = frozenset({Role.PRACTITIONER, Role.SECRETARY, Role.ADMIN})


class PracticeQuerySet(models.QuerySet["Practice"]):
    def of(self, user: User, *roles: Role) -> PracticeQuerySet:
        """Practices where the user is staff (in one of `roles`, if any is given)."""
        return self.filter(pk__in=Membership.objects.held_by(user, *roles).values("practice"))

    def suspended(self) -> PracticeQuerySet:
        return self.filter(suspended_at__isnull=False)

    def ids_of(self, user: User, *roles: Role) -> list[uuid.UUID]:
        """The ids of `of`. With literal ids instead of a subquery, an index returns a practice's newest rows without
        reading the others."""
        return [one.practice_id for one in Membership.objects.list_held_by(user, *roles)]


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
    set_up_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When an administrator put the checklist away"
    )
    message_footer = models.TextField(
        _("pied des e-mails"), max_length=500, blank=True, default="", db_default="", help_text="Plain text"
    )
    booking_open_to = models.CharField(
        _("réservation en ligne ouverte à"),
        max_length=10,
        choices=BookingOpenTo,
        default=BookingOpenTo.EVERYBODY,
        db_default=BookingOpenTo.EVERYBODY,
    )
    suspended_at = models.DateTimeField(
        _("suspendu depuis"), null=True, blank=True, editable=False, help_text="Null: it is not suspended"
    )
    suspension_reason = models.TextField(
        _("raison de la suspension"), max_length=500, blank=True, default="", db_default="", help_text="For its staff"
    )
    takes_unasked = models.BooleanField(
        _("accepte des documents non demandés"), default=False, db_default=False, help_text="From patients' accounts"
    )
    is_listed = models.BooleanField(
        _("figure dans la recherche"),
        default=False,
        db_default=False,
        help_text=_("Ici, et dans les moteurs de recherche"),
    )
    find_text = FindText(source=("name", "address"), default="", db_default="", editable=False)
    logo_version = models.CharField(
        max_length=16,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text="Changes with the logo; empty without one",
    )

    objects = PracticeQuerySet.as_manager()

    class Meta:
        db_table = "accounts_practice"
        verbose_name = _("cabinet")
        ordering = ["name"]
        indexes = [
            GinIndex(
                fields=["find_text"],
                opclasses=["gin_trgm_ops"],
                condition=Q(is_listed=True),
                name="practice_find_text",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name_in_messages(self) -> str:
        """The name in emails, SMS and calendars, which others may see, for instance on a locked telephone."""
        return self.discreet_name or self.name

    @property
    def reply_address(self) -> str:
        """The reply address in messages and calendars; "" for none. A practice with a discreet name does not show its
        own address, unless it chose that one."""
        return self.discreet_email or ("" if self.discreet_name else self.email)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def is_suspended(self) -> bool:
        return self.suspended_at is not None

    @property
    def takes_bookings_of(self) -> BookingOpenTo:
        """Who may book online now: nobody while the practice is suspended, else `booking_open_to`."""
        return BookingOpenTo.NOBODY if self.is_suspended else BookingOpenTo(self.booking_open_to)


class PracticeLogo(models.Model):
    """The logo for messages and documents, re-encoded. A table of its own: practices are read without it."""

    practice = models.OneToOneField(Practice, on_delete=models.CASCADE, primary_key=True, related_name="logo")
    png = models.BinaryField()
    width = models.PositiveSmallIntegerField(help_text="Pixels")
    height = models.PositiveSmallIntegerField(help_text="Pixels")

    class Meta:
        verbose_name = _("logo")

    def __str__(self) -> str:
        return str(self.practice_id)


M = TypeVar("M", bound=models.Model)


class OfPracticeQuerySet(models.QuerySet[M]):
    """For models that belong to a practice (field `practice`)."""

    def of_staff(self, user: User, *roles: Role) -> Self:
        """Rows of the practices where the user is staff (in one of `roles`, if any is given)."""
        return self.filter(practice__in=Practice.objects.ids_of(user, *roles))


class HoldsRoles(models.Model):
    """Roles in a practice, and the days on which they count."""

    is_practitioner = models.BooleanField(Role.PRACTITIONER.label, default=False)
    is_secretary = models.BooleanField(Role.SECRETARY.label, default=False)
    is_admin = models.BooleanField(Role.ADMIN.label, default=False)
    is_reader = models.BooleanField(Role.READER.label, default=False)
    valid_from = models.DateField(_("premier jour"), null=True, blank=True)
    valid_until = models.DateField(_("dernier jour"), null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def roles(self) -> frozenset[Role]:
        return frozenset(role for role in Role if getattr(self, f"is_{role.value}"))

    def set_roles(self, roles: Collection[Role]) -> None:
        """Raises ValidationError without a role."""
        if not roles:
            raise ValidationError({"roles": gettext("Donnez au moins un rôle.")})
        for role in Role:
            setattr(self, f"is_{role.value}", role in roles)

    @property
    def period(self) -> Period:
        return Period(self.valid_from, self.valid_until)

    def set_period(self, period: Period) -> None:
        """Raises ValidationError if it ends before it begins."""
        period.check()
        self.valid_from, self.valid_until = period


class MembershipQuerySet(models.QuerySet["Membership"]):
    def in_force(self, at: datetime | None = None) -> MembershipQuerySet:
        """Those that count now: of an active account, on one of their days in the zone of the practice.

        `at`: now, if the caller has read the clock."""
        today = TodayIn("practice__time_zone", at)
        begun = Q(valid_from=None) | Q(valid_from__lte=today)
        not_over = Q(valid_until=None) | Q(valid_until__gte=today)
        return self.filter(begun, not_over, user__is_active=True)

    def held_by(self, user: User, *roles: Role) -> MembershipQuerySet:
        """The only way to what a user may do in a practice: every right is judged by it, at every request. In a
        suspended practice nobody has any."""
        memberships = self.in_force_of(user.pk)
        if not roles:
            return memberships
        condition = Q()
        for role in roles:
            condition |= Q(**{f"is_{role.value}": True})
        return memberships.filter(condition)

    def in_force_of(self, user: uuid.UUID, at: datetime | None = None) -> MembershipQuerySet:
        return self.in_force(at).filter(user_id=user, practice__suspended_at=None)

    def list_held_by(self, user: User, *roles: Role) -> list[Membership]:
        """The same with their practices, by the practices' names; read once in a request that only reads."""

        def read() -> list[Membership]:
            return _held_with_practices(user.pk, timezone.now())

        return [one for one in held(user.pk, read) if not roles or one.roles.intersection(roles)]

    def staying_administrators(self) -> MembershipQuerySet:
        """Administrators whose access has no end."""
        return self.in_force().filter(is_admin=True, valid_until=None)


@composed_once
def _held_with_practices(user: uuid.UUID, at: datetime) -> models.QuerySet[Membership]:
    held = Membership.objects.in_force_of(user, at).select_related("practice")
    return held.order_by("practice__name", "practice_id")


class Membership(HoldsRoles):
    """A user's roles in a practice. All but `reader` share; only `admin` writes rules and library."""

    id = models.BigAutoField(primary_key=True)
    public_id = models.UUIDField(
        default=uuid.uuid4,
        db_default=NewUuid(),
        unique=True,
        editable=False,
        help_text="In the API and in addresses; that of the invitation, if there was one",
    )
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("compte"))
    practice = models.ForeignKey(
        Practice, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("cabinet")
    )
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


class InvitationEnd(models.TextChoices):
    ACCEPTED = "accepted"
    REVOKED = "revoked"
    INVITER_LEFT = "inviter_left"  # who sent it no longer administers the practice


class ColleagueInvitationQuerySet(models.QuerySet["ColleagueInvitation"]):
    def pending(self) -> ColleagueInvitationQuerySet:
        """Neither accepted nor revoked; the link of some has expired."""
        return self.filter(end="")

    def by_operators(self) -> ColleagueInvitationQuerySet:
        return self.filter(by_operator=True)

    def for_account(self, user: User) -> ColleagueInvitationQuerySet:
        """Those that the account accepted, or that went to its address."""
        return self.filter(Q(accepted_by=user) | Q(email__iexact=user.email))


class ColleagueInvitation(HoldsRoles):
    """An invitation to become a member of a practice, by an administrator or by an operator. Its link opens until
    `expires_at`; only a hash of it is stored."""

    LIFETIME = timedelta(days=7)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    practice = models.ForeignKey(Practice, on_delete=models.CASCADE, related_name="colleague_invitations")
    email = models.EmailField(_("adresse e-mail"))
    title = models.CharField(_("titre"), max_length=20, blank=True)
    first_name = models.CharField(_("prénom"), max_length=100)
    last_name = models.CharField(_("nom"), max_length=100)
    professional_number = models.CharField(_("numéro RPPS"), max_length=20, blank=True)
    by_operator = models.BooleanField(
        default=False, db_default=False, editable=False, help_text="Of an administrator, by the site's operator"
    )
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    sent_at = models.DateTimeField(editable=False)
    expires_at = models.DateTimeField(editable=False)
    invited_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="colleague_invitations_sent"
    )
    end = models.CharField(max_length=20, choices=InvitationEnd.choices, blank=True, default="")
    ended_at = models.DateTimeField(null=True, blank=True, editable=False)
    accepted_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    objects = ColleagueInvitationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("practice", Lower("email"), condition=Q(end=""), name="colleague_invited_once")
        ]

    def __str__(self) -> str:
        return self.full_name

    @property
    def full_name(self) -> str:
        return " ".join(part for part in (self.title, self.first_name, self.last_name) if part)

    def has_expired(self, now: datetime | None = None) -> bool:
        return self.expires_at <= (now or timezone.now())
