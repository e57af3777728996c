"""What is said of an appointment: taken, moved, cancelled, soon. When and where; never why, nor for whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from appointments.calendar import icalendar_of
from appointments.instructions import instructions_of
from appointments.models import Appointment, AppointmentKind, BookedFor
from notifications.models import Channel
from notifications.outbox import plan_email, plan_sms
from notifications.wording import for_sms, long_day

BOOKED = (
    gettext_noop("Votre rendez-vous est pris"),
    gettext_noop("Rendez-vous pris avec %(practice)s le %(date)s à %(time)s."),
)
MOVED = (
    gettext_noop("Votre rendez-vous est déplacé"),
    gettext_noop("Rendez-vous avec %(practice)s déplacé : il a lieu le %(date)s à %(time)s."),
)
CANCELLED = (
    gettext_noop("Votre rendez-vous est annulé"),
    gettext_noop("Rendez-vous avec %(practice)s du %(date)s à %(time)s annulé."),
)


@dataclass(frozen=True)
class _Party:
    """Somebody to tell, by the contacts there are."""

    email: str | None
    mobile: str | None
    language: str
    is_holder: bool

    def contact(self, channel: Channel) -> str | None:
        return self.email if channel == Channel.EMAIL else self.mobile


def tell_booked(appointment: Appointment) -> None:
    """Of a booking online."""
    _tell(appointment, BOOKED)


def tell_moved(appointment: Appointment) -> None:
    if _still_ahead(appointment):
        _tell(appointment, MOVED)


def tell_cancelled(appointment: Appointment) -> None:
    if _still_ahead(appointment):
        _tell(appointment, CANCELLED)


def _still_ahead(appointment: Appointment) -> bool:
    return appointment.starts_at > timezone.now()


def _parties(appointment: Appointment) -> list[_Party]:
    """Whoever booked online; and the patient, where the contacts are the patient's own."""
    patient, holder = appointment.patient, appointment.holder
    parties = []
    if holder:
        parties.append(_Party(holder.email, holder.mobile, holder.language, is_holder=True))
    if not holder or appointment.booked_for == BookedFor.ADULT_RELATIVE:
        parties.append(_Party(patient.email, patient.mobile, patient.language, is_holder=False))
    return parties


def contacts_of(appointment: Appointment, channel: Channel) -> frozenset[str]:
    """Where a message about it goes by this channel."""
    return frozenset(to for party in _parties(appointment) if (to := party.contact(channel)))


def remind(channel: Channel, appointments: list[Appointment]) -> None:
    """Of appointments of one day at one practice: one message for each contact, however many they are."""
    by_contact: dict[str, tuple[_Party, list[Appointment]]] = {}
    for appointment in appointments:
        for party in _parties(appointment):
            if to := party.contact(channel):
                by_contact.setdefault(to, (party, []))[1].append(appointment)
    for to, (party, theirs) in by_contact.items():
        with translation.override(party.language):
            _remind(channel, to, party, theirs)


def _remind(channel: Channel, to: str, party: _Party, theirs: list[Appointment]) -> None:
    first = theirs[0]
    times = [date_format(one.local_start, "TIME_FORMAT") for one in theirs]
    facts = _facts(first) | {"times": get_text_list(list(dict.fromkeys(times)), _("et"))}
    said = _("Rappel : rendez-vous avec %(practice)s le %(date)s à %(times)s.") % facts
    if channel == Channel.SMS:
        plan_sms(to=to, text=for_sms(said), language=party.language, expires_at=first.starts_at, about=first.pk)
        return
    plan_email(
        to=to,
        subject=_("Rappel de votre rendez-vous"),
        body=_body(theirs, said, party),
        language=party.language,
        expires_at=first.starts_at,
        about=first.pk,
    )


def _tell(appointment: Appointment, words: tuple[str, str]) -> None:
    subject, sentence = words
    for party in _parties(appointment):
        with translation.override(party.language):
            said = _(sentence) % _facts(appointment)
            if party.email:
                plan_email(
                    to=party.email,
                    subject=_(subject),
                    body=_body([appointment], said, party, instructions=words is not CANCELLED),
                    language=party.language,
                    calendar=icalendar_of(appointment, cancelled=words is CANCELLED),
                    about=appointment.pk,
                )
            if party.mobile:
                plan_sms(
                    to=party.mobile,
                    text=for_sms(said),
                    language=party.language,
                    expires_at=max(appointment.ends_at, timezone.now() + timedelta(hours=12)),
                    about=appointment.pk,
                )


def _facts(appointment: Appointment) -> dict[str, str]:
    start = appointment.local_start
    return {
        "practice": appointment.practice.name,
        "date": long_day(start),
        "time": date_format(start, "TIME_FORMAT"),
    }


def _body(appointments: list[Appointment], said: str, party: _Party, *, instructions: bool = True) -> str:
    appointment = appointments[0]
    practice = appointment.practice
    lines = [_("Bonjour,"), said]
    if instructions:
        lines += dict.fromkeys(text for one in appointments for text in instructions_of(one, for_messages=True))
    if appointment.kind == AppointmentKind.VIDEO:
        place = _("Ce rendez-vous a lieu en vidéo.")
        lines.append(f"{place}\n{appointment.video_url}" if appointment.video_url else place)
    elif practice.address:
        lines.append(_("Adresse :\n%(address)s") % {"address": practice.address})
    if party.is_holder:
        link = settings.PUBLIC_URL + reverse("patient:appointments")
        lines.append(_("Le voir, le déplacer ou l’annuler :\n%(link)s") % {"link": link})
    lines.append(practice.name)
    return "\n\n".join(lines) + "\n"
