"""What is said of an appointment: taken, moved, cancelled, soon. When, where, with whom and for whom (a first name);
never why.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.letters import call, from_practice, site_host
from accounts.models import User
from appointments.calendar import icalendar_of
from appointments.instructions import instructions_of
from appointments.models import Appointment, AppointmentKind, AppointmentStatus, BookedFor, BookingPolicy, Reminder
from appointments.recipients import resolve
from notifications.gsm import one_segment
from notifications.letters import Button, Fact, Letter, plan_letter
from notifications.models import Channel, Message, MessageQuerySet, MessageState
from notifications.outbox import call_off, plan_sms, send_elsewhere
from notifications.wording import long_day, telephone_by_pairs, unlinked
from patients.models import Patient
from patients.ownership import Standing, standings


@dataclass(frozen=True)
class Words:
    """`subject` and `sentence` of the email, and the SMS. `stands`: there is an appointment to come to."""

    subject: str
    sentence: str
    sms: str
    stands: bool = True


BOOKED = Words(
    gettext_noop("Votre rendez-vous est pris"),
    gettext_noop("Votre rendez-vous est pris."),
    gettext_noop("%(practice)s : rendez-vous pris le %(date)s à %(time)s."),
)
MOVED = Words(
    gettext_noop("Votre rendez-vous est déplacé"),
    gettext_noop("Votre rendez-vous est déplacé. Voici la nouvelle date, la seule qui compte."),
    gettext_noop("%(practice)s : rendez-vous déplacé, il a lieu le %(date)s à %(time)s."),
)
CHANGED = Words(
    gettext_noop("Votre rendez-vous est modifié"),
    gettext_noop("Votre rendez-vous est modifié. La date et l’heure restent les mêmes."),
    "",  # an SMS names nobody: what it said is still true
)
CANCELLED = Words(
    gettext_noop("Votre rendez-vous est annulé"),
    gettext_noop("Votre rendez-vous est annulé : il n’aura pas lieu."),
    gettext_noop("%(practice)s : rendez-vous du %(date)s à %(time)s annulé."),
    stands=False,
)
REMINDER = Words(
    gettext_noop("Rappel de votre rendez-vous"),
    gettext_noop("Ceci est un rappel."),
    gettext_noop("%(practice)s : rappel, rendez-vous le %(date)s à %(time)s."),
)

# A newer message of an appointment replaces the older ones. Reminders follow it by themselves.
TOPIC = "appointment"


@dataclass(frozen=True)
class _Party:
    """Somebody to tell, by the contacts there are."""

    email: str | None
    mobile: str | None
    language: str
    is_holder: bool
    account: uuid.UUID | None = None  # that gave these contacts, which nobody has proved: their SMS count for it

    def contact(self, channel: Channel) -> str | None:
        return self.email if channel == Channel.EMAIL else self.mobile


def tell_booked(appointment: Appointment) -> None:
    """Of a booking online."""
    _tell(appointment, BOOKED, by=appointment.holder)


def tell_moved(appointment: Appointment, *, by: User) -> None:
    _call_off(appointment)
    if _still_ahead(appointment):
        _tell(appointment, MOVED, by=by)


def whom_one_meets(appointment: Appointment) -> tuple[object, str]:
    """What an email says of the agenda: the practitioner, and where one goes for a visit by video."""
    return appointment.agenda.practitioner_id, appointment.video_url


def tell_anew(appointment: Appointment, *, differs: bool) -> None:
    """At the same time in another agenda, or for another reason: an email that has not left yet gives the former
    practitioner or instructions, and is written anew. `differs`: whom one meets; whoever no email waits for is told.
    """
    waiting = Message.objects.filter(
        about=appointment.pk, topic=TOPIC, channel=Channel.EMAIL, state=MessageState.QUEUED
    )
    parties = {party.email: party for party in _parties(appointment) if party.email}
    for message in waiting.select_for_update():
        call_off(Message.objects.filter(pk=message.pk))
        party = parties.pop(message.to, None)
        if party is None:
            continue
        with translation.override(message.language):  # that of its subject: the patient's may be another by now
            words = next((one for one in (MOVED, CHANGED) if message.subject.startswith(_(one.subject))), BOOKED)
        with translation.override(party.language):
            _tell_by_email(appointment, party, words)
    if differs and _still_ahead(appointment):
        for party in parties.values():
            with translation.override(party.language):
                _tell_by_email(appointment, party, CHANGED)


def channels_of(appointment: Appointment) -> frozenset[Channel]:
    """By which somebody is told if it is moved, cancelled or deleted now. None for one that is over or cancelled."""
    if appointment.status == AppointmentStatus.CANCELLED or not _still_ahead(appointment):
        return frozenset()
    parties = _parties(appointment)
    return frozenset(channel for channel in Channel if any(party.contact(channel) for party in parties))


def tell_cancelled(appointment: Appointment, *, by: User) -> None:
    _call_off(appointment)
    if _still_ahead(appointment):
        _tell(appointment, CANCELLED, by=by)


def outlive(appointment: Appointment) -> None:
    """Before it is deleted. What waits to tell that it was cancelled, just now or before, is about the account or the
    record from then on: it follows their contacts."""
    waiting = Message.objects.filter(about=appointment.pk, topic=TOPIC, state=MessageState.QUEUED)
    if holder := appointment.holder:
        waiting.filter(to__in=[holder.email, holder.mobile]).update(about=holder.pk)
    waiting.filter(about=appointment.pk).update(about=appointment.patient_id)


def _call_off(appointment: Appointment) -> None:
    """What was still to be said of it is no longer true."""
    call_off(Message.objects.filter(about=appointment.pk, topic=TOPIC))


def _still_ahead(appointment: Appointment) -> bool:
    return appointment.starts_at > timezone.now()


def _parties(appointment: Appointment) -> list[_Party]:
    """Whoever booked online; and the patient, where the contacts are the patient's own."""
    patient, holder = appointment.patient, appointment.holder
    parties = []
    if holder and holder.is_active:
        parties.append(_Party(holder.email, holder.mobile, holder.language, is_holder=True))
    if _tells_the_patient(appointment):
        own = resolve(appointment).contacts
        account = holder.pk if holder else None
        parties.append(
            _Party(own.get("email"), own.get("mobile"), patient.language, is_holder=False, account=account)
        )
    return parties


