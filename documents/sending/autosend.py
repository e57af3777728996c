"""Sends due automatic documents: once, whatever crashes. Staff may send now, send again, or stop a sending.

A worker claims a batch under a lease, so that several workers share the due rows; claiming counts an attempt. A
sending that fails, or kills its worker, waits behind the others and is given up in the end, visibly for staff. The
lease is not what prevents a second sending: the appointment is locked, and a sent row is no longer planned.
"""

from __future__ import annotations

import logging
import random
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Q, QuerySet, prefetch_related_objects
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment
from appointments.recipients import Addressee, Audience, resolve
from documents.link_messages import announce_link, waiting_of_link
from documents.models import AutoSend, DocumentLink, DocumentRequest, RequestState, SharedDocument
from documents.models.autosend import AutoSendState, LinkEnd
from documents.models.library import newest_versions
from documents.models.receiving import TAKES_FILES
from documents.sending import claiming
from documents.sending.links import is_open
from documents.sending.planning import call_off, due_again, nudge_senders, record_sending
from documents.sending.send import Channels, Together, channels_of, give_up, new_link, send, send_each
from jobs.leases import MAX_ATTEMPTS, back_off
from jobs.row_errors import log_row_error
from notifications.models import MessageState
from patients.models import Patient
from practices.roles import require_sharer

logger = logging.getLogger(__name__)
RETRY = timedelta(minutes=1)  # while nobody may receive: until contacts are completed or an authorisation is given
LEASE = timedelta(minutes=1)  # of a worker that has not reported its result
BATCH = 100  # documents, approximately
PLANNED, SENT, CANCELLED = AutoSendState.PLANNED, AutoSendState.SENT, AutoSendState.CANCELLED


def send_due(*, now: datetime | None = None) -> int:
    """Send all that is due; returns the number of appointments with a sending."""
    told = 0
    while (batch := _send_batch(now)) is not None:
        told += batch
    return told


def send_batch() -> bool:
    """Send one batch; returns whether anything was due."""
    return _send_batch(None) is not None


def _send_batch(now: datetime | None) -> int | None:
    """Send one batch: first attempts in one transaction, everything else with a transaction for each appointment. The
    number of appointments with a sending; None if nothing was due."""
    now = now or timezone.now()
    attempts = _claim(now)
    if not attempts:
        return None
    first = [pk for pk, count in attempts.items() if count == 1]
    again = [pk for pk, count in attempts.items() if count > 1]
    random.shuffle(again)  # one that kills its worker must not always keep the same others from their turn
    sent, alone = _try_together(first, now)
    return sent + sum(_try(pk, now) for pk in [*alone, *again])


def _claim(now: datetime) -> dict[Any, int]:
    """Claim a batch for LEASE: its appointments, the first due first, with the number of attempts. Two workers never
    claim the same rows."""
    rows = claiming.claim(size=BATCH, lease=LEASE, now=now)
    attempts: dict[Any, int] = {}
    for row in rows:
        attempts[row.appointment_id] = max(row.attempts, attempts.get(row.appointment_id, 0))
    return attempts


def _try_together(appointments: list[Any], now: datetime) -> tuple[int, list[Any]]:
    """Send for these appointments in one transaction. The number of those with a sending, and those that must be
    tried alone: all, if there is an error with one of them."""
    if len(appointments) < 2:
        return 0, appointments
    try:
        with transaction.atomic():
            return _send_for(appointments, now)
    except Exception as error:
        count, name = len(appointments), type(error).__name__
        logger.warning("%s in a batch of %s appointments: each is tried alone.", name, count)
    return 0, appointments


def _try(appointment_id: Any, now: datetime) -> bool:
    try:
        with transaction.atomic():
            sent, _ = _send_for([appointment_id], now)
            return bool(sent)
    except Exception as error:
        log_row_error(logger, "What was due for appointment", appointment_id, error)
    with transaction.atomic():
        for one in _due([appointment_id], now).select_for_update(of=("self",)):
            one.retry_at = now + back_off(one.attempts)
            one.save(update_fields=["retry_at"])
    return False


