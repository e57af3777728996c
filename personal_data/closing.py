"""A person closes their own account: its access ends, the records stay with their practices."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audit.trail import record
from personal_data.erase_account import erase_account
from personal_data.erase_messages import erase_messages
from personal_data.people import Person
from personal_data.report import Report
from refusals import Kind, Refusal


class StaffAccount(Refusal):
    """Staff leave their practices first, so that each practice knows who signs and shares in its name."""

    code = "staff_account"
    kind = Kind.CONFLICT
    words = _(
        "Ce compte travaille pour un cabinet : il ne peut pas être fermé ici. Demandez d’abord à l’administrateur du "
        "cabinet de mettre fin à votre accès."
    )


def is_staff_account(user: User) -> bool:
    return user.is_staff or user.is_superuser or user.memberships.exists()


@transaction.atomic
def close_account(*, by: User) -> None:
    """End every tie, session, token and link of the account, and erase what identifies its owner in it.

    Appointments stay booked. Raises StaffAccount.
    """
    user = User.objects.select_for_update(of=("self",), no_key=True).get(pk=by.pk)
    if is_staff_account(user):
        raise StaffAccount
    report = Report()
    account = Person(user, ())
    erase_messages(account, account.contacts(), report)
    record("account.closed", by=user, on=user)
    erase_account(user, report)
