"""The waiting list of a practice: staff put on it who wants an earlier time, and take people off it. offers.py offers
free times to it."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from appointments.booking import check_may_change
from appointments.models import (
    Agenda,
    Appointment,
    AppointmentStatus,
    OfferState,
    SlotHold,
    SlotOffer,
    VisitReason,
    WaitingEnd,
    WaitingEntry,
)
from appointments.parties import Party, is_ahead, parties_of
from audit.trail import record
from jobs.nudges import nudge
from notifications.models import Message
from notifications.outbox import call_off
from patients.merges import locked_record
from patients.models import Patient
from patients.ownership import CONTACTS, Standing, standings
from refusals import Kind, Refusal

TOPIC = "waiting"  # of the messages about an offer


class AlreadyWaiting(Refusal):
    """This appointment is on the list already."""

    code = "already_waiting"
    kind = Kind.CONFLICT
    words = gettext_lazy("Ce rendez-vous est déjà sur la liste d’attente.")


class NothingToAdvance(Refusal):
    """It is cancelled or over."""

    code = "nothing_to_advance"
    kind = Kind.CONFLICT
    words = gettext_lazy("Ce rendez-vous est annulé ou passé : il ne peut plus être avancé.")


@transaction.atomic
def put_on_list(
    *,
    patient: Patient,
    visit_reason: VisitReason,
    agendas: Collection[Agenda],
    by: User,
    weekdays: Collection[int] = (),
    halves: Collection[str] = (),
    until: date | None = None,
    appointment: Appointment | None = None,
) -> WaitingEntry:
    """`appointment`: the one to move to an earlier time; None: the patient has none. `weekdays`, `halves`: none for
    all.

    Raises NotAllowed, AlreadyWaiting, NothingToAdvance, ValidationError.
    """
    practice = patient.practice
    check_may_change(practice, by)
    if appointment is not None:
        Appointment.objects.lock_first(appointment.pk)
        appointment = Appointment.objects.select_related("practice", "patient").get(pk=appointment.pk)
        if appointment.status != AppointmentStatus.BOOKED or not is_ahead(appointment):
            raise NothingToAdvance
        if WaitingEntry.objects.live().filter(appointment=appointment).exists():
            raise AlreadyWaiting
        patient = appointment.patient
    else:
        patient = _record_without_appointment(patient, visit_reason)
    offering = {one.pk for one in visit_reason.agendas.filter(practice=practice)}
    if not agendas or any(one.pk not in offering for one in agendas):
        raise ValidationError({"agendas": _("Choisissez des agendas qui proposent ce motif.")})
    if until is not None and until < timezone.localdate(timezone=practice.zone):
        raise ValidationError({"until": _("Ce jour est passé : choisissez-en un autre.")})
    entry = WaitingEntry.objects.create(
        practice=practice,
        patient=patient,
        appointment=appointment,
        visit_reason=visit_reason,
        weekdays=sorted(set(weekdays)),
        halves=sorted(set(halves)),
        until=until,
    )
    entry.agendas.set(agendas)
    record("waiting.joined", by=by, on=entry, practice=practice, within=appointment)
    transaction.on_commit(wake)
    return entry


def _record_without_appointment(patient: Patient, visit_reason: VisitReason) -> Patient:
    """The record that waits for a first appointment, locked: the button pressed twice puts it on the list once.
    Raises AlreadyWaiting, ValidationError."""
    stays = locked_record(patient.pk)
    if stays is None:
        raise ValidationError(
            {"patient": _("Cette fiche patient a été effacée : cherchez le patient de nouveau, ou créez sa fiche.")}
        )
    same = WaitingEntry.objects.live().filter(patient=stays, appointment=None, visit_reason=visit_reason)
    if same.exists():
        raise AlreadyWaiting(_("Ce patient est déjà sur la liste d’attente pour ce motif."))
    return stays


@transaction.atomic
def take_off_list(*, entry: WaitingEntry, by: User) -> None:
    """By staff. Twice changes nothing. Raises NotAllowed."""
    check_may_change(entry.practice, by)
    end(entry, WaitingEnd.REMOVED, by=by)


def end(entry: WaitingEntry, why: WaitingEnd, *, by: User | None = None) -> bool:
    """End it, with the offer that is open; returns whether it was live. Inside a transaction."""
    locked = lock_entry(entry.pk)
    if locked is None or locked.ended_at is not None:
        return False
    for offer in SlotOffer.objects.select_for_update(of=("self",)).filter(entry=locked, state=OfferState.OPEN):
        close(offer, OfferState.WITHDRAWN)
    locked.ended_at, locked.end = timezone.now(), why
    locked.save(update_fields=["ended_at", "end"])
    record(
        "waiting.left",
        by=by,
        on=locked,
        practice=locked.practice_id,
        within=locked.appointment_id,
        detail={"why": why.value},
    )
    return True


def lock_entry(pk: uuid.UUID) -> WaitingEntry | None:
    """Before its offers are locked: whoever ends an entry locks them after it."""
    return WaitingEntry.objects.select_for_update(of=("self",)).filter(pk=pk).first()


def close(offer: SlotOffer, state: OfferState) -> None:
    """Close a locked offer: its time is free again, its messages are no longer true."""
    hold = offer.hold_id
    offer.state, offer.hold = state, None
    offer.save(update_fields=["state", "hold"])
    if hold is not None:
        SlotHold.objects.filter(pk=hold).delete()
    call_off(Message.objects.filter(about=offer.pk, topic=TOPIC))
    transaction.on_commit(wake)


def withdraw_offers(*, former: Mapping[str, str | None], **_sent: Any) -> None:
    """Receives patients.signals.contacts_changed: what was offered to a contact that changed is offered anew."""
    _withdraw({contact for contact in former.values() if contact})


def withdraw_offers_to_account(*, former: str, **_sent: Any) -> None:
    """Receives patients.signals.account_contact_changed: the same for a contact of an account."""
    _withdraw({former})


def withdraw_offers_of(entries: Collection[uuid.UUID]) -> None:
    """What was offered to these is offered anew: their record became part of another, with other contacts. The caller
    has locked them."""
    _withdraw_those(Q(entry__in=entries))


def _withdraw(contacts: Collection[str]) -> None:
    _withdraw_those(Q(email__in=contacts) | Q(mobile__in=contacts))


def _withdraw_those(sent: Q) -> None:
    for offer in SlotOffer.objects.filter(sent, state=OfferState.OPEN).select_for_update(of=("self",)).order_by("pk"):
        close(offer, OfferState.WITHDRAWN)
        offer.delete()  # one that stays says that this time was offered, and refused or missed


def contacts_to_offer(entry: WaitingEntry) -> Party | None:
    """To whom an offer goes: as messages about the appointment; without one, the patient, at contacts that are the
    patient's own. None: nobody can be reached."""
    if entry.appointment is not None:
        return next((one for one in parties_of(entry.appointment) if one.email or one.mobile), None)
    standing = standings(entry.patient)
    own = {name: getattr(entry.patient, name) for name in CONTACTS if standing[name] is Standing.OWN}
    if not own:
        return None
    return Party(own.get("email"), own.get("mobile"), entry.patient.language, is_holder=False)


