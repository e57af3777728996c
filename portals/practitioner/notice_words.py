"""In words: whether anybody is told that an appointment is moved, cancelled or deleted, and how; and afterwards, what
leaves and what does not.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from appointments.messages import TOPIC
from appointments.models import Appointment, AppointmentStatus
from appointments.parties import notices_of
from notifications.causes import Cause
from notifications.models import Channel, Message, MessageState
from notifications.wording import moment
from portals.templatetags.presentation import masked_mobile

SOON = timedelta(minutes=1)


def who_is_told(appointment: Appointment, *, by: User, moving: bool = False) -> str:
    """Before `by` moves, cancels or deletes it. `moving`: messages leave only if what they say changes."""
    notices = notices_of(appointment, by=by)
    leaving = [one for one in notices if not one.refused]
    if appointment.status == AppointmentStatus.BOOKED and appointment.starts_at <= timezone.now():
        if moving and leaving:
            return _("Le rendez-vous est passé : personne n’en est averti, sauf si la nouvelle date est à venir.")
        return _("Le rendez-vous est passé : personne n’en est averti.")
    sentences = []
    if not notices:
        sentences.append(_("Personne n’en est averti, faute de coordonnées : prévenez vous-même le patient."))
    elif not leaving:
        sentences.append(_("Personne n’en est averti : prévenez vous-même le patient."))
    for to_booker in (False, True):
        if theirs := {one.channel for one in leaving if one.to_booker == to_booker}:
            sentences.append(_told(theirs, appointment if to_booker else None, moving))
    if not moving:
        sentences += _at_night({one.at for one in leaving if one.channel == Channel.SMS})
    return " ".join([*sentences, *_refusals((one.to, Cause(one.refused)) for one in notices if one.refused)])


def what_leaves(appointment: Appointment, *, since: datetime) -> tuple[str, bool]:
    """After it was moved, cancelled or deleted: who is told, by the messages planned since then, and whether
    somebody still has to be told."""
    about = [appointment.pk, appointment.patient_id, appointment.holder_id]
    planned = Message.objects.filter(Q(topic=TOPIC, about__in=about), created_at__gte=since)
    messages = list(planned.exclude(state=MessageState.CALLED_OFF).order_by("created_at", "id"))
    failed = [one for one in messages if one.state == MessageState.FAILED]
    leaving = [one for one in messages if one.state != MessageState.FAILED]
    sentences = []
    later = [one for one in leaving if one.channel == Channel.SMS and one.due_at > timezone.now() + SOON]
    if channels := {Channel(one.channel) for one in leaving if one not in later}:
        sentences.append(_sentence_of(channels))
    if later:
        sentences.append(
            _("Le SMS part le %(at)s : la nuit, aucun ne part.") % {"at": moment(min(one.due_at for one in later))}
        )
    sentences += _refusals((one.to, Cause(one.cause)) for one in failed)
    if failed and not leaving:
        sentences.append(_("Prévenez vous-même le patient."))
    return " ".join(sentences), bool(failed)


def _told(channels: Iterable[Channel], booked: Appointment | None, moving: bool) -> str:
    """`booked`: of whoever booked it for somebody else; None: of the patient."""
    told = frozenset(channels)
    if booked is not None:
        return _of_the_booker(told, moving) % {"name": booked.holder}
    if not moving:
        return _of_the_patient(told)
    return {
        frozenset({Channel.EMAIL}): _(
            "Le patient en est averti par e-mail si la date, l’heure ou le praticien change."
        ),
        frozenset({Channel.SMS}): _("Le patient en est averti par SMS si la date, l’heure ou le praticien change."),
        frozenset(Channel): _(
            "Le patient en est averti par e-mail et par SMS si la date, l’heure ou le praticien change."
        ),
    }[told]


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


def _sentence_of(channels: Iterable[Channel]) -> str:
    return {
        frozenset({Channel.EMAIL}): _("Un e-mail part."),
        frozenset({Channel.SMS}): _("Un SMS part."),
        frozenset(Channel): _("Un e-mail et un SMS partent."),
    }[frozenset(channels)]


def _at_night(times: Iterable[datetime]) -> list[str]:
    later = [at for at in times if at > timezone.now() + SOON]
    return [_("La nuit, aucun SMS : il part le %(at)s.") % {"at": moment(min(later))}] if later else []


def _refusals(refused: Iterable[tuple[str, Cause]]) -> list[str]:
    return [
        _("Aucun SMS ne part au %(mobile)s : %(cause)s.") % {"mobile": masked_mobile(to), "cause": cause.label}
        for to, cause in refused
    ]
