"""Staff separate two records that they had made one, within 30 days: everybody sees again what they saw before.

What came from the other record goes back, with what was added to it since. What was added otherwise stays with the
record that stays, except appointments booked online by an account that only the other record's ties or relatives
explain. A tie made since goes to the record whose data it proved, or ends.
"""

from __future__ import annotations

import uuid
from copy import copy
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts.models import User
from appointments.models import Appointment, BookedFor, HolderExclusion, WaitingEntry
from appointments.models.waiting import WaitingEnd
from audit.trail import record
from documents import messages
from documents.merging.choices import restore
from documents.merging.merge import former_contacts, lock_both
from documents.merging.state import ENDED_WISHES, State, belongs_to, tie_as_it_was
from documents.models import AutoSend, DocumentLink, SharedDocument
from documents.models.shared import AudienceChoice
from documents.sending.autosend import resend
from documents.sending.links import LINK
from documents.sharing.corrections import judge_minority, leave_contacts
from notifications import outbox
from notifications.models import Message, MessageState
from patients.invitations import end_live_invitation
from patients.models import (
    ContactProposal,
    FormerContact,
    Invitation,
    InvitationEnd,
    Patient,
    RecordMerge,
    RecordTie,
    Relationship,
    RelativeRecord,
    TieEnd,
)
from patients.own_contacts import propose
from patients.records import check_may_edit, invite_to_prove, note_identity
from patients.ties import end_tie, follow_record, has_proved_record
from refusals import Kind, Refusal
from schema.composed import composed_once


class NothingToUndo(Refusal):
    """No other record became part of this one within 30 days, or that was undone."""

    code = "nothing_to_undo"
    kind = Kind.CONFLICT
    words = gettext_lazy(
        "Aucune réunion de fiches n’est à défaire ici : plus de 30 jours ont passé, ou c’est déjà fait."
    )


def undoable_merge(kept: Patient) -> RecordMerge | None:
    """The last merge into this record, while it can be undone: an earlier one comes after it."""
    last = _last_merges(kept.pk)
    return RecordMerge.objects.undoable().filter(pk=last[0].pk).first() if last else None


@composed_once
def _last_merges(kept: uuid.UUID) -> QuerySet[RecordMerge]:
    return RecordMerge.objects.standing().filter(kept=kept).order_by("-merged_at", "-id")[:1]


@dataclass(frozen=True)
class Apart:
    """Both records, and what undoing needs."""

    merge: RecordMerge
    state: State
    kept: Patient
    other: Patient


@transaction.atomic
def unmerge_records(*, kept: Patient, by: User) -> Patient:
    """Undo the last merge into `kept`. Returns the record that is of its own again.

    Raises NotAllowed, NothingToUndo; Patient.DoesNotExist if `kept` is part of another record by now.
    """
    check_may_edit(kept.practice, by)
    found = undoable_merge(kept)
    if found is None:
        raise NothingToUndo
    locked = lock_both(found.kept_id, found.other_id)
    kept, other = locked[found.kept_id], locked[found.other_id]
    merge = undoable_merge(kept)
    if merge is None or merge.pk != found.pk:
        raise NothingToUndo
    if kept.merged_into_id:
        raise Patient.DoesNotExist
    apart = Apart(merge, State.read(merge.state or {}), kept, other)
    was = copy(kept)
    whole = restore(kept, before=apart.state.kept, merged=apart.state.merged)
    kept.save()
    note_identity(patient=kept, was=was, by=by)
    end_live_invitation(patient=kept, reason=InvitationEnd.CONTACTS_CHANGED, by=by)
    other.merged_into = other.merged_at = None
    _separate_ties(apart, whole, by)
    _separate_rows(apart, by)
    other.save()
    _show_again(apart, by)
    for one in (kept, other):
        leave_contacts(patient=one, former=former_contacts(was, one), by=by)
    _open_links_again(apart, by)
    _follow_accounts(apart)
    merge.undone_at, merge.undone_by, merge.state = timezone.now(), by, None
    merge.save(update_fields=["undone_at", "undone_by", "state"])
    for one in (kept, other):
        detail = {"kept": str(kept.pk), "other": str(other.pk)}
        record("record.unmerged", by=by, on=one, practice=kept.practice_id, detail=detail)
        if str(one.pk) in apart.state.invited or one.ties.suspended().exists():
            invite_to_prove(patient=one, by=by)
    return other


