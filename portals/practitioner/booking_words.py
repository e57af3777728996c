"""Messages to staff after booking, moving, cancelling or deleting: for whom, when, with whom; and after booking, who
is told. notice_words.py covers who is told of the others."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from appointments.models import Appointment
from appointments.models.reminder import ReminderState
from documents.models import AutoSendState
from notifications.models import Channel
from portals.appointment_words import appointment_facts
from portals.planned_notices import SOON
from portals.practitioner.notice_words import nobody_is_notified
from portals.practitioner.reminder_words import why_no_reminder


def booked_sentence(appointment: Appointment) -> str:
    sentence = _("Le rendez-vous %(of_name)s est pris : %(what)s.") % appointment_facts(appointment)
    return " ".join([sentence, *_notice_sentences(appointment)])


def moved_sentence(appointment: Appointment) -> str:
    return _("Le rendez-vous %(of_name)s est à présent : %(what)s.") % appointment_facts(appointment)


def cancelled_sentence(appointment: Appointment, *, documents: int) -> str:
    """`documents`: how many were shared from it."""
    sentence = _("Le rendez-vous %(of_name)s est annulé : %(what)s.") % appointment_facts(appointment)
    return " ".join([sentence, *documents_stay(documents)])


def documents_stay(documents: int) -> list[str]:
    """Of an appointment that is cancelled or moved; nothing where none was shared."""
    sentence = ngettext(
        "Le document partagé reste visible.", "Les %(count)d documents partagés restent visibles.", documents
    )
    return [sentence % {"count": documents}] if documents else []


def deleted_sentence(appointment: Appointment, *, documents: int) -> str:
    """`documents`: how many went with it."""
    facts = appointment_facts(appointment)
    if not documents:
        return _("Le rendez-vous %(of_name)s est supprimé : %(what)s.") % facts
    sentence = ngettext(
        "Le rendez-vous %(of_name)s est supprimé avec son document partagé : %(what)s.",
        "Le rendez-vous %(of_name)s est supprimé avec ses %(count)d documents partagés : %(what)s.",
        documents,
    )
    return sentence % {**facts, "count": documents}


def _notice_sentences(appointment: Appointment) -> list[str]:
    """A booking by the practice sends no confirmation: automatic documents and reminders leave if possible."""
    if appointment.starts_at <= timezone.now():
        return [_("Il est passé : personne n’en est averti.")]
    reachable = {channel for channel in Channel if not why_no_reminder(appointment, channel)}
    if not reachable:
        return [nobody_is_notified(appointment)]
    planned = appointment.reminders.filter(state=ReminderState.PLANNED).values_list("channel", flat=True)
    reminded = reachable & {Channel(one) for one in planned}
    now, later = _automatic(appointment)
    if now or (later and not reminded):
        return [*now, _reminders(reminded), *later]
    sentences = {
        frozenset({Channel.EMAIL}): _("Aucun message ne part maintenant ; un rappel partira par e-mail."),
        frozenset({Channel.SMS}): _("Aucun message ne part maintenant ; un rappel partira par SMS."),
        frozenset(Channel): _("Aucun message ne part maintenant ; des rappels partiront par e-mail et par SMS."),
        frozenset(): _("Aucun message ni rappel ne part : donnez la date au patient."),
    }
    return [sentences[frozenset(reminded)], *later]


def _reminders(channels: set[Channel]) -> str:
    """Beside documents that leave."""
    return {
        frozenset({Channel.EMAIL}): _("Un rappel partira par e-mail."),
        frozenset({Channel.SMS}): _("Un rappel partira par SMS."),
        frozenset(Channel): _("Des rappels partiront par e-mail et par SMS."),
        frozenset(): _("Aucun rappel ne part : donnez la date au patient."),
    }[frozenset(channels)]


def _automatic(appointment: Appointment) -> tuple[list[str], list[str]]:
    """What rules send: what leaves at once, and what follows."""
    planned = appointment.auto_sends.filter(state=AutoSendState.PLANNED)
    now = planned.filter(due_at__lte=timezone.now() + SOON).count()
    later = planned.count() - now
    leaves = ngettext(
        "Un document lui est envoyé maintenant, automatiquement.",
        "%(count)d documents lui sont envoyés maintenant, automatiquement.",
        now,
    )
    follows = ngettext(
        "Un document lui sera envoyé automatiquement.",
        "%(count)d documents lui seront envoyés automatiquement.",
        later,
    )
    return [leaves % {"count": now}] if now else [], [follows % {"count": later}] if later else []
