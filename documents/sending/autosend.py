"""Sends due automatic documents: once, whatever crashes. Staff may send now, send again, or stop a sending.

A worker claims a batch under a lease, so that several workers share the due rows; claiming counts an attempt. A
sending that fails, or kills its worker, waits behind the others and is given up in the end, visibly for staff. The
lease is not what prevents a second sending: the appointment is locked, and a sent row is no longer planned.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment
from appointments.recipients import Addressee, Audience, Recipient, RecipientState, resolve, with_todays_holder
from audit.trail import append
from documents.addressees import write_addressee
from documents.library.writing.copies import BlanksUnfilled, personal_copy
from documents.library.writing.printing import CannotWrite
from documents.link_messages import announce_link, waiting_of_link
from documents.models import AutoSend, DocumentLink, DocumentRequest, LibraryVersion, RequestState, SharedDocument
from documents.models.autosend import AutoSendState, LinkEnd
from documents.models.library import newest_versions
from documents.models.receiving import TAKES_FILES
from documents.receiving.automatic import ask_by_rule
from documents.sending.links import is_open
from documents.sending.planning import call_off, due_again, line_of, nudge_senders, record_sending
from jobs import leases
from jobs.leases import MAX_ATTEMPTS, back_off
from jobs.row_errors import log_row_error
from notifications.models import MessageState
from patients.models import Patient
from practices.roles import require_sharer

logger = logging.getLogger(__name__)
Channels = dict[str, tuple[str, str]]  # "email" and "sms", as far as available: contact and language
RETRY = timedelta(minutes=1)  # while nobody may receive: until contacts are completed or an authorisation is given
LEASE = timedelta(minutes=1)  # of a worker that has not reported its result
BATCH = 100  # documents, approximately
PLANNED, SENT, CANCELLED, FAILED = (
    AutoSendState.PLANNED,
    AutoSendState.SENT,
    AutoSendState.CANCELLED,
    AutoSendState.FAILED,
)


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
    """Send one batch, with a transaction for each appointment. The number of appointments with a sending; None if
    nothing was due."""
    now = now or timezone.now()
    claimed = _claim(now)
    return sum(_try(pk, now) for pk in claimed) if claimed else None


def _claim(now: datetime) -> list[Any]:
    """Claim a batch for LEASE; returns its appointments, the first due first. Two workers never claim the same
    rows."""
    rows = leases.claim(AutoSend.objects.due(now), size=BATCH, lease=LEASE, now=now, column="retry_at")
    return list(dict.fromkeys(row.appointment_id for row in rows))


def _try(appointment_id: Any, now: datetime) -> bool:
    try:
        with transaction.atomic():
            return _send_for(appointment_id, now)
    except Exception as error:
        log_row_error(logger, "What was due for appointment", appointment_id, error)
    with transaction.atomic():
        for one in _due(appointment_id, now).select_for_update(of=("self",)):
            one.retry_at = now + back_off(one.attempts)
            one.save(update_fields=["retry_at"])
    return False


def _send_for(appointment_id: Any, now: datetime) -> bool:
    lockable = Appointment.objects.select_for_update(
        # Also the record: corrections of contacts and ends of accesses happen before or after, not during.
        of=("self", "patient"),
        skip_locked=connection.features.has_select_for_update_skip_locked,
    )
    appointment = lockable.select_related("practice", "patient__practice").filter(pk=appointment_id).first()
    if appointment is None:
        return False  # deleted, or locked by another transaction
    with_todays_holder(appointment)
    due: list[AutoSend] = []
    for one in _due(appointment_id, now).select_for_update(of=("self",)):
        if not _may_be_asked(one, due):
            call_off(one)
        elif one.attempts > MAX_ATTEMPTS:
            _give_up(one, by=None)
        else:
            due.append(one)
    if _send(appointment, due, by=None):
        return True
    AutoSend.objects.filter(pk__in=[one.pk for one in due]).update(retry_at=now + RETRY, attempts=0)
    return False


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


def _due(appointment_id: Any, now: datetime) -> QuerySet[AutoSend]:
    """All due rows of one appointment, claimed or not: they are sent together."""
    due = AutoSend.objects.filter(appointment=appointment_id, state=PLANNED, due_at__lte=now)
    return due.select_related("rule", "document", "question__questionnaire").order_by("due_at", "id")


def _give_up(one: AutoSend, *, by: User | None) -> None:
    """Give up; staff see it and may try again."""
    one.state = FAILED
    one.save(update_fields=["state"])
    record_sending("auto_send.failed", one, by=by)


def _send(appointment: Appointment, due: list[AutoSend], *, by: User | None, action: str = "auto_send.sent") -> bool:
    """Send all together: one link, one email, one SMS. False if nobody may receive yet; the rows stay planned."""
    if not due:
        return False
    recipient = resolve(appointment)
    channels = _channels(appointment, recipient, due)
    if not channels:
        return False
    versions = newest_versions({one.document_id for one in due if one.document_id})
    sent: list[tuple[AutoSend, SharedDocument]] = []
    asked = [one for one in due if one.question_id]
    for one in due:
        if one.document_id is None:
            continue
        try:
            sent.append((one, _document(appointment, one, versions[one.document_id], recipient.addressee)))
        except (CannotWrite, BlanksUnfilled):  # the others are sent
            _give_up(one, by=by)
    if not sent and not asked:
        return True
    documents = SharedDocument.objects.bulk_create([document for _, document in sent])
    link = _new_link(appointment, recipient.addressee, channels)
    for rank, (one, document) in enumerate(sent, start=1):
        one.shared, one.link, one.rank = document, link, rank
        one.state, one.sent_at = SENT, timezone.now()
    for rank, one in enumerate(asked, start=len(sent) + 1):
        ask_by_rule(one, appointment, by=by)
        one.link, one.rank, one.state, one.sent_at = link, rank, SENT, timezone.now()
    made = [*(one for one, _ in sent), *asked]
    AutoSend.objects.bulk_update(made, ["shared", "link", "rank", "state", "sent_at"])
    append(line_of(action, one, by=by) for one, _ in sent)
    announce_link(link, documents, channels=channels)
    return True


def channels_for(sending: AutoSend) -> Channels:
    """The channels by which it would go now; empty if nobody may receive yet."""
    return _channels(sending.appointment, resolve(sending.appointment), [sending])


def _channels(appointment: Appointment, recipient: Recipient, due: list[AutoSend]) -> Channels:
    """The channels that the rules ask for, with contact and language; any available one, if those are missing.

    A patient needs only one contact. A holder is written to if the holder is the recipient. Empty while an
    authorisation is missing.
    """
    if recipient.state is RecipientState.NEEDS_AUTHORISATION:
        return {}
    who: User | Patient = appointment.patient
    contacts = dict(recipient.contacts)  # of the record, only contacts that are the patient's own
    if recipient.audience is Audience.HOLDER and recipient.holder:
        who = recipient.holder
        contacts = {"email": who.email, "mobile": who.mobile or ""}
    by_channel = {"email": contacts.get("email"), "sms": contacts.get("mobile")}
    there = {channel: to for channel, to in by_channel.items() if to}
    asked = {name for one in due for name in ("email", "sms") if getattr(one.rule, f"by_{name}")}
    chosen = {name: contact for name, contact in there.items() if name in asked} or there
    return {name: (contact, who.language) for name, contact in chosen.items()}


def _document(
    appointment: Appointment, one: AutoSend, version: LibraryVersion, addressee: Addressee
) -> SharedDocument:
    """A SharedDocument of exactly this version, not yet saved; for a personal copy, its file row is saved. Raises
    CannotWrite, BlanksUnfilled."""
    copy = personal_copy(version, appointment, addressee, replacing_letters=True)
    if copy:
        copy.file.save()
    assert one.document is not None  # the caller has chosen sendings of documents
    shared = SharedDocument(
        practice=appointment.practice,
        patient=appointment.patient,
        appointment=appointment,
        file=copy.file if copy else version.file,
        library_version=version,
        category_id=one.document.category_id,
        title=one.document.title,
        name=version.name,
        page_count=copy.page_count if copy else version.page_count,
    )
    write_addressee(shared, addressee)
    # Skip relations: they were read a moment ago, and the database checks them. Validating them costs ten queries
    # each.
    shared.clean_fields(exclude=[field.name for field in SharedDocument._meta.fields if field.is_relation])
    return shared


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
    return _send(one.appointment, [one], by=by)


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
        return _send(appointment, [one], by=by, action="auto_send.sent_again")
    recipient = resolve(appointment)
    channels = _channels(appointment, recipient, [one])
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
    link = _new_link(one.appointment, addressee, channels)
    for rank, sending in enumerate(moved, start=1):
        AutoSend.objects.filter(pk=sending.pk).update(link=link, rank=rank)
    shared = SharedDocument.objects.filter(auto_send__in=[sending.pk for sending in moved])
    held = shared.filter(audience=Audience.HOLDER.value).exclude(pk__in=SharedDocument.objects.with_readers())
    unseen = SharedDocument.objects.filter(pk__in=list(held.values_list("pk", flat=True)))
    unseen.update(authorisation=addressee.authorisation, holder_ended_at=None, holder_ended_by_age=False)
    if addressee.patient_is_minor:  # after a merge, a document may still be an adult's
        unseen.update(patient_was_minor=True)
    return link


def _new_link(appointment: Appointment, addressee: Addressee, channels: Channels) -> DocumentLink:
    """A link bound to the contacts it is sent to, and to the authorisation under which it is sent."""
    link = DocumentLink(
        practice_id=appointment.practice_id,
        appointment=appointment,
        email=channels["email"][0] if "email" in channels else None,
        mobile=channels["sms"][0] if "sms" in channels else None,
    )
    write_addressee(link, addressee)
    link.save()
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
