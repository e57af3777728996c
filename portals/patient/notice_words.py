"""Tells patients who book, move or cancel for whom, when and with whom, and which messages they will get or not."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.utils.translation import gettext as _

from accounts.models import User
from appointments.models import Appointment, BookedFor
from appointments.parties import notices_of
from notifications.causes import Cause
from notifications.models import Channel
from portals.appointment_words import appointment_facts
from portals.planned_notices import at_night, channels_of, planned_since, refusals, sms_times


def booked_sentence(appointment: Appointment) -> str:
    sentence = (
        _("Votre rendez-vous est pris : %(what)s.")
        if _is_own(appointment)
        else _("Le rendez-vous %(of_name)s est pris : %(what)s.")
    )
    return sentence % appointment_facts(appointment)


def moved_sentence(appointment: Appointment) -> str:
    """`appointment`: where it is now."""
    sentence = (
        _("Votre rendez-vous est déplacé : %(what)s.")
        if _is_own(appointment)
        else _("Le rendez-vous %(of_name)s est déplacé : %(what)s.")
    )
    return sentence % appointment_facts(appointment)


def cancelled_sentence(appointment: Appointment) -> str:
    sentence = (
        _("Votre rendez-vous est annulé : %(what)s.")
        if _is_own(appointment)
        else _("Le rendez-vous %(of_name)s est annulé : %(what)s.")
    )
    return sentence % appointment_facts(appointment)


def future_notices_to_you(appointment: Appointment, *, user: User, moving_to: datetime | None = None) -> str:
    """Said before the account cancels it, or moves it to `moving_to`; covers what `sent_notices_to_you` covers."""
    notices = notices_of(appointment, by=user, moving_to=moving_to)
    own = [one for one in notices if one.to in (user.email, user.mobile)]
    leaving = [one for one in own if not one.refused]
    sentences = {
        frozenset({Channel.EMAIL}): _("Une confirmation partira par e-mail."),
        frozenset({Channel.SMS}): _("Une confirmation partira par SMS."),
        frozenset(Channel): _("Une confirmation partira par e-mail et par SMS."),
        frozenset(): _("Aucune confirmation ne partira, ni par e-mail ni par SMS."),
    }
    times = {one.at for one in leaving if one.channel == Channel.SMS}
    causes = ((one.to, Cause(one.refused)) for one in own if one.refused)
    return _with_reasons(sentences[frozenset(one.channel for one in leaving)], appointment, times, causes)


def sent_notices_to_you(appointment: Appointment, *, user: User, since: datetime) -> str:
    """Covers messages to this account alone: the patient need not know whom else the practice tells."""
    planned = planned_since(appointment, since)
    own = (user.email, user.mobile)
    leaving = [one for one in planned.leaving if one.to in own]
    failed = [one for one in planned.failed if one.to in own]
    sentences = {
        frozenset({Channel.EMAIL}): _("Une confirmation part par e-mail."),
        frozenset({Channel.SMS}): _("Une confirmation part par SMS."),
        frozenset(Channel): _("Une confirmation part par e-mail et par SMS."),
        frozenset(): _("Aucune confirmation ne part, ni par e-mail ni par SMS."),
    }
    causes = ((one.to, Cause(one.cause)) for one in failed)
    return _with_reasons(sentences[channels_of(leaving)], appointment, sms_times(leaving), causes)


def _with_reasons(
    sentence: str, appointment: Appointment, times: Iterable[datetime], refused: Iterable[tuple[str, Cause]]
) -> str:
    """`times`: when SMS leave. `refused`: numbers to which none leaves, and why."""
    return " ".join([sentence, *at_night(times, appointment.practice.zone), *refusals(refused)])


def _is_own(appointment: Appointment) -> bool:
    return appointment.booked_for == BookedFor.SELF
