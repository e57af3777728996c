"""Which accesses a merge will end or suspend, for staff to read before they confirm. Writes nothing."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator
from copy import copy
from dataclasses import dataclass
from enum import StrEnum

from django.utils import timezone

from accounts.models import User
from appointments.models import HolderExclusion
from appointments.recipients import receives_as_booker
from documents.merging.choices import FIELDS, take
from documents.merging.ties import Sides, sees_all, sees_all_of_both
from documents.models import DocumentLink
from documents.sending.links import documents_of
from documents.sharing.access import seen_by_holders
from documents.sharing.accesses import Access, AccessKind, accesses_to
from patients.models import Patient, RecordTie


class Change(StrEnum):
    SUSPENDED = "suspended"  # sees what it saw, and the rest after it has proved the record that stays
    ENDED = "ended"


@dataclass(frozen=True)
class Effect:
    access: Access
    change: Change


def effects_of_merge(*, kept: Patient, other: Patient, from_other: Collection[str]) -> list[Effect]:
    """The accesses to both records that `merge_records` would end or suspend, with the same arguments."""
    merged = copy(kept)
    take(merged, other, [name for name in FIELDS if name in from_other])
    sides = Sides(kept=copy(kept), other=other, merged=merged)
    accesses = [*accesses_to(kept), *accesses_to(other)]
    ties = [one.what for one in accesses if isinstance(one.what, RecordTie)]
    loses = _Losses(sides)
    effects = []
    for access in accesses:
        match access.what:
            case RecordTie() as tie:
                change = _of_tie(tie, ties, sides)
            case DocumentLink() as link:
                change = Change.ENDED if loses.link(link) else None
            case User() as holder:
                change = Change.ENDED if loses.holder(holder) else None
            case _:  # an authorisation goes with its appointment; invitations of both records end
                change = Change.ENDED if access.kind is AccessKind.INVITATION else None
        if change:
            effects.append(Effect(access, change))
    return effects


def _of_tie(tie: RecordTie, ties: list[RecordTie], sides: Sides) -> Change | None:
    twin = next((one for one in ties if one.user_id == tie.user_id and one.pk != tie.pk), None)
    if twin is None:
        whole = sees_all(tie, sides)
    elif twin.relationship == tie.relationship:
        stays, goes = (tie, twin) if tie.patient_id == sides.kept.pk else (twin, tie)
        whole = sees_all_of_both(stays, goes, sides)
        if tie is goes and stays.suspended_at is None:
            return None  # one line for an account
    elif tie.patient_id == sides.other.pk:
        return Change.ENDED  # as a guardian of one record and as the owner of the other
    else:
        whole = sees_all(tie, sides)
    return None if whole or tie.suspended_at is not None else Change.SUSPENDED


class _Losses:
    """What bookers lose: by the birth date that the record that stays will have, and because staff ended their access
    to one of the two records."""

    def __init__(self, sides: Sides) -> None:
        self.sides = sides
        records = (sides.kept, sides.other)
        self.excluded = {one.holder_id for record in records for one in HolderExclusion.objects.applying_to(record)}
        self.documents: set[uuid.UUID] = set()
        self.holders: set[uuid.UUID | None] = set(self.excluded)
        for record in records:
            if record.birth_date != sides.merged.birth_date:
                self._judge(record)

    def _judge(self, record: Patient) -> None:
        merged = self.sides.merged
        for document in seen_by_holders(record.pk).filter(authorisation=None):
            if not merged.is_minor_on(timezone.localtime(document.shared_at, merged.practice.zone).date()):
                self.documents.add(document.pk)
                self.holders.add(document.holder_id)
        if not merged.is_minor_now():
            self.holders.update(holder.pk for holder in receives_as_booker(record))

    def holder(self, holder: User) -> bool:
        return holder.pk in self.holders

    def link(self, link: DocumentLink) -> bool:
        """Whether nothing opens it any more: compared with the contacts of the record that stays."""
        if link.holder_id in self.excluded and link.authorisation_id is None:
            return True
        link.appointment.patient = self.sides.merged
        return all(opened in self.documents for opened in self._opened_by(link))

    @staticmethod
    def _opened_by(link: DocumentLink) -> Iterator[uuid.UUID | None]:
        yield from documents_of(link).values_list("shared", flat=True)