def _send_for(appointments: list[Any], now: datetime) -> tuple[int, list[Any]]:
    """As _try_together; a single appointment waits for the locks of its sendings, and is never left to be tried
    alone."""
    locked = _locked_together(appointments)
    rows: dict[Any, list[AutoSend]] = {pk: [] for pk in locked}
    together = len(appointments) > 1
    due = _due(list(locked), now)
    # Waiting with the locks of many appointments could end in a deadlock.
    skip = together and connection.features.has_select_for_update_skip_locked
    for one in due.select_for_update(of=("self",), skip_locked=skip):
        rows[one.appointment_id].append(one)
    alone = _that_go_alone(rows, due) if together else set()
    bundles = []
    for pk, appointment in locked.items():
        if pk in alone:
            continue
        bundle = Together(appointment, [])
        for one in rows[pk]:
            if not _may_be_asked(one, bundle.due):
                call_off(one)
            elif one.attempts > MAX_ATTEMPTS:
                give_up(one, by=None)
            else:
                bundle.due.append(one)
        bundles.append(bundle)
    reached = send_each(bundles, by=None)
    unreached = [one.pk for bundle in bundles for one in bundle.due if bundle.appointment.pk not in reached]
    AutoSend.objects.filter(pk__in=unreached).update(retry_at=now + RETRY, attempts=0)
    return len(reached), [pk for pk in locked if pk in alone]


def _locked_together(appointments: list[Any]) -> dict[Any, Appointment]:
    """Those that exist and that nobody else has locked, by id, in this order, locked with their records: corrections
    of contacts and ends of accesses happen before or after, not during."""
    lockable = Appointment.objects.select_for_update(
        of=("self", "patient"), skip_locked=connection.features.has_select_for_update_skip_locked
    )
    found = {one.pk: one for one in lockable.select_related("patient").filter(pk__in=appointments)}
    locked = {pk: found[pk] for pk in appointments if pk in found}
    prefetch_related_objects(list(locked.values()), "practice", "holder", "agenda__practitioner")
    for one in locked.values():
        one.patient.practice = one.practice
    return locked


def _that_go_alone(rows: dict[Any, list[AutoSend]], due: QuerySet[AutoSend]) -> set[Any]:
    """Appointments with a sending that somebody else has locked; and those that get a personal copy, because printing
    it takes long."""
    known = {one.pk for ones in rows.values() for one in ones}
    alone = {
        appointment
        for pk, appointment in due.prefetch_related(None).values_list("pk", "appointment")
        if pk not in known
    }
    documents = {one.document_id for ones in rows.values() for one in ones if one.document_id}
    personal = {pk for pk, version in newest_versions(documents).items() if version.is_personal}
    return alone | {pk for pk, ones in rows.items() if any(one.document_id in personal for one in ones)}


def _may_be_asked(one: AutoSend, due: list[AutoSend]) -> bool:
    """True for a sending of a document. `due`: what is asked together with it."""
    return one.question is None or (one.question.can_be_asked and _is_news(one, due))


def _is_news(one: AutoSend, due: list[AutoSend]) -> bool:
    """Not if another rule asks the same questionnaire around this appointment at once (`due`), still waits for its
    answers, or has asked it at this moment before. Before the appointment and after it are two moments: answers are
    compared."""
    wanted = one.question.questionnaire_id if one.question else None
    if wanted is None:
        return True
    if any(other.question is not None and other.question.questionnaire_id == wanted for other in due):
        return False
    asked = DocumentRequest.objects.filter(appointment=one.appointment_id, version__questionnaire=wanted)
    by_rules = asked.filter(auto_send__isnull=False).exclude(auto_send=one).exclude(state=RequestState.CANCELLED)
    at_this_moment = Q(auto_send__rule__moment=one.rule.moment)
    return not by_rules.filter(at_this_moment | Q(state__in=TAKES_FILES)).exists()


def _due(appointments: list[Any], now: datetime) -> QuerySet[AutoSend]:
    """All due rows of these appointments, claimed or not: those of one are sent together."""
    due = AutoSend.objects.filter(appointment__in=appointments, state=PLANNED, due_at__lte=now)
    return due.prefetch_related("rule", "document", "question__questionnaire").order_by("due_at", "id")


def channels_for(sending: AutoSend) -> Channels:
    """The channels by which it would go now; empty if nobody may receive yet."""
    return channels_of(sending.appointment, resolve(sending.appointment), [sending])


@transaction.atomic
def send_now(*, sending: AutoSend, by: User) -> bool:
    """Send before it is due. False if nobody may receive yet. Raises NotAllowed."""
    require_sharer(by, sending.appointment.practice)
    one = _locked(sending)
    if one.state == SENT:
        return True
    if not _may_be_asked(one, []):
        call_off(one)
        return False
    return send(one.appointment, [one], by=by)


@transaction.atomic
def send_again(*, sending: AutoSend, by: User) -> bool:
    """Send the message again, to today's contacts, with the same documents; a new link replaces a closed one.

    False if nobody may receive, or if the recipient is somebody else than before. Clicking twice sends one message: a
    waiting one is not repeated. Raises NotAllowed.
    """
    require_sharer(by, sending.appointment.practice)
    return resend(sending, by=by)


