"""Sentences on whether and how anybody is told that an appointment is moved, cancelled or deleted; and afterwards,
which messages leave and which do not."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from appointments.models import Appointment, AppointmentStatus, BookedFor
from appointments.parties import contacts_of, notices_of, patient_is_notified
from notifications.causes import Cause
from notifications.models import Channel, Message
from portals.planned_notices import at_night, channels_of, planned_since, refusals, sms_times


def who_is_notified(
    appointment: Appointment, *, by: User, moving: bool = False, moving_to: datetime | None = None
) -> str:
    """Said before `by` moves, cancels or deletes it. `moving`: messages leave only if their content changes.
    `moving_to`: the new start, once it is known."""
    notices = notices_of(appointment, by=by, moving_to=moving_to)
    leaving = [one for one in notices if not one.refused]
    if appointment.status == AppointmentStatus.CANCELLED:
        return _("Il était déjà annulé : personne n’en est averti de nouveau.")
    if (moving_to or appointment.starts_at) <= timezone.now():
        return _nobody_of_the_past(appointment, moving_to, may_come=moving and bool(leaving))
    sentences = []
    if not leaving:
        sentences.append(nobody_is_notified(appointment))
    for to_booker in (False, True):
        if theirs := {one.channel for one in leaving if one.to_booker == to_booker}:
            sentences.append(_notice_sentence(theirs, appointment if to_booker else None, moving))
    if not moving or moving_to:
        sentences += at_night({one.at for one in leaving if one.channel == Channel.SMS}, appointment.practice.zone)
    return " ".join([*sentences, *refusals((one.to, Cause(one.refused)) for one in notices if one.refused)])


def _nobody_of_the_past(appointment: Appointment, moving_to: datetime | None, *, may_come: bool) -> str:
    """`may_come`: messages leave if it is moved to a time to come."""
    if moving_to is not None and moving_to != appointment.starts_at:
        return _("La nouvelle date est passée : personne n’en est averti.")
    if may_come and moving_to is None:
        return _("Le rendez-vous est passé : personne n’en est averti, sauf si la nouvelle date est à venir.")
    return _("Le rendez-vous est passé : personne n’en est averti.")


def nobody_is_notified(appointment: Appointment) -> str:
    """That no message leaves, and why: no contacts, or contacts that nobody has confirmed as the patient's own."""
    if any(contacts_of(appointment, channel) for channel in Channel):
        return _("Personne n’en est averti : prévenez vous-même le patient.")
    if patient_is_notified(appointment) and (appointment.patient.email or appointment.patient.mobile):
        return _(
            "Personne n’en est averti, car ses coordonnées ne sont pas confirmées : prévenez vous-même le patient."
        )
    return _("Personne n’en est averti, faute de coordonnées : prévenez vous-même le patient.")


def sent_notices(appointment: Appointment, *, since: datetime) -> tuple[str, bool]:
    """Said after it was moved, cancelled or deleted: who is told, by the messages planned since, and whether staff
    still have to tell somebody. `appointment`: as it was when cancelled or deleted; after a move, as it is."""
    planned = planned_since(appointment, since)
    leaving, failed = planned.leaving, planned.failed
    if not leaving + failed:
        return _why_nothing_leaves(appointment)
    sentences = [] if leaving else [nobody_is_notified(appointment)]
    for to_booker in (False, True):
        if theirs := channels_of(one for one in leaving if _is_to_booker(one, appointment) == to_booker):
            sentences.append(_notice_sentence(theirs, appointment if to_booker else None, moving=False))
    sentences += at_night(sms_times(leaving), appointment.practice.zone)
    sentences += refusals((one.to, Cause(one.cause)) for one in failed)
    return " ".join(sentences), bool(failed)


def _why_nothing_leaves(appointment: Appointment) -> tuple[str, bool]:
    """The sentence, and whether staff still have to tell somebody."""
    if appointment.status == AppointmentStatus.CANCELLED:
        return _("Il était déjà annulé : personne n’en est averti de nouveau."), False
    if appointment.starts_at <= timezone.now():
        return _("Le rendez-vous est passé : personne n’en est averti."), False
    if any(contacts_of(appointment, channel) for channel in Channel):
        return _("Aucun message ne part : la date, l’heure et le praticien restent les mêmes."), False
    return nobody_is_notified(appointment), True


def _is_to_booker(message: Message, appointment: Appointment) -> bool:
    """Whether it goes to an account that booked for somebody else."""
    holder = appointment.holder
    theirs = (holder.email, holder.mobile) if holder else ()
    return message.to in theirs and appointment.booked_for != BookedFor.SELF


def _notice_sentence(channels: Iterable[Channel], booked: Appointment | None, moving: bool) -> str:
    """`booked`: the appointment, if the sentence is about its booker; None if it is about the patient."""
    reached = frozenset(channels)
    if booked is not None:
        return _of_the_booker(reached, moving) % {"name": booked.holder}
    if not moving:
        return _of_the_patient(reached)
    return {
        frozenset({Channel.EMAIL}): _(
            "Le patient en est averti par e-mail si la date, l’heure ou le praticien change."
        ),
        frozenset({Channel.SMS}): _("Le patient en est averti par SMS si la date, l’heure ou le praticien change."),
        frozenset(Channel): _(
            "Le patient en est averti par e-mail et par SMS si la date, l’heure ou le praticien change."
        ),
    }[reached]


def _of_the_patient(told: frozenset[Channel]) -> str:
    return {
        frozenset({Channel.EMAIL}): _("Le patient en est averti par e-mail."),
        frozenset({Channel.SMS}): _("Le patient en est averti par SMS."),
        frozenset(Channel): _("Le patient en est averti par e-mail et par SMS."),
    }[told]


def _of_the_booker(told: frozenset[Channel], moving: bool) -> str:
    if moving:
        return {
            frozenset({Channel.EMAIL}): _(
                "Un e-mail en avertit %(name)s, qui l’a pris, si la date, l’heure ou le praticien change."
            ),
            frozenset({Channel.SMS}): _(
                "Un SMS en avertit %(name)s, qui l’a pris, si la date, l’heure ou le praticien change."
            ),
            frozenset(Channel): _(
                "Un e-mail et un SMS en avertissent %(name)s, qui l’a pris, "
                "si la date, l’heure ou le praticien change."
            ),
        }[told]
    return {
        frozenset({Channel.EMAIL}): _("Un e-mail en avertit %(name)s, qui l’a pris."),
        frozenset({Channel.SMS}): _("Un SMS en avertit %(name)s, qui l’a pris."),
        frozenset(Channel): _("Un e-mail et un SMS en avertissent %(name)s, qui l’a pris."),
    }[told]
