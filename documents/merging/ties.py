"""What accounts see once two records are one: no more than they had proved of both.

An account that had proved what both records carried, and what the one that stays carries, sees everything at once.
Any other keeps what its own record showed until now, and waits until it has proved the record that stays: a link and
a code, as after a change of contacts.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from accounts.models import User
from documents.merging.state import State, tie_as_it_is
from patients.merges import records_in
from patients.models import Patient, RecordTie, Relationship, TieEnd
from patients.ties import end_tie, has_proved_record, suspend_tie


@dataclass(frozen=True)
class Sides:
    """Both records as they were, and the one that stays as it is now."""

    kept: Patient
    other: Patient
    merged: Patient

    def other_than(self, patient: uuid.UUID) -> Patient:
        return self.other if patient == self.kept.pk else self.kept


def own_accounts(kept: Patient, other: Patient) -> set[uuid.UUID]:
    """The accounts that have proved that one of the records is their own, closed ones included."""
    ties = RecordTie.objects.live().filter(patient__in=[kept.pk, other.pk], relationship=Relationship.SELF)
    return set(ties.values_list("user", flat=True))


def limit_ties(sides: Sides, state: State, *, by: User) -> None:
    """Before rows move: limit what each tie shows, and move the other's ties to the record that stays."""
    both = [sides.kept.pk, sides.other.pk]
    ties = list(
        RecordTie.objects.filter(patient__in=both)
        .select_for_update(of=("self",))
        .select_related("user", "patient__practice")
        .order_by("pk")
    )
    state.ties = {str(tie.pk): tie_as_it_is(tie) for tie in ties}
    records = {pk: sorted(map(str, records_in(pk))) for pk in both}
    for tie in ties:
        if tie.ended_at is not None:
            tie.shows_only = tie.shows_only or records[tie.patient_id]
            tie.save(update_fields=["shows_only"])
    live = [tie for tie in ties if tie.ended_at is None]
    pairs = _of_one_account(live, sides, state, records, by)
    for tie in live:
        if str(tie.pk) not in state.replaced_ties and tie.pk not in pairs:
            _limit(tie, sides, records[tie.patient_id], by)
    state.move(RecordTie.objects.filter(patient=sides.other), patient=sides.kept)


def _of_one_account(
    live: list[RecordTie], sides: Sides, state: State, records: dict[uuid.UUID, list[str]], by: User
) -> set[uuid.UUID]:
    """An account tied to both keeps one tie, with what both showed. Returns the ids of ties that are settled."""
    of_kept = {tie.user_id: tie for tie in live if tie.patient_id == sides.kept.pk}
    settled = set()
    for tie in live:
        stays = of_kept.get(tie.user_id)
        if tie.patient_id != sides.other.pk or stays is None:
            continue
        if stays.relationship == tie.relationship:
            _join(stays, tie, sides, records, by)
            settled.add(stays.pk)
        end_tie(tie=tie, reason=TieEnd.REPLACED, by=by)
        RecordTie.objects.filter(pk=tie.pk).update(shows_only=tie.shows_only or records[tie.patient_id])
        state.replaced_ties.append(str(tie.pk))
    return settled


def _join(stays: RecordTie, tie: RecordTie, sides: Sides, records: dict[uuid.UUID, list[str]], by: User) -> None:
    if sees_all_of_both(stays, tie, sides):
        return
    since = [one.suspended_at for one in (stays, tie) if one.suspended_at is not None]
    shown = {*(stays.shows_only or records[stays.patient_id]), *(tie.shows_only or records[tie.patient_id])}
    stays.shows_only = sorted(shown)
    stays.suspended_at = min(since, default=None)
    stays.save(update_fields=["shows_only", "suspended_at"])
    if stays.suspended_at is None:
        suspend_tie(tie=stays, by=by)


def _limit(tie: RecordTie, sides: Sides, own: list[str], by: User) -> None:
    """`own`: ids of its record, and of those that had become part of it."""
    if sees_all(tie, sides):
        return
    if not _adds_nothing(tie, sides):
        tie.shows_only = tie.shows_only or own
        tie.save(update_fields=["shows_only"])
    if tie.suspended_at is None:
        suspend_tie(tie=tie, by=by)


def sees_all(tie: RecordTie, sides: Sides) -> bool:
    """Whether an account that is tied to one of the records sees everything of the one that stays at once."""
    proved = [sides.merged] if _adds_nothing(tie, sides) else [sides.kept, sides.other, sides.merged]
    return tie.suspended_at is None and all(has_proved_record(tie, one) for one in proved)


def sees_all_of_both(stays: RecordTie, tie: RecordTie, sides: Sides) -> bool:
    """The same for an account that is tied to both, with the tie that stays and the other one."""
    return stays.suspended_at is None and tie.suspended_at is None and has_proved_record(stays, sides.merged)


def _adds_nothing(tie: RecordTie, sides: Sides) -> bool:
    return not sides.other_than(tie.patient_id).appointments.exists()
