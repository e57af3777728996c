"""Finds the account and records of one person: by proof of identity, never by similar names."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from allauth.account.models import EmailAddress
from django.db.models import Q

from accounts.models import User
from documents.models import DocumentLink
from patients.merges import record_that_stays
from patients.models import FormerContact, Invitation, Patient, RecordTie, Relationship
from practices.models import Practice


class NobodyFound(Exception):
    """The message is a sentence for the operator."""


@dataclass(frozen=True)
class Person:
    """`account`: None if nobody has proved to own the records. `records`: the person's own, at every practice; not
    those of children or of others for whom the person books. `unproved`: records that the account once proved to
    own, and whose contacts or birth date changed since: they may belong to somebody else now, so `records` leaves
    them out."""

    account: User | None
    records: tuple[Patient, ...]
    unproved: tuple[uuid.UUID, ...] = ()

    def contacts(self) -> frozenset[str]:
        """Every known email and mobile of the person, in lower case, including former ones of the account."""
        contacts: set[str | None] = set()
        if self.account and not self.account.is_erased:
            contacts |= {self.account.email, self.account.mobile}
            contacts |= set(FormerContact.objects.filter(user=self.account).values_list("value", flat=True))
            contacts |= set(EmailAddress.objects.filter(user=self.account).values_list("email", flat=True))
            ties = RecordTie.objects.filter(user=self.account)
            contacts |= {one for pair in ties.values_list("proved_email", "proved_mobile") for one in pair}
        for record in self.records:
            contacts |= {record.email, record.mobile}
        return frozenset(one.lower() for one in contacts if one)

    def former_contacts_of_records(self) -> frozenset[str]:
        """Contacts that received the records' invitations and links; these may be somebody else's, entered by
        mistake."""
        invitations = Invitation.objects.filter(patient__in=self.records).values_list("email", "mobile")
        links = DocumentLink.objects.filter(appointment__patient__in=self.records, holder=None)
        pairs = [*invitations, *links.values_list("email", "mobile")]
        return frozenset(one.lower() for pair in pairs for one in pair if one)

    def contacts_of_others(self) -> frozenset[str]:
        """Contacts of other recipients of messages about the records: bookers, tied accounts, the practices."""
        booked = Q(booked_appointments__patient__in=self.records) | Q(record_ties__patient__in=self.records)
        others = User.objects.filter(booked).exclude(pk__in=[self.account.pk] if self.account else []).distinct()
        contacts = {one for pair in others.values_list("email", "mobile") for one in pair}
        contacts |= set(FormerContact.objects.filter(user__in=others).values_list("value", flat=True))
        contacts |= {one for record in self.records for one in _contacts_of(record.practice)}
        return frozenset(one.lower() for one in contacts if one)


def _contacts_of(practice: Practice) -> set[str]:
    return {practice.email, practice.discreet_email, practice.telephone}


@dataclass(frozen=True)
class Asked:
    """The person that a command names by account or by one record; with `practice`, only the records there and no
    account."""

    account: uuid.UUID | None = None
    patient: uuid.UUID | None = None
    practice: uuid.UUID | None = None

    def find(self) -> Person:
        """Raises NobodyFound."""
        account, records = self._account(), Q()
        if self.patient is not None:
            stays = record_that_stays(self.patient)
            if stays is None:
                raise NobodyFound(f"No patient record has the id {self.patient}.")
            records |= Q(pk=stays.pk)
        own = RecordTie.objects.filter(user=account, relationship=Relationship.SELF) if account else None
        if own is not None:
            records |= Q(pk__in=own.proved_now().values("patient"))
        matching = Patient.objects.filter(records).distinct() if records else Patient.objects.none()
        if self.practice is not None:
            account, own, matching = None, None, matching.filter(practice=self.practice)
            if not matching:
                raise NobodyFound(f"The person has no record at the practice {self.practice}.")
        unproved = tuple(own.suspended().values_list("patient", flat=True)) if own is not None else ()
        return Person(account, tuple(matching.select_related("practice").order_by("created_at", "pk")), unproved)

    def _account(self) -> User | None:
        if self.account is not None:
            account = User.objects.filter(pk=self.account).first()
            if account is None:
                raise NobodyFound(f"No account has the id {self.account}.")
            return account
        tie = RecordTie.objects.proved_now().filter(patient=self.patient, relationship=Relationship.SELF).first()
        return tie.user if tie else None
