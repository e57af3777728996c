"""What staff read after booking or moving: for whom, when, with whom, and who is told."""

from __future__ import annotations

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from appointments.models import Appointment, AppointmentKind
from appointments.models.reminder import ReminderState
from documents.models import AutoSendState
from notifications.models import Channel
from notifications.wording import long_day
from portals.practitioner.reminder_words import why_no_reminder


def booked_sentence(appointment: Appointment) -> str:
    said = _("Le rendez-vous de %(name)s est pris : %(what)s.") % _facts(appointment)
    return " ".join([said, *_told(appointment)])


def moved_sentence(appointment: Appointment) -> str:
    return _("Le rendez-vous de %(name)s est à présent : %(what)s.") % _facts(appointment)


def _facts(appointment: Appointment) -> dict[str, str]:
    start = appointment.local_start
    when = _("%(day)s à %(time)s") % {"day": long_day(start, weekday=True), "time": date_format(start, "H:i")}
    parts = [when, appointment.agenda.name, appointment.visit_reason.name]
    if appointment.kind == AppointmentKind.VIDEO:
        parts.append(_("en vidéo"))
    return {"name": appointment.patient.full_name, "what": ", ".join(parts)}


def _told(appointment: Appointment) -> list[str]:
    """Booking by the practice sends nothing at once: reminders and automatic documents follow, if they can."""
    if appointment.starts_at <= timezone.now():
        return [_("Il est passé : personne n’en est averti.")]
    reachable = {channel for channel in Channel if not why_no_reminder(appointment, channel)}
    if not reachable:
        return [_("Personne n’en est averti, faute de coordonnées : prévenez vous-même le patient.")]
    planned = appointment.reminders.filter(state=ReminderState.PLANNED).values_list("channel", flat=True)
    reminded = reachable & {Channel(one) for one in planned}
    sentences = {
        frozenset({Channel.EMAIL}): _("Aucun message ne part maintenant ; un rappel partira par e-mail."),
        frozenset({Channel.SMS}): _("Aucun message ne part maintenant ; un rappel partira par SMS."),
        frozenset(Channel): _("Aucun message ne part maintenant ; des rappels partiront par e-mail et par SMS."),
        frozenset(): _("Aucun message ni rappel ne part : donnez la date au patient."),
    }
    documents = appointment.auto_sends.filter(state=AutoSendState.PLANNED).count()
    automatic = ngettext(
        "Un document lui sera envoyé automatiquement.",
        "%(count)d documents lui seront envoyés automatiquement.",
        documents,
    )
    return [sentences[frozenset(reminded)], *([automatic % {"count": documents}] if documents else [])]
