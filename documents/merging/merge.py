"""Staff make one record of two. Nobody sees more by that than they had proved of both (documents/merging/ties.py).

The other record stays as a row that nothing else finds (`Patient.every`): its address leads to the one that stays,
and undoing needs its data.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from copy import copy

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts.models import User
from appointments.exclusions import keep_exclusions
from appointments.models import Appointment, HolderExclusion, WaitingEntry
from appointments.models.waiting import WaitingEnd
from appointments.waiting import withdraw_offers_of
from audit.trail import DetailValue, record
from documents import messages
from documents.merging.choices import FIELDS, saved, take
from documents.merging.state import ENDED_WISHES, State
from documents.merging.ties import Sides, limit_ties, own_accounts
from documents.models import AutoSend, DocumentLink, SharedDocument
from documents.models.autosend import LinkEnd
from documents.sending.links import end_links
from documents.sharing.corrections import judge_minority, leave_contacts
from notifications.models import Message
from patients.invitations import end_live_invitation
from patients.models import (
    ContactProposal,
    Invitation,
    InvitationEnd,
    Patient,
    RecordMerge,
    RelativeRecord,
)
from patients.ownership import CONTACTS
from patients.records import check_may_edit, invite_to_prove, note_identity
from refusals import Kind, Refusal


class BothHaveAccounts(Refusal):
    """Two accounts have proved to own one record each: only one of them could keep it."""

    code = "both_have_accounts"
    kind = Kind.CONFLICT
    field = "other"
    words = gettext_lazy(
        "Chacune de ces deux fiches est reliée au compte de son patient : elles ne peuvent pas être réunies. Si "
        "c’est bien la même personne, retirez d’abord l’accès d’un des deux comptes."
    )


class SameRecord(Refusal):
    code = "same_record"
    kind = Kind.INVALID
    field = "other"
    words = gettext_lazy("C’est la même fiche : choisissez-en une autre.")


@transaction.atomic
def merge_records(*, kept: Patient, other: Patient, by: User, from_other: Collection[str] = ()) -> Patient:
    """Everything of `other` moves to `kept`, which takes the fields `from_other` (of choices.FIELDS), and contacts
    that it lacks. Repeated, it changes nothing.

    Raises NotAllowed, SameRecord, BothHaveAccounts; Patient.DoesNotExist if they are of two practices, or if one is
    part of another record by now.
    """
    check_may_edit(kept.practice, by)
    if kept.pk == other.pk:
        raise SameRecord
    locked = lock_both(kept.pk, other.pk)
    kept, other = locked[kept.pk], locked[other.pk]
    if other.merged_into_id == kept.pk:
        return kept
    if kept.practice_id != other.practice_id or kept.merged_into_id or other.merged_into_id:
        raise Patient.DoesNotExist
    if len(own_accounts(kept, other)) > 1:
        raise BothHaveAccounts
    was, state = copy(kept), State(kept=saved(kept))
    taken = take(kept, other, [name for name in FIELDS if name in from_other])
    sides = Sides(kept=was, other=other, merged=kept)
    for one in (was, other):
        keep_exclusions(Patient, patient=one, was=one, by=by)
        if end_live_invitation(patient=one, reason=InvitationEnd.CONTACTS_CHANGED, by=by):
            state.invited.append(str(one.pk))
    limit_ties(sides, state, by=by)
    _move_rows(sides, state)
    kept.save()
    note_identity(patient=kept, was=was, by=by)
    Patient.every.filter(pk=other.pk).update(merged_into=kept, merged_at=timezone.now())
    state.merged = saved(kept)
    merge = RecordMerge.objects.create(kept=kept, other=other, merged_by=by)
    _judge_anew(sides, state, by)
    state.sendings_of_links = _sendings_of_links(kept)
    for one in (was, other):
        state.ended_links += map(str, leave_contacts(patient=kept, former=former_contacts(one, kept), by=by).ended)
    merge.state = state.as_json()
    merge.save(update_fields=["state"])
    detail: dict[str, DetailValue] = {"other": str(other.pk), "fields": sorted(taken)}
    record("record.merged", by=by, on=kept, practice=kept.practice_id, detail=detail)
    record("record.merged_into", by=by, on=other, practice=kept.practice_id, detail={"kept": str(kept.pk)})
    if state.invited or kept.ties.suspended().exists():
        invite_to_prove(patient=kept, by=by)
    return kept


def lock_both(one: uuid.UUID, other: uuid.UUID) -> dict[uuid.UUID, Patient]:
    """Lock the appointments of both records, then the records, each in the order of ids: a booking, a share or
    another merge comes before or after. Raises Patient.DoesNotExist."""
    both = [one, other]
    list(Appointment.objects.filter(patient__in=both).order_by("pk").select_for_update(of=("self",)))
    records = Patient.every.filter(pk__in=both).order_by("pk").select_for_update(of=("self",))
    locked = {record.pk: record for record in records.select_related("practice")}
    if len(locked) < len(set(both)):
        raise Patient.DoesNotExist
    # Booked while this waited for the records.
    list(Appointment.objects.filter(patient__in=both).order_by("pk").select_for_update(of=("self",)))
    return locked


def former_contacts(was: Patient, now: Patient) -> dict[str, str | None]:
    """The contacts that this record had and the current one has not."""
    return {
        name: getattr(was, name)
        for name in CONTACTS
        if getattr(was, name) and getattr(was, name) != getattr(now, name)
    }


def _move_rows(sides: Sides, state: State) -> None:
    kept, other = sides.kept, sides.other
    appointments = Appointment.objects.filter(patient=other)
    appointments.filter(of_record=None).update(of_record=other)
    state.move(appointments, patient=kept)
    state.move(SharedDocument.objects.filter(patient=other), patient=kept)
    excluded = HolderExclusion.objects.filter(patient=kept).values("holder")
    state.move(HolderExclusion.objects.filter(patient=other).exclude(holder__in=excluded), patient=kept)
    state.relatives_of_kept = [str(pk) for pk in kept.as_relative.values_list("pk", flat=True)]
    state.move(RelativeRecord.objects.filter(patient=other), patient=kept)
    wishes = list(WaitingEntry.objects.filter(patient=other).values_list("pk", flat=True))
    state.move(WaitingEntry.objects.filter(patient=other), patient=kept)
    withdraw_offers_of(wishes)
    state.rows[ENDED_WISHES] = _one_wish_for_each_reason(kept)
    state.move(Invitation.objects.filter(patient=other), patient=kept)
    waiting = kept.contact_proposals.filter(settled_at=None)
    twice = other.contact_proposals.filter(
        settled_at=None, contact__in=list(waiting.values_list("contact", flat=True))
    )
    state.settled_proposals = [str(pk) for pk in twice.values_list("pk", flat=True)]
    twice.update(settled_at=timezone.now())
    state.move(ContactProposal.objects.filter(patient=other), patient=kept)
    state.move(Message.objects.filter(about=other.pk), about=kept.pk)


def _one_wish_for_each_reason(kept: Patient) -> list[str]:
    """End the wishes without an appointment for a reason that the record waits for already, with a better rank, as
    nobody is put on the list twice (appointments.waiting.put_on_list). Returns them."""
    waiting = WaitingEntry.objects.live().filter(patient=kept, appointment=None).select_for_update(of=("self",))
    reasons, twice = set(), []
    for entry in waiting:
        if entry.visit_reason_id in reasons:
            twice.append(entry.pk)
        reasons.add(entry.visit_reason_id)
    withdraw_offers_of(twice)
    WaitingEntry.objects.filter(pk__in=twice).update(ended_at=timezone.now(), end=WaitingEnd.REMOVED)
    return [str(pk) for pk in twice]


def _sendings_of_links(patient: Patient) -> dict[str, list[str]]:
    """Of each open link, in order: what waits is announced by a new link, which takes them all."""
    found: dict[str, list[str]] = {}
    sendings = AutoSend.objects.filter(link__appointment__patient=patient, link__holder=None, link__revoked_at=None)
    for link, sending in sendings.order_by("link", "rank").values_list("link", "pk"):
        found.setdefault(str(link), []).append(str(sending))
    return found


def _judge_anew(sides: Sides, state: State, by: User) -> None:
    """End what bookers see by a minority that the record that stays does not have, and what they see of the other
    record although staff ended their access to this child. Never the reverse: a merge shows nobody anything new."""
    merged = sides.merged
    minors = SharedDocument.objects.filter(patient=merged, patient_was_minor=True)
    if {sides.kept.birth_date, sides.other.birth_date} != {merged.birth_date}:
        before = list(minors.values_list("pk", flat=True))
        judge_minority(minors, by=by)
        grown = SharedDocument.objects.filter(pk__in=before, patient_was_minor=False)
        state.no_minors_documents = [str(pk) for pk in grown.values_list("pk", flat=True)]
    for exclusion in HolderExclusion.objects.filter(patient=merged).select_related("holder"):
        theirs = SharedDocument.objects.filter(
            patient=merged, audience="holder", holder=exclusion.holder, authorisation=None, holder_ended_at=None
        )
        ended = list(theirs.values_list("pk", flat=True))
        messages.call_off(SharedDocument.objects.filter(pk__in=ended))
        SharedDocument.objects.filter(pk__in=ended).update(holder_ended_at=timezone.now())
        state.ended_documents += map(str, ended)
        by_age = SharedDocument.objects.filter(patient=merged, holder=exclusion.holder, holder_ended_by_age=True)
        state.ended_by_age += [str(pk) for pk in by_age.values_list("pk", flat=True)]
        by_age.update(holder_ended_by_age=False)
        links = Q(appointment__patient=merged, holder=exclusion.holder, authorisation=None, revoked_at=None)
        dead = DocumentLink.objects.filter(links)
        state.ended_links += [str(pk) for pk in dead.values_list("pk", flat=True)]
        end_links(dead, reason=LinkEnd.STAFF, by=by)