def follow_appointments(*, appointments: Collection[Appointment], fields: frozenset[str], **_sent: Any) -> None:
    """Receives signals.changed: perhaps a time is free, and who waited with it waits no more. If it stands at another
    time or for another reason, what was offered for the former one is withdrawn."""
    stand = {one.pk: one for one in appointments if one.status == AppointmentStatus.BOOKED}
    if stand:
        for entry in WaitingEntry.objects.live().filter(appointment__in=stand):
            if entry.appointment_id is not None:
                entry.appointment = stand[entry.appointment_id]  # as it is now
            _withdraw_unsuitable(entry, changes_reason="visit_reason" in fields)
    _end_with([one for one in appointments if one.pk not in stand])
    _wake_for({one.practice_id for one in appointments})


def end_of_appointments(*, appointments: Collection[Appointment], **_sent: Any) -> None:
    """Receives signals.deleting: times are free, and who waited with them waits no more."""
    _end_with(appointments)
    _wake_for({one.practice_id for one in appointments})


def _end_with(appointments: Collection[Appointment]) -> None:
    for entry in WaitingEntry.objects.live().filter(appointment__in=appointments):
        end(entry, WaitingEnd.OVER)


def _wake_for(practices: Collection[uuid.UUID]) -> None:
    if WaitingEntry.objects.live().filter(practice__in=practices).exists():
        transaction.on_commit(wake)


def _withdraw_unsuitable(entry: WaitingEntry, *, changes_reason: bool) -> None:
    """`changes_reason`: then the time that is held has another length."""
    lock_entry(entry.pk)
    for offer in SlotOffer.objects.select_for_update(of=("self",)).filter(entry=entry, state=OfferState.OPEN):
        offer.entry = entry
        if changes_reason or not entry.suits(offer.local_start):
            close(offer, OfferState.WITHDRAWN)
            offer.delete()  # as in _withdraw


def end_over(now: datetime) -> int:
    """End entries whose appointment has begun, or whose last day is past; returns how many."""
    ended = 0
    for entry in WaitingEntry.objects.live().select_related("practice", "appointment"):
        today = timezone.localdate(now, entry.practice.zone)
        begun = entry.appointment is not None and entry.appointment.starts_at <= now
        if begun or (entry.until is not None and entry.until < today):
            with transaction.atomic():
                ended += end(entry, WaitingEnd.OVER)
    return ended


def wake() -> None:
    """A time may be free: look soon, rather than at the next sweep."""
    nudge("appointments.tasks.offer_freed_times")