def resend(sending: AutoSend, *, by: User | None, reminds: bool = False) -> bool:
    """As send_again, after the caller has checked that `by` may. `reminds`: of what is asked."""
    one = _locked(sending)
    appointment, shared = one.appointment, one.shared
    if one.asked is not None and not one.asked.waits_for_patient:
        return False
    if one.state != SENT or (shared is None and one.asked is None):  # taken back meanwhile: send from the start
        return send(appointment, [one], by=by, action="auto_send.sent_again")
    recipient = resolve(appointment)
    channels = channels_of(appointment, recipient, [one])
    if not channels or (shared is not None and shared.holder != recipient.addressee.holder):
        return False
    if one.link is not None and _reaches(one.link, channels):
        queued = shared.messages.filter(state=MessageState.QUEUED) if shared else waiting_of_link(one.link)
        if queued.exists():
            return True
        link = one.link
    else:
        link = _replace_link(one, recipient.addressee, channels)
    together = [other.shared for other in link.sendings.select_related("shared__practice") if other.shared]
    announce_link(link, together, channels=channels, again=reminds)
    record_sending("auto_send.sent_again", one, by=by)
    return True


def _replace_link(one: AutoSend, addressee: Addressee, channels: Channels) -> DocumentLink:
    """Create a link for today's contacts, with all documents of the former one; with this document alone if staff
    closed the former link by hand.

    Documents that their holder no longer sees become visible under the new authorisation; the others keep their own.
    """
    former = one.link
    moved = list(former.sendings.order_by("rank")) if former and former.end != LinkEnd.STAFF else [one]
    if one.question_id and former and former.holder_id != (addressee.holder.pk if addressee.holder else None):
        moved = [sending for sending in moved if sending.question_id]  # its documents stay with who received them
    link = new_link(one.appointment, addressee, channels)
    link.save()
    for rank, sending in enumerate(moved, start=1):
        AutoSend.objects.filter(pk=sending.pk).update(link=link, rank=rank)
    shared = SharedDocument.objects.filter(auto_send__in=[sending.pk for sending in moved])
    held = shared.filter(audience=Audience.HOLDER.value).exclude(pk__in=SharedDocument.objects.with_readers())
    unseen = SharedDocument.objects.filter(pk__in=list(held.values_list("pk", flat=True)))
    unseen.update(authorisation=addressee.authorisation, holder_ended_at=None, holder_ended_by_age=False)
    if addressee.patient_is_minor:  # after a merge, a document may still be an adult's
        unseen.update(patient_was_minor=True)
    return link


def _reaches(link: DocumentLink, channels: Channels) -> bool:
    """Whether this very link may go to these contacts: it is open, and was sent to them before."""
    sent = {"email": link.email, "sms": link.mobile}
    return is_open(link) and all(sent[channel] == to for channel, (to, _language) in channels.items())


@transaction.atomic
def do_not_send(*, sending: AutoSend, by: User) -> None:
    """Stop a planned sending; no rule plans it again, only `plan_again` does. Raises NotAllowed."""
    require_sharer(by, sending.appointment.practice)
    one = _locked(sending)
    if one.state == PLANNED:
        one.state, one.stopped_by_staff = CANCELLED, True
        one.save(update_fields=["state", "stopped_by_staff"])
        record_sending("auto_send.cancelled", one, by=by)


@transaction.atomic
def plan_again(*, sending: AutoSend, by: User) -> bool:
    """Plan a sending again that staff had stopped. False if its rule would no longer send it.

    Raises NotAllowed.
    """
    require_sharer(by, sending.appointment.practice)
    one = _locked(sending)
    if one.state == CANCELLED and one.stopped_by_staff and (due_at := due_again(one)):
        one.state, one.stopped_by_staff, one.due_at = PLANNED, False, due_at
        one.retry_at, one.attempts = None, 0
        one.save(update_fields=["state", "stopped_by_staff", "due_at", "retry_at", "attempts"])
        record_sending("auto_send.planned_again", one, by=by)
        transaction.on_commit(nudge_senders)
    return one.state == PLANNED


def _locked(sending: AutoSend) -> AutoSend:
    """Lock it with its record, so that contacts and accesses do not change during the transaction."""
    Patient.objects.select_for_update(of=("self",)).get(appointments__auto_sends=sending.pk)
    return (
        AutoSend.objects.select_for_update(of=("self",))
        .select_related("appointment__practice", "appointment__patient__practice", "appointment__holder", "rule")
        .select_related("document", "question", "request")
        .select_related("link__appointment__patient", "link__holder", "link__authorisation")
        .get(pk=sending.pk)
    )