def _tells_the_patient(appointment: Appointment) -> bool:
    return appointment.holder is None or appointment.booked_for == BookedFor.ADULT_RELATIVE


def redirect(*, patient: Patient, former: Mapping[str, str | None]) -> None:
    """What waits to tell the patient's former contacts of an appointment goes to those of today, or nowhere."""
    channels = {"email": Channel.EMAIL, "mobile": Channel.SMS}
    for appointment in patient.appointments.select_related("practice", "patient__practice", "holder"):
        if not _tells_the_patient(appointment):
            continue
        own = resolve(appointment).contacts
        holder = appointment.holder
        for name, contact in former.items():
            if not contact or (holder and contact in (holder.email, holder.mobile)):
                continue  # what goes to the holder's own contact is the holder's
            waiting = Message.objects.select_for_update().filter(
                about=appointment.pk, channel=channels[name], to=contact, state=MessageState.QUEUED
            )
            if name not in own:
                call_off(waiting)
                continue
            _send_elsewhere(waiting, to=own[name])
    _redirect_deleted(patient, former, channels)


def _redirect_deleted(patient: Patient, former: Mapping[str, str | None], channels: Mapping[str, Channel]) -> None:
    """What waits to tell that an appointment which is not there any more was cancelled."""
    found = standings(patient)
    for name, contact in former.items():
        waiting = Message.objects.select_for_update().filter(
            about=patient.pk, topic=TOPIC, channel=channels[name], to=contact or "", state=MessageState.QUEUED
        )
        if found[name] is Standing.OWN:
            _send_elsewhere(waiting, to=getattr(patient, name))
        else:
            call_off(waiting)


