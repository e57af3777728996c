"""Erasing a person (GDPR, article 17): everything at once or nothing, as often as it is asked for.

One transaction, which first takes the locks that a booking (the account), a sharing (appointment and record) and an
invitation that is followed (account and record) take: each of them comes wholly before or wholly after. Bytes go once
that transaction is committed; a run that was killed in between is ended by the next one (`finish`).
"""

from __future__ import annotations

import uuid

from django.db import IntegrityError, OperationalError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import User
from appointments.booking import cancel_untold
from appointments.models import Appointment
from audit.models import AuditEvent
from docshare.personal_data.erase_account import check_may_go, erase_account
from docshare.personal_data.erase_messages import erase_messages
from docshare.personal_data.erase_record import ERASED_DOCUMENT, erase_record
from docshare.personal_data.people import Asked, Person
from docshare.personal_data.report import Report
from files import storage
from patients.models import Patient

ATTEMPTS = 3


class Busy(Exception):
    """The database refused three times in a row, because of what others wrote at the same moment."""


def erase(asked: Asked, *, dry_run: bool = False) -> Report:
    """Erase, or find out what erasing would do: a dry run does everything, and takes it back.

    Raises people.NobodyFound, erase_account.CannotErase, Busy.
    """
    for _attempt in range(ATTEMPTS):
        try:
            with transaction.atomic():
                report = _erase(asked)
                transaction.set_rollback(dry_run)
            return report
        except (IntegrityError, OperationalError) as error:  # a booking in between, a deadlock
            refusal = error
    raise Busy from refusal


def finish(patient: uuid.UUID) -> int | None:
    """Remove the bytes of a record that was erased as a whole by a run that was killed. How many files were left;
    None where no such record was ever erased."""
    if not AuditEvent.objects.filter(action="patient.erased", object_id=patient).exists():
        return None
    lines = AuditEvent.objects.filter(action=ERASED_DOCUMENT, detail__patient=str(patient))
    files = [line.detail["file"] for line in lines]
    return storage.remove_erased(uuid.UUID(file) for file in files if file)


def _erase(asked: Asked) -> Report:
    person = _locked(asked)
    report = Report()
    if person.account:
        check_may_go(person.account)
    contacts = person.contacts() | person.former_contacts_of_records()
    for appointment in _appointments(person).filter(starts_at__gt=timezone.now()):
        report.count("appointments to come, cancelled", cancel_untold(appointment, by=None))
    erase_messages(person, contacts, report)
    if person.account:
        erase_account(person.account, report)
    for record in person.records:
        erase_record(record, person.account, report)
    for pk in person.unproved:
        report.kept.append(
            f"record {pk}: its contacts or birth date changed since the account proved them, and it may be somebody "
            "else's; if it is this person's, erase it by --patient"
        )
    return report


def _locked(asked: Asked) -> Person:
    """The person, as they are until the transaction ends: the account, then appointments and records."""
    first = asked.find()
    if first.account:
        # The weaker lock: a document that this account shares at the same moment names it, and need not wait.
        User.objects.select_for_update(of=("self",), no_key=True).get(pk=first.account.pk)
    person = asked.find()  # a tie may have been made while we waited
    list(_appointments(person))
    list(
        Patient.objects.filter(pk__in=[one.pk for one in person.records])
        .order_by("pk")
        .select_for_update(of=("self",))
    )
    return asked.find()


def _appointments(person: Person) -> QuerySet[Appointment]:
    theirs = Q(patient__in=[one.pk for one in person.records])
    if person.account:
        theirs |= Q(holder=person.account)
    locked = Appointment.objects.filter(theirs).order_by("pk").select_for_update(of=("self", "patient"))
    return locked.select_related("practice", "agenda", "visit_reason", "patient__practice")
