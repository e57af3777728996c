"""Erases a person (GDPR, article 17): everything at once or nothing. It may be repeated.

One transaction, which first takes the locks of a booking (the account), of sharing (appointment and record) and of
accepting an invitation (account and record), so that each of these happens entirely before or after. Files are
deleted after the commit; the next run completes a run that was killed in between (`finish`).
"""

from __future__ import annotations

import uuid

from django.db import IntegrityError, OperationalError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import User
from appointments.cancelling import cancel_without_notice
from appointments.models import Appointment
from audit.models import AuditEvent
from files import storage
from patients.models import Patient
from personal_data.erase_account import check_may_go, erase_account
from personal_data.erase_messages import erase_messages
from personal_data.erase_record import ERASED_DOCUMENT, erase_record
from personal_data.people import Asked, Person
from personal_data.report import Report

ATTEMPTS = 3


class Busy(Exception):
    """The transaction failed three times in a row because of concurrent writes."""


def erase(asked: Asked, *, dry_run: bool = False) -> Report:
    """Erase, or report what would be erased: a dry run does everything and rolls it back.

    Raises people.NobodyFound, erase_account.CannotErase, Busy.
    """
    for _attempt in range(ATTEMPTS):
        try:
            with transaction.atomic():
                report = _erase(asked)
                transaction.set_rollback(dry_run)
            return report
        except (IntegrityError, OperationalError) as error:  # a concurrent booking, a deadlock
            refusal = error
    raise Busy from refusal


def finish(patient: uuid.UUID) -> int | None:
    """Remove the files of a record that a killed run erased entirely; returns their number, or None if no such record
    was ever erased."""
    erased = AuditEvent.objects.filter(action="patient.erased", object_id=patient).first()
    if erased is None:
        return None
    lines = AuditEvent.objects.filter(action=ERASED_DOCUMENT, detail__patient=str(patient))
    files = [line.detail["file"] for line in lines]
    return storage.remove_erased(map(uuid.UUID, filter(None, files)), practice=erased.practice_id)


def _erase(asked: Asked) -> Report:
    person = _locked(asked)
    report = Report()
    if person.account:
        check_may_go(person.account)
    contacts = person.contacts() | person.former_contacts_of_records()
    for appointment in _appointments(person).filter(starts_at__gt=timezone.now()):
        report.count("appointments to come, cancelled", cancel_without_notice(appointment, by=None))
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
    """The person, with locks until the transaction ends: the account, then appointments and records."""
    first = asked.find()
    if first.account:
        # The weaker lock, so that a document that this account shares at the same moment, which refers to it, need
        # not wait.
        User.objects.select_for_update(of=("self",), no_key=True).get(pk=first.account.pk)
    person = asked.find()  # a tie may have been created while this waited for the lock
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