def redirect_holder(*, holder: User, former: str, new: str) -> None:
    """What waits to tell a holder's former contact of appointments they booked goes to the new one."""
    booked = Appointment.objects.filter(holder=holder).values("pk")
    theirs = Q(about__in=booked) | Q(about=holder.pk, topic=TOPIC)
    waiting = Message.objects.filter(theirs, to=former, state=MessageState.QUEUED)
    _send_elsewhere(waiting.select_for_update(), to=new)


def _send_elsewhere(waiting: MessageQuerySet, *, to: str) -> None:
    for message in waiting:
        reminders = Reminder.messages.through.objects.filter(message=message.pk)
        goes = send_elsewhere(message, to=to)
        reminders.update(message=goes.pk)


def contacts_of(appointment: Appointment, channel: Channel) -> frozenset[str]:
    """Where a message about it goes by this channel."""
    return frozenset(to for party in _parties(appointment) if (to := party.contact(channel)))


def remind(channel: Channel, appointments: list[Appointment]) -> list[tuple[Message, list[Appointment]]]:
    """Of appointments of one day at one practice: one message for each contact, however many they are. Each message
    that was planned, and of what it tells."""
    by_contact: dict[str, tuple[_Party, list[Appointment]]] = {}
    for appointment in appointments:
        for party in _parties(appointment):
            if to := party.contact(channel):
                by_contact.setdefault(to, (party, []))[1].append(appointment)
    planned = []
    for to, (party, theirs) in by_contact.items():
        with translation.override(party.language):
            planned.append((_remind(channel, to, party, theirs), theirs))
    return planned


def _remind(channel: Channel, to: str, party: _Party, theirs: list[Appointment]) -> Message:
    first = theirs[0]
    if channel == Channel.SMS:
        return plan_sms(
            to=to,
            text=_sms(theirs, REMINDER),
            language=party.language,
            expires_at=first.starts_at,
            about=first.pk,
            account=party.account,
            practice=first.practice_id,
        )
    return plan_letter(
        _letter(theirs, party, REMINDER),
        to=to,
        language=party.language,
        expires_at=first.starts_at,
        about=first.pk,
    )


def _tell(appointment: Appointment, words: Words, *, by: User | None) -> None:
    for party in _parties(appointment):
        with translation.override(party.language):
            if party.email:
                _tell_by_email(appointment, party, words)
            if party.mobile:
                plan_sms(
                    to=party.mobile,
                    text=_sms([appointment], words),
                    language=party.language,
                    expires_at=max(appointment.ends_at, timezone.now() + timedelta(hours=12)),
                    about=appointment.pk,
                    topic=TOPIC,
                    account=party.account or (by.pk if by else None),
                    practice=appointment.practice_id,
                    by_staff=party.account is None and by != appointment.holder,
                )


def _tell_by_email(appointment: Appointment, party: _Party, words: Words) -> None:
    plan_letter(
        _letter([appointment], party, words),
        to=party.email or "",
        language=party.language,
        calendar=icalendar_of(appointment, cancelled=not words.stands),
        about=appointment.pk,
        topic=TOPIC,
    )


def _sms(appointments: list[Appointment], words: Words) -> str:
    first = appointments[0]
    return one_segment(
        _(words.sms),
        name=first.practice.name_in_messages,
        tail=call(first.practice),
        date=long_day(first.local_start, weekday=True),
        time=_times(appointments),
    )


def _times(appointments: list[Appointment]) -> str:
    times = [date_format(one.local_start, "TIME_FORMAT") for one in appointments]
    return str(get_text_list(list(dict.fromkeys(times)), _("et")))


