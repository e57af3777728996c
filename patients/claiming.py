"""Opens an account with an invitation, once email (link), mobile (code) and birth date are proved."""

from __future__ import annotations

from datetime import date

from allauth.account.models import EmailAddress
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts.models import User
from audit.trail import record
from patients.invitations import accept_invitation
from patients.models import Invitation, Relationship
from refusals import Kind, Refusal


class AccountExists(Refusal):
    """An account with this address exists: its owner signs in, and accepts with it."""

    code = "account_exists"
    kind = Kind.CONFLICT
    words = gettext_lazy("Un compte existe déjà à cette adresse e-mail : connectez-vous.")


def account_at(email: str) -> User | None:
    return User.objects.filter(email__iexact=email).first()


def has_own_account(invitation: Invitation) -> bool:
    """Whether an account is tied to the record already: its owner signs in to prove new contacts."""
    return invitation.patient.ties.live().filter(relationship=Relationship.SELF).exists()


@transaction.atomic
def open_account(*, invitation: Invitation, birth_date: date, password: str) -> User:
    """Create an account with the proved contacts, tied to the record.

    Raises AccountExists, and what patients.invitations.accept_invitation raises; then it creates nothing.
    """
    if account_at(invitation.email):
        raise AccountExists
    patient = invitation.patient
    names = {} if patient.is_minor_now() else {"first_name": patient.first_name, "last_name": patient.last_name}
    user = User.objects.create_user(
        invitation.email,
        password,
        **names,
        mobile=invitation.mobile,
        mobile_verified_at=timezone.now(),
        language=patient.language,
    )
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    record("account.opened", by=user, on=user)
    accept_invitation(invitation=invitation, user=user, birth_date=birth_date)
    return user
