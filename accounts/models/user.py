"""A login. A person's account: staff of practices, a patient-side account holder, or both."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from audit.trail import record

if TYPE_CHECKING:
    from allauth.account.models import EmailAddress
    from django.db.models.fields.related_descriptors import RelatedManager

ERASED_DOMAIN = "erased.invalid"  # the domain of erased accounts' addresses, which receives no mail (RFC 2606)
MOVED = "moved-"  # how the address begins of a person who has an account in another installation, not here


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """An active account; without a password it can't sign in by one."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.full_clean(exclude=["password"])
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        from accounts.account_links import confirm_address  # that module imports this model

        with transaction.atomic():
            user = self.create_user(email, password, is_staff=True, is_superuser=True, **fields)
            confirm_address(user)  # whoever makes it has access to the machine
            record("account.created", by=None, on=user, detail={"is_superuser": True})
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)


class NewPassword(StrEnum):
    """How an account gets a new password."""

    CHANGED = "changed"  # by the person, who knew the old one
    RESET = "reset"  # by the holder of the mailbox
    SET = "set"  # by the installation's operator, or in any other way


@dataclass(frozen=True)
class PasswordChange:
    """How the password changes, and which API tokens stay valid."""

    how: NewPassword = NewPassword.SET
    kept_tokens: frozenset[uuid.UUID] = frozenset()


def full_name(*parts: str | None) -> str:
    """Of a title, a first and a last name, as far as there are any."""
    return " ".join(part for part in parts if part)


class User(AbstractBaseUser, PermissionsMixin):
    emailaddress_set: RelatedManager[EmailAddress]  # allauth's

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(_("adresse e-mail"), unique=True)
    first_name = models.CharField(_("prénom"), max_length=100, blank=True)
    last_name = models.CharField(_("nom"), max_length=100, blank=True)
    title = models.CharField(_("titre"), max_length=20, blank=True, help_text=_("Dr, Pr…"))
    professional_number = models.CharField(_("numéro RPPS"), max_length=20, blank=True)
    mobile = models.CharField(_("mobile"), max_length=16, null=True, blank=True, help_text=_("E.164"))
    mobile_verified_at = models.DateTimeField(null=True, blank=True, editable=False)
    birth_date = models.DateField(_("date de naissance"), null=True, blank=True)
    language = models.CharField(
        _("langue"), max_length=10, default="fr", choices=[("fr", "Français"), ("en", "English")]
    )
    is_active = models.BooleanField(_("actif"), default=True)
    is_staff = models.BooleanField(_("accède à l’administration"), default=False)
    date_joined = models.DateTimeField(default=timezone.now, editable=False)

    password_change = PasswordChange()  # describes the password that the next `save` stores

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("compte")
        verbose_name_plural = _("comptes")
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_unique_whatever_the_case"),
            models.CheckConstraint(
                condition=Q(mobile__isnull=True) | Q(mobile__startswith="+"), name="user_mobile_e164"
            ),
        ]

    def __str__(self) -> str:
        return self.get_full_name() or (gettext("Compte effacé") if self.is_erased else self.email)

    @staticmethod
    def moved_address(pk: uuid.UUID) -> str:
        """The address of a person whom a practice brought from another installation: a name in its records, and
        nobody who can sign in or be written to."""
        return f"{MOVED}{pk}@{ERASED_DOMAIN}"

    @property
    def is_erased(self) -> bool:
        """Whether the person was erased and only data that must be retained is left (docs/personal-data.md)."""
        return self.email.endswith(f"@{ERASED_DOMAIN}")

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the account. A new password ends everything that depended on the old one, whatever code sets it.

        Raises PermissionDenied if the account was erased since it was read, so that no stale copy restores the
        person.
        """
        if self._state.adding:
            super().save(*args, **kwargs)
            return
        from accounts.password_changes import end_access_by_old_password  # that module imports this model

        has_new_password = getattr(self, "_password", None) is not None
        with transaction.atomic():
            if not self.is_erased:
                self._check_is_not_erased()
            super().save(*args, **kwargs)
            if has_new_password:
                end_access_by_old_password(self)
                self.password_change = PasswordChange()

    def _check_is_not_erased(self) -> None:
        """Check under the lock that erasing takes. Raises PermissionDenied."""
        row = User.objects.select_for_update(of=("self",), no_key=True).filter(pk=self.pk)
        if any(email.endswith(f"@{ERASED_DOMAIN}") for email in row.values_list("email", flat=True)):
            raise PermissionDenied

    def get_full_name(self) -> str:
        """Title, first and last name: "Dr Anne Martin"."""
        return full_name(self.title, self.first_name, self.last_name)

    def get_short_name(self) -> str:
        return self.first_name or self.email