def _letter(appointments: list[Appointment], party: _Party, words: Words) -> Letter:
    """Of appointments of one day at one practice."""
    first = appointments[0]
    practice = first.practice
    paragraphs, small = [_("Bonjour,"), _(words.sentence)], []
    button = None
    if words.stands:
        paragraphs += dict.fromkeys(text for one in appointments for text in instructions_of(one, for_messages=True))
        button = _button(appointments, party)
        small = _how_to_change(appointments, party, button)
    elif telephone := telephone_by_pairs(practice.telephone):
        small = [_("Pour en prendre un autre, appelez le %(telephone)s.") % {"telephone": telephone}]
    facts = [*who(appointments), Fact(_("Date"), _("%(day)s à %(time)s") % _when(appointments))]
    if words.stands:
        facts.append(Fact(_("Lieu"), _place(appointments)))
    return from_practice(
        practice, about=_(words.subject), paragraphs=paragraphs, facts=facts, button=button, small=small
    )


def who(appointments: Iterable[Appointment]) -> list[Fact]:
    """For whom (first names) and with whom, in that order, each once."""
    everybody = list(appointments)
    patients = dict.fromkeys(unlinked(one.patient.first_name) for one in everybody)
    practitioners = dict.fromkeys(
        one.agenda.practitioner.get_full_name() for one in everybody if one.agenda.practitioner
    )
    return [
        Fact(_("Pour"), str(get_text_list(list(patients), _("et")))),
        Fact(_("Avec"), str(get_text_list([name for name in practitioners if name], _("et")))),
    ]


def facts_of(appointments: list[Appointment]) -> list[Fact]:
    """For whom, with whom, and the day of what stands: of a message about something that goes with them."""
    standing = [one for one in appointments if one.status == AppointmentStatus.BOOKED]
    day = long_day(standing[0].local_start, weekday=True) if standing else ""
    return [*who(appointments), Fact(_("Date du rendez-vous"), day)]


def _when(appointments: list[Appointment]) -> dict[str, str]:
    return {"day": long_day(appointments[0].local_start, weekday=True), "time": _times(appointments)}


def _place(appointments: list[Appointment]) -> str:
    """The address; by video, that it is so. "" where the practice wrote none."""
    lines = []
    if any(one.kind != AppointmentKind.VIDEO for one in appointments):
        lines.append(appointments[0].practice.address)
    if any(one.kind == AppointmentKind.VIDEO for one in appointments):
        lines.append(_("En vidéo"))
    return "\n".join(lines).strip()


def _button(appointments: list[Appointment], party: _Party) -> Button | None:
    """Where one goes for it: the visit by video, or the account of whoever booked."""
    if video := next((one.video_url for one in appointments if one.video_url), ""):
        return Button(_("Rejoindre la consultation en vidéo"), video)
    if party.is_holder:
        changes = all(map(_changes_online, appointments))
        words = _("Voir, déplacer ou annuler le rendez-vous") if changes else _("Voir le rendez-vous")
        return Button(words, _account_url())
    return None


def _changes_online(appointment: Appointment) -> bool:
    """Whether whoever booked may still change it by themselves: practices have a limit for that."""
    return BookingPolicy.of(appointment.practice).may_change(appointment.starts_at)


def _how_to_change(appointments: list[Appointment], party: _Party, button: Button | None) -> list[str]:
    if party.is_holder and all(map(_changes_online, appointments)):
        if button and button.url == _account_url():
            return []
        return [
            _("Pour le déplacer ou l’annuler, connectez-vous à votre compte sur %(host)s.") % {"host": site_host()}
        ]
    if telephone := telephone_by_pairs(appointments[0].practice.telephone):
        return [_("Pour le déplacer ou l’annuler, appelez le %(telephone)s.") % {"telephone": telephone}]
    return []


def _account_url() -> str:
    return str(settings.PUBLIC_URL) + reverse("patient:appointments")
