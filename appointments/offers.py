"""Offers free times to the waiting list, first by rank, and takes the answers.

A sweep compares free times with wishes, so it makes no difference what freed a time: a cancellation, a move, an
opening that was added, a hold that ended. A time that was refused or left unanswered is offered to the next one.

Why the link is safe: its token is the offer's id with an HMAC under SECRET_KEY and a salt of its own; opening it does
nothing; an answer needs the patient's birth date, with five tries; it ends with the offer and with the contacts.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy

from appointments import messages, offer_messages
from appointments.booking import lock_agenda, place
from appointments.free_time import days_from
from appointments.models import (
    Agenda,
    Appointment,
    AppointmentStatus,
    OfferState,
    ReminderPolicy,
    SlotHold,
    SlotOffer,
    VisitReason,
    WaitingEnd,
    WaitingEntry,
)
from appointments.moving import move_locked
from appointments.places import way_for, ways
from appointments.quiet_hours import polite_time
from appointments.staff_times import SEARCHED, free_times
from appointments.waiting import close, contacts_to_offer, end, end_over, lock_entry
from audit.trail import record
from jobs.row_errors import log_row_error
from patients.merges import locked_record
from practices.models import Practice
from refusals import Kind, Refusal
from sealing.short_tokens import ShortSigner, id_of, token_of

logger = logging.getLogger(__name__)

LASTS = timedelta(hours=2)  # long enough to read it between two tasks, short enough for the next one by rank
NOTICE = timedelta(hours=1)  # from the end of an offer to the time that it offers: to come there
MOST_ATTEMPTS = 5
_signer = ShortSigner(salt="appointments.offer", sep=".")


class OfferOver(Refusal):
    """It has ended, was answered, or its time is taken."""

    code = "offer_over"
    kind = Kind.GONE
    words = gettext_lazy("Cette proposition n’est plus valable.")


class WrongBirthDateOfOffer(Refusal):
    """Somebody else than the patient answers, or a typing error."""

    code = "wrong_birth_date_of_offer"
    kind = Kind.INVALID
    field = "birth_date"
    words = gettext_lazy("Ce n’est pas la date de naissance que connaît le cabinet. Vérifiez-la.")


def offer_url(offer: SlotOffer) -> str:
    return str(settings.PUBLIC_URL) + reverse("patient:offer", kwargs={"token": token_of(offer.pk, _signer)})


def find_offer(token: str) -> SlotOffer | None:
    """The offer of an address, open or not; None if this site never issued it or it is gone."""
    pk = id_of(token, _signer)
    return _offers().filter(pk=pk).first() if pk else None


def is_open(offer: SlotOffer, *, now: datetime | None = None) -> bool:
    """Whether it can be answered: not over, still to be had, and its recipient still has the contacts that it was
    sent to."""
    if offer.state != OfferState.OPEN or offer.expires_at <= (now or timezone.now()):
        return False
    if offer.entry.practice.suspended_at is not None or not _is_offered(offer.agenda, offer.entry.reason):
        return False
    party = contacts_to_offer(offer.entry)
    sent = {one for one in (offer.email, offer.mobile) if one}
    return party is not None and sent <= {party.email, party.mobile}


def sweep(*, now: datetime | None = None) -> int:
    """End what is over, then offer free times; returns how many offers were made. Harmless when repeated."""
    now = now or timezone.now()
    end_over(now)
    for pk in SlotOffer.objects.filter(state=OfferState.OPEN, expires_at__lte=now).values_list("pk", flat=True):
        with transaction.atomic():
            offer = SlotOffer.objects.select_for_update(of=("self",)).filter(pk=pk, state=OfferState.OPEN).first()
            if offer is not None:
                close(offer, OfferState.EXPIRED)
    waiting = WaitingEntry.objects.live().filter(practice__suspended_at=None).order_by().values("practice")
    made = 0
    for practice in Practice.objects.filter(pk__in=waiting):
        try:
            made += _offer_in(practice, now) if _is_polite(practice, now) else 0
        except Exception as error:
            log_row_error(logger, "Offers of practice", practice.pk, error)
    return made


def prove(offer: SlotOffer, *, birth_date: date) -> None:
    """Compare with the record's birth date; the fifth wrong one closes the offer. Not in one transaction with the
    caller: a wrong try must stay counted. Raises OfferOver, WrongBirthDateOfOffer."""
    with transaction.atomic():
        locked = _locked(offer)
        if locked is None or not is_open(locked):
            raise OfferOver
        right = locked.entry.patient.birth_date == birth_date
        if not right:
            locked.attempts += 1
            locked.save(update_fields=["attempts"])
            if locked.attempts >= MOST_ATTEMPTS:
                close(locked, OfferState.WITHDRAWN)
    if not right:
        raise WrongBirthDateOfOffer


def accept(offer: SlotOffer) -> Appointment:
    """Move the appointment there, or book it. The caller has proved who answers. Raises OfferOver, also if staff have
    booked over the time since; then it is closed."""
    with transaction.atomic():
        made = _accept(offer)
    if made is None:
        raise OfferOver
    return made


@transaction.atomic
def refuse(offer: SlotOffer, *, leave: bool = False) -> None:
    """Refuse this time; `leave`: and take the patient off the list. Answering twice changes nothing. Raises
    OfferOver if it was withdrawn for good."""
    locked = _locked(offer)
    if locked is None:
        raise OfferOver
    if locked.state == OfferState.OPEN:
        close(locked, OfferState.REFUSED)
        record("waiting.refused", by=None, on=locked.entry, practice=locked.entry.practice_id,
               within=locked.entry.appointment_id)  # fmt: skip
    if leave:
        end(locked.entry, WaitingEnd.DECLINED)


def _locked(offer: SlotOffer) -> SlotOffer | None:
    """Locked after its entry, as waiting.end does: whoever locks both in another order waits for each other. None if
    it is gone."""
    lock_entry(offer.entry_id)
    return _offers().select_for_update(of=("self",)).filter(pk=offer.pk).first()


def _accept(offer: SlotOffer) -> Appointment | None:
    """Locks in the order of moving.move and waiting.end: appointment, agenda, record, entry, offer. None if its time
    is taken."""
    appointment = None
    if offer.entry.appointment_id:
        Appointment.objects.lock_first(offer.entry.appointment_id)
        related = ("practice", "agenda__practice", "visit_reason", "patient", "holder")
        found = Appointment.objects.select_for_update(of=("self",)).select_related(*related)
        appointment = found.filter(pk=offer.entry.appointment_id, status=AppointmentStatus.BOOKED).first()
    agenda = lock_agenda(offer.agenda)
    locked_record(offer.entry.patient_id)
    locked = _locked(offer)
    if locked is None or not is_open(locked) or (locked.entry.appointment_id and appointment is None):
        return None
    entry, start = locked.entry, locked.starts_at
    close(locked, OfferState.ACCEPTED)
    if not (entry.suits(locked.local_start) and _is_free(agenda, entry.reason, start)):
        locked.state = OfferState.WITHDRAWN
        locked.save(update_fields=["state"])
        return None
    record("waiting.accepted", by=None, on=entry, practice=entry.practice_id, within=entry.appointment_id)
    end(entry, WaitingEnd.ACCEPTED)
    if appointment is not None:
        return move_locked(appointment, by=None, starts_at=start, agenda=agenda)
    made = place(
        agenda=agenda,
        visit_reason=entry.visit_reason,
        patient=entry.patient,
        starts_at=start,
        kind=way_for(agenda, entry.visit_reason, asked=None),
        by=None,
    )
    messages.plan_booking_messages(made)
    return made


def _offer_in(practice: Practice, now: datetime) -> int:
    """Offers of one practice, by rank. Free times are read once for each agenda and reason."""
    read: dict[tuple[uuid.UUID, uuid.UUID], list[datetime]] = {}
    made = 0
    related = [
        *("practice", "patient__practice", "visit_reason", "appointment__visit_reason", "appointment__agenda"),
        *("appointment__patient__practice", "appointment__practice", "appointment__holder"),
    ]
    waiting = WaitingEntry.objects.live().filter(practice=practice).exclude(offers__state=OfferState.OPEN)
    for entry in waiting.select_related(*related).prefetch_related("agendas__practice", "offers"):
        if contacts_to_offer(entry) is None:
            continue
        for start, agenda in _candidates(entry, read, now):
            if _offer(entry, agenda, start, now):
                read = {pair: times for pair, times in read.items() if pair[0] != agenda.pk}
                made += 1
                break
    return made


def _candidates(
    entry: WaitingEntry, read: dict[tuple[uuid.UUID, uuid.UUID], list[datetime]], now: datetime
) -> Iterator[tuple[datetime, Agenda]]:
    """What suits this entry, earliest first, without what was offered to it before."""
    offered = {(one.agenda_id, one.starts_at) for one in entry.offers.all()}
    reason, today = entry.reason, timezone.localdate(now, entry.practice.zone)
    found = []
    for agenda in entry.agendas.all():
        if not _is_offered(agenda, reason):
            continue
        pair = (agenda.pk, reason.pk)
        if pair not in read:
            by_day = free_times(agenda, reason, days_from(today, today + timedelta(days=SEARCHED)), now=now)
            read[pair] = [time for times in by_day.values() for time in times]
        found += [(time, agenda) for time in read[pair] if (agenda.pk, time) not in offered and entry.suits(time)]
    earliest = now + LASTS + NOTICE
    yield from sorted((one for one in found if one[0] >= earliest), key=lambda one: (one[0], str(one[1].pk)))


@transaction.atomic
def _offer(entry: WaitingEntry, agenda: Agenda, start: datetime, now: datetime) -> bool:
    """Hold the time and plan the messages. False if somebody was faster, or nobody waits any more."""
    agenda = lock_agenda(agenda)
    live = WaitingEntry.objects.select_for_update(of=("self",)).filter(pk=entry.pk, ended_at=None)
    party = contacts_to_offer(entry)
    if party is None or not live.exclude(offers__state=OfferState.OPEN).exists():
        return False
    if not _is_offered(agenda, entry.reason) or not _is_free(agenda, entry.reason, start):
        return False
    hold = SlotHold.objects.create(
        agenda=agenda,
        visit_reason=entry.reason,
        kind=way_for(agenda, entry.reason, asked=None),
        starts_at=start,
        ends_at=start + timedelta(minutes=entry.reason.duration_minutes),
        expires_at=now + LASTS,
    )
    offer = SlotOffer.objects.create(
        entry=entry,
        agenda=agenda,
        hold=hold,
        starts_at=start,
        email=party.email,
        mobile=party.mobile,
        expires_at=now + LASTS,
    )
    offer_messages.plan_offer(offer, party, url=offer_url(offer))
    record("waiting.offered", by=None, on=entry, practice=entry.practice_id, within=entry.appointment_id)
    return True


def _is_offered(agenda: Agenda, reason: VisitReason) -> bool:
    """Whether this agenda takes appointments for this reason."""
    open_to_all = agenda.is_active and reason.is_active and bool(ways(agenda, reason))
    return open_to_all and agenda.visit_reasons.filter(pk=reason.pk).exists()


def _is_free(agenda: Agenda, reason: VisitReason, start: datetime) -> bool:
    """Whether nothing stands in the way of this time, and no appointment that just left it may come back."""
    end = start + timedelta(minutes=reason.duration_minutes)
    left = SlotHold.objects.live().filter(agenda=agenda, for_undo=True, starts_at__lt=end, ends_at__gt=start)
    if left.exists():
        return False
    local = timezone.localtime(start, agenda.practice.zone)
    return start in free_times(agenda, reason, [local.date()])[local.date()]


def _is_polite(practice: Practice, now: datetime) -> bool:
    """Whether an offer made now is read and answered by day."""
    policy = ReminderPolicy.of(practice)
    return all(polite_time(at, practice, policy) == at for at in (now, now + LASTS))


def _offers() -> QuerySet[SlotOffer]:
    return SlotOffer.objects.select_related(
        "agenda__practice",
        "agenda__practitioner",
        "entry__practice",
        "entry__patient__practice",
        "entry__visit_reason",
        "entry__appointment__visit_reason",
        "entry__appointment__patient__practice",
        "entry__appointment__practice",
        "entry__appointment__holder",
    )