# --- Ties -------------------------------------------------------------------------------------------------------


def _separate_ties(apart: Apart, whole: bool, by: User) -> None:
    """`whole`: the data of the record that stays are those before the merge."""
    ties = list(
        RecordTie.objects.filter(patient=apart.kept)
        .select_for_update(of=("self",))
        .select_related("user", "patient__practice")
        .order_by("pk")
    )
    ended_by_staff = {tie.user_id: tie.end for tie in ties if tie.ended_at and tie.ended_at > apart.merge.merged_at}
    for tie in ties:
        was = apart.state.ties.get(str(tie.pk))
        if was is None:
            continue
        tie.patient = apart.other if belongs_to(was) == apart.other.pk else apart.kept
        proofs_stand = tie.patient == apart.other or whole
        if proofs_stand:
            tie_as_it_was(tie, was)
        tie.shows_only = was["shows_only"]
        if str(tie.pk) in apart.state.replaced_ties:
            since = ended_by_staff.get(tie.user_id, "")
            if since in ("", TieEnd.REPLACED):
                tie.ended_at, tie.end = None, ""
            else:
                tie.end = since
        tie.save()
        if tie.ended_at is None and not proofs_stand:
            follow_record(tie, by=by)
        if was["live"] and tie.end == TieEnd.STAFF:
            Patient.every.filter(pk=tie.patient_id).update(access_ended=True)
            tie.patient.access_ended = True
    for tie in ties:
        if str(tie.pk) not in apart.state.ties and tie.ended_at is None:
            _place_new_tie(tie, apart, by)


def _place_new_tie(tie: RecordTie, apart: Apart, by: User) -> None:
    """A tie made since belongs to the record whose own data it proved; otherwise it ends."""
    for record_of in (apart.kept, apart.other):
        there = RecordTie.objects.live().filter(patient=record_of).exclude(pk=tie.pk)
        taken = there.filter(user=tie.user_id) | there.filter(relationship=Relationship.SELF)
        if tie.relationship != Relationship.SELF:
            taken = there.filter(user=tie.user_id)
        if has_proved_record(tie, record_of) and not taken.exists():
            tie.patient = record_of
            tie.save(update_fields=["patient"])
            return
    end_tie(tie=tie, reason=TieEnd.SEPARATED, by=by)


# --- Rows -------------------------------------------------------------------------------------------------------


def _separate_rows(apart: Apart, by: User) -> None:
    kept, other, state = apart.kept, apart.other, apart.state
    of_account = _relatives_of_the_other(apart)
    RelativeRecord.objects.filter(pk__in=of_account).update(patient=other)
    going = Q(pk__in=state.moved(Appointment)) | Q(pk__in=_booked_for_the_other(apart))
    appointments = list(Appointment.objects.filter(going, patient=kept).values_list("pk", flat=True))
    Appointment.objects.filter(pk__in=appointments).update(patient=other)
    Appointment.objects.filter(pk__in=appointments, of_record=other).update(of_record=None)
    SharedDocument.objects.filter(appointment__in=appointments).update(patient=other)
    HolderExclusion.objects.filter(pk__in=state.moved(HolderExclusion), patient=kept).update(patient=other)
    for exclusion in HolderExclusion.objects.filter(patient=kept, excluded_at__gt=apart.merge.merged_at):
        HolderExclusion.objects.get_or_create(
            patient=other, holder=exclusion.holder, defaults={"excluded_by": exclusion.excluded_by}
        )
    ended = WaitingEntry.objects.filter(pk__in=state.rows.get(ENDED_WISHES, []), end=WaitingEnd.REMOVED)
    ended.update(ended_at=None, end="")
    WaitingEntry.objects.filter(pk__in=state.moved(WaitingEntry), patient=kept).update(patient=other)
    Invitation.objects.filter(pk__in=state.moved(Invitation)).update(patient=other)
    ContactProposal.objects.filter(pk__in=state.moved(ContactProposal)).update(patient=other)
    ContactProposal.objects.filter(pk__in=state.settled_proposals).update(settled_at=None)
    Message.objects.filter(pk__in=state.moved(Message), about=kept.pk).update(about=other.pk)


