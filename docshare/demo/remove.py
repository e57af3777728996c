"""Takes the demo practice and its accounts away: rows and files, and nothing else. The trail stays."""

from __future__ import annotations

from collections.abc import Iterator

from allauth.usersessions.models import UserSession
from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.models import User
from appointments.models import Appointment
from audit.trail import record
from docshare.demo import cast
from docshare.demo.load import PRACTICE_ID
from notifications.channels.outbox import remove_files
from notifications.models import Message
from patients.models import RecordTie, RelativeRecord
from personal_data.practice import delete_without_archive
from personal_data.report import Report
from practices.models import Membership, Practice
from signing.models import SigningCredential

ACCOUNTS = (*(person.email for person in cast.STAFF), str(cast.HOLDER.email))
RECORDS = (*cast.PATIENTS, cast.HOLDER, cast.ADULT_WITH_CONTACTS, cast.ADULT_WITHOUT_CONTACTS, cast.CHILD)


class CannotRemove(Exception):
    """The message is a sentence for the person at the terminal."""


def remove(*, with_additions: bool = False) -> Report:
    """Raises CannotRemove if there is no demo, if a demo account works in another practice, or if people of one's own
    were added and `with_additions` is not set."""
    with transaction.atomic():
        practice = Practice.objects.select_for_update(no_key=True).filter(pk=PRACTICE_ID).first()
        users = User.objects.filter(email__in=ACCOUNTS)
        if practice is None:
            raise CannotRemove("The demo practice is not loaded: nothing was removed.")
        if elsewhere := list(_elsewhere(users)):
            raise CannotRemove(
                f"Demo accounts are in use outside of the demo practice: {'; '.join(elsewhere)}. "
                "End that first, so that nothing else changes. Nothing was removed."
            )
        if not with_additions and (added := list(_additions(practice, users))):
            raise CannotRemove(
                f"The demo practice holds more than the demo: {'; '.join(added)}. "
                "To remove them too: --with-additions. Nothing was removed."
            )
        record("practice.deleted", by=None, on=practice, practice=practice)
        sent = set(Message.objects.filter(Q(practice=PRACTICE_ID) | Q(about__in=users)).values_list("pk", flat=True))
        report = delete_without_archive(practice)
        _delete_accounts(users, report)
        transaction.on_commit(lambda: remove_files(sent))
    return report


def _elsewhere(users: QuerySet[User]) -> Iterator[str]:
    for membership in Membership.objects.filter(user__in=users).exclude(practice=PRACTICE_ID):
        yield f"{membership.user.email} is a member of {membership.practice.name}"
    for tie in RecordTie.objects.filter(user__in=users).exclude(patient__practice=PRACTICE_ID):
        yield f"{tie.user.email} has a record in {tie.patient.practice.name}"
    booked = Appointment.objects.filter(holder__in=users).exclude(practice=PRACTICE_ID).select_related("practice")
    for name in sorted({appointment.practice.name for appointment in booked}):
        yield f"a demo account booked in {name}"
    for relative in RelativeRecord.objects.filter(relative__holder__in=users).exclude(practice=PRACTICE_ID):
        yield f"a relative of the demo has a record in {relative.practice.name}"


def _additions(practice: Practice, users: QuerySet[User]) -> Iterator[str]:
    for membership in practice.memberships.exclude(user__in=users).select_related("user"):
        yield f"the member {membership.user.email}"
    accounts = User.objects.filter(
        Q(record_ties__patient__practice=practice) | Q(pk__in=practice.appointments.values("holder"))
    )
    for user in accounts.exclude(pk__in=users).distinct():
        yield f"the account {user.email}"
    expected = {(one.first_name, one.last_name, one.birth_date) for one in RECORDS}
    for one in practice.patients.all():
        if (one.first_name, one.last_name, one.birth_date) not in expected:
            yield f"the patient {one.full_name}"


def _delete_accounts(users: QuerySet[User], report: Report) -> None:
    for session in UserSession.objects.filter(user__in=users):
        session.end()
    ids = list(users.values_list("pk", flat=True))
    report.delete("notifications.Message", Message.objects.filter(about__in=ids))
    report.delete("signing.SigningCredential", SigningCredential.objects.filter(user__in=ids))
    report.delete("accounts.User", users)
