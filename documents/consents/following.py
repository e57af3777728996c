"""Messages that ask for a signature follow the recipient of their document, in the transaction of the change."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db.models import QuerySet

from accounts.models import User
from appointments.models import Appointment
from documents.consents import messages
from documents.consents.access import all_consents
from documents.models import Consent
from patients.models import Patient


def follow_contacts(sender: type[Patient], patient: Patient, by: User, **kwargs: Any) -> None:
    """What has not left goes to the new contacts, or to nobody (signal `contacts_changed`)."""
    _tell_anew(_open().filter(document__patient=patient), by)


def follow_account(sender: type[User], user: User, **kwargs: Any) -> None:
    """A holder changed a contact of their account (signal `account_contact_changed`)."""
    _tell_anew(_open().filter(document__holder=user), user)


def follow_appointment(
    sender: type[Appointment],
    appointments: Collection[Appointment],
    fields: frozenset[str],
    by: User | None,
    **kwargs: Any,
) -> None:
    """An authorisation was given or withdrawn, or the practitioner whom the message names is another (signal
    `changed`)."""
    if fields & {"holder_authorisation", "agenda"}:
        _tell_anew(_open().filter(document__appointment__in=appointments), by)


def _open() -> QuerySet[Consent]:
    return all_consents().filter(pk__in=Consent.objects.open().values("pk"))


def _tell_anew(consents: QuerySet[Consent], by: User | None) -> None:
    for consent in consents.select_related("document__appointment__agenda__practitioner").order_by("asked_at", "pk"):
        if messages.waits(consent):
            messages.announce_anew(consent, by=by)