def _relatives_of_the_other(apart: Apart) -> list[str]:
    """Those that came with it, and those that an account with a tie to it got since."""
    came = apart.state.moved(RelativeRecord)
    accounts = RecordTie.objects.live().filter(patient=apart.other).values("user")
    since = RelativeRecord.objects.filter(patient=apart.kept, relative__holder__in=accounts)
    since = since.exclude(pk__in=[*came, *apart.state.relatives_of_kept])
    return [*came, *(str(pk) for pk in since.values_list("pk", flat=True))]


def _booked_for_the_other(apart: Apart) -> list[uuid.UUID]:
    """Appointments since the merge that its own account booked, or somebody for whose relative only it is the
    record."""
    since = Appointment.objects.filter(patient=apart.kept, created_at__gt=apart.merge.merged_at, holder__isnull=False)
    own = RecordTie.objects.live().filter(relationship=Relationship.SELF)
    of_other, of_kept = (own.filter(patient=one).values("user") for one in (apart.other, apart.kept))
    by_itself = Q(booked_for=BookedFor.SELF, holder__in=of_other) & ~Q(holder__in=of_kept)
    bookers, of_both = (
        RelativeRecord.objects.filter(patient=one).values("relative__holder") for one in (apart.other, apart.kept)
    )
    for_it = ~Q(booked_for=BookedFor.SELF) & Q(holder__in=bookers) & ~Q(holder__in=of_both)
    return list(since.filter(by_itself | for_it).values_list("pk", flat=True))


# --- What they showed ------------------------------------------------------------------------------------------


def _show_again(apart: Apart, by: User) -> None:
    """Undo what the merge itself ended; judge what it judged, and what was shared since, by the birth date of its
    record."""
    state = apart.state
    SharedDocument.objects.filter(pk__in=state.ended_documents).update(holder_ended_at=None)
    SharedDocument.objects.filter(pk__in=state.ended_by_age).update(holder_ended_by_age=True)
    of_both = SharedDocument.objects.filter(patient__in=[apart.kept.pk, apart.other.pk])
    since = Q(shared_at__gt=apart.merge.merged_at)
    judge_minority(of_both.filter(since | Q(pk__in=[*state.no_minors_documents, *state.ended_documents])), by=by)
    unseen = of_both.filter(since, audience=AudienceChoice.HOLDER)
    messages.call_off(unseen.exclude(pk__in=SharedDocument.objects.with_readers()))


def _open_links_again(apart: Apart, by: User) -> None:
    """Links that the merge closed, with what they opened: they still depend on the contacts they were sent to."""
    closed = DocumentLink.objects.filter(pk__in=apart.state.ended_links, revoked_at__isnull=False)
    for link in closed.select_for_update(of=("self",)).select_related("appointment"):
        link.revoked_at, link.end = None, ""
        link.save(update_fields=["revoked_at", "end"])
        _give_sendings_back(link, apart, by)


def _give_sendings_back(link: DocumentLink, apart: Apart, by: User) -> None:
    """What waited at the merge, or at its undoing, went to a new link: this one, which may have been read about
    already, opens it again, and what waits still is announced by it."""
    theirs = apart.state.sendings_of_links.get(str(link.pk), [])
    moved = AutoSend.objects.filter(pk__in=theirs, link__created_at__gt=apart.merge.merged_at)
    sendings = list(moved.select_related("appointment", "shared").order_by("rank"))
    for sending in sendings:
        AutoSend.objects.filter(pk=sending.pk).update(link=link, rank=theirs.index(str(sending.pk)) + 1)
    about = SharedDocument.messages.through.objects.filter(shareddocument__auto_send__in=sendings).values("message")
    former = DocumentLink.objects.filter(appointment=link.appointment_id, created_at__gt=apart.merge.merged_at)
    asking = Q(about__in=list(former.values_list("pk", flat=True)), topic=LINK)
    waiting = Message.objects.filter(asking | Q(pk__in=about), state=MessageState.QUEUED)
    if waiting.exists():
        outbox.call_off(waiting)
        resend(AutoSend.objects.get(pk=sendings[0].pk), by=by)


def _follow_accounts(apart: Apart) -> None:
    """An account of the other record that changed a contact since: the record must not write to the former one."""
    for tie in RecordTie.objects.live().filter(patient=apart.other, relationship=Relationship.SELF):
        for former in FormerContact.objects.filter(user=tie.user_id, until__gt=apart.merge.merged_at):
            if (getattr(apart.other, former.contact) or "").lower() == former.value.lower():
                propose(tie, apart.other, former.contact, getattr(tie.user, former.contact))
