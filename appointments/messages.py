"""What is said of an appointment: taken, moved, cancelled, soon. When, where, with whom and for whom (a first name);
never why.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.letters import site_host
from accounts.models import User
from appointments.calendar import icalendar_of
from appointments.instructions import instructions_of
from appointments.models import Appointment, AppointmentKind, AppointmentStatus, BookingPolicy, Reminder
from appointments.parties import Party, is_ahead, parties_of, tells_the_patient
from appointments.quiet_hours import sms_time
from appointments.recipients import resolve
from appointments.slots import books_online
from appointments.sms import sms_of
from appointments.times import hours_of
from notifications.letters import Button, Fact, Letter, plan_letter
from notifications.models import Channel, Message, MessageQuerySet, MessageState
from notifications.outbox import call_off, plan_sms, rewrite, send_elsewhere
from notifications.wording import long_day, telephone_by_pairs, unlinked
from patients.models import Patient
from patients.ownership import Standing, standings
from practices.letters import from_practice
from practices.models import Practice


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
    gettext_noop("%(practice)s : rendez-vous pris le %(date)s à %(time)s%(details)s."),
)
MOVED = Words(
    gettext_noop("Votre rendez-vous est déplacé"),
    gettext_noop("Votre rendez-vous est déplacé. Voici la nouvelle date, la seule qui compte."),
    gettext_noop("%(practice)s : rendez-vous déplacé, il a lieu le %(date)s à %(time)s%(details)s."),
)
CHANGED = Words(
    gettext_noop("Votre rendez-vous est modifié"),
    gettext_noop("Votre rendez-vous est modifié. La date et l’heure restent les mêmes."),
    gettext_noop("%(practice)s : rendez-vous modifié, il reste le %(date)s à %(time)s%(details)s."),
)
CANCELLED = Words(
    gettext_noop("Votre rendez-vous est annulé"),
    gettext_noop("Votre rendez-vous est annulé : il n’aura pas lieu."),
    gettext_noop("%(practice)s : annulation du rendez-vous du %(date)s à %(time)s%(details)s."),
    stands=False,
)
REMINDER = Words(
    gettext_noop("Rappel de votre rendez-vous"),
    gettext_noop("Ceci est un rappel."),
    gettext_noop("%(practice)s : rappel, rendez-vous le %(date)s à %(time)s%(details)s."),
)

# A newer message of an appointment replaces the older ones. Reminders follow it by themselves.
TOPIC = "appointment"


def tell_booked(appointment: Appointment) -> None:
    """Of a booking online."""
    _tell(appointment, BOOKED, by=appointment.holder)


def tell_moved(appointment: Appointment, *, by: User, former: datetime) -> None:
    """`former`: when it began before."""
    _call_off(appointment)
    if is_ahead(appointment):
        _tell(appointment, MOVED, by=by, former=former)


def whom_one_meets(appointment: Appointment) -> tuple[object, str]:
    """What a message says of the agenda: the practitioner, and where one goes for a visit by video."""
    return appointment.agenda.practitioner_id, appointment.video_url


def tell_anew(appointment: Appointment, *, by: User, differs: bool) -> None:
    """At the same time in another agenda, or for another reason: a message that has not left yet gives the former
    practitioner or instructions, and is written anew. `differs`: whom one meets; then those are told, too, for
    whom no message waits.
    """
    waiting = Message.objects.filter(about=appointment.pk, topic=TOPIC, state=MessageState.QUEUED)
    parties = {(channel, to): party for party in parties_of(appointment) for channel in Channel
               if (to := party.contact(channel))}  # fmt: skip
    for message in waiting.select_for_update():
        party = parties.pop((Channel(message.channel), message.to), None)
        if party is None:
            call_off(Message.objects.filter(pk=message.pk))
            continue
        with translation.override(message.language):  # that of its subject: the patient's may be another by now
            words = next((one for one in (MOVED, CHANGED) if message.subject.startswith(_(one.subject))), BOOKED)
        with translation.override(party.language):
            if message.channel == Channel.SMS:
                rewrite(message, subject=_(words.subject), body=sms_of([appointment], party, _(words.sms)))
            else:
                call_off(Message.objects.filter(pk=message.pk))
                _tell_by_email(appointment, party, words)
    if differs and is_ahead(appointment):
        for (channel, _to), party in parties.items():
            with translation.override(party.language):
                _tell_by(channel, appointment, party, CHANGED, by=by)


def tell_cancelled(appointment: Appointment, *, by: User) -> None:
    _call_off(appointment)
    if is_ahead(appointment):
        _tell(appointment, CANCELLED, by=by)


def outlive(appointment: Appointment) -> None:
    """Before it is deleted. What waits to tell that it was cancelled, just now or before, is about the account or the
    record from then on: it follows their contacts."""
    waiting = Message.objects.filter(about=appointment.pk, topic=TOPIC, state=MessageState.QUEUED)
    if holder := appointment.holder:
        waiting.filter(to__in=[holder.email, holder.mobile]).update(about=holder.pk)
    waiting.filter(about=appointment.pk).update(about=appointment.patient_id)
    # What did not leave is for staff to see, beside the record.
    failed = Message.objects.filter(about=appointment.pk, topic=TOPIC, state=MessageState.FAILED)
    failed.update(about=appointment.patient_id)


def _call_off(appointment: Appointment) -> None:
    """What was still to be said of it is no longer true."""
    call_off(Message.objects.filter(about=appointment.pk, topic=TOPIC))


def redirect(*, patient: Patient, former: Mapping[str, str | None]) -> None:
    """What waits to tell the patient's former contacts of an appointment goes to those of today, or nowhere."""
    channels = {"email": Channel.EMAIL, "mobile": Channel.SMS}
    for appointment in patient.appointments.select_related("practice", "patient__practice", "holder"):
        if not tells_the_patient(appointment):
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


def remind(channel: Channel, appointments: list[Appointment]) -> list[tuple[Message, list[Appointment]]]:
    """Of appointments of one day at one practice: one message for each contact, however many they are. Each message
    that was planned, and of what it tells."""
    by_contact: dict[str, tuple[Party, list[Appointment]]] = {}
    for appointment in appointments:
        for party in parties_of(appointment):
            if to := party.contact(channel):
                by_contact.setdefault(to, (party, []))[1].append(appointment)
    planned = []
    for to, (party, theirs) in by_contact.items():
        with translation.override(party.language):
            planned.append((_remind(channel, to, party, theirs), theirs))
    return planned


def _remind(channel: Channel, to: str, party: Party, theirs: list[Appointment]) -> Message:
    first = theirs[0]
    if channel == Channel.SMS:
        return plan_sms(
            to=to,
            subject=_(REMINDER.subject),
            text=sms_of(theirs, party, _(REMINDER.sms)),
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


def _tell(appointment: Appointment, words: Words, *, by: User | None, former: datetime | None = None) -> None:
    for party in parties_of(appointment):
        with translation.override(party.language):
            for channel in Channel:
                if party.contact(channel):
                    _tell_by(channel, appointment, party, words, by=by, former=former)


def _tell_by(
    channel: Channel,
    appointment: Appointment,
    party: Party,
    words: Words,
    *,
    by: User | None,
    former: datetime | None = None,
) -> None:
    if channel == Channel.EMAIL:
        _tell_by_email(appointment, party, words)
        return
    account, by_staff = party.causes_sms(appointment, by)
    begins = [at for at in (former, appointment.starts_at) if at and at > timezone.now()]
    leaves_at = sms_time(appointment.practice, about=min(begins, default=None))
    plan_sms(
        to=party.mobile or "",
        subject=_(words.subject),
        text=sms_of([appointment], party, _(words.sms)),
        language=party.language,
        due_at=leaves_at,
        expires_at=max(appointment.ends_at, leaves_at + timedelta(hours=12)),
        about=appointment.pk,
        topic=TOPIC,
        account=account,
        practice=appointment.practice_id,
        by_staff=by_staff,
    )


def _tell_by_email(appointment: Appointment, party: Party, words: Words) -> None:
    plan_letter(
        _letter([appointment], party, words),
        to=party.email or "",
        language=party.language,
        calendar=icalendar_of(appointment, cancelled=not words.stands),
        about=appointment.pk,
        topic=TOPIC,
    )


def _letter(appointments: list[Appointment], party: Party, words: Words) -> Letter:
    """Of appointments of one day at one practice."""
    first = appointments[0]
    practice = first.practice
    paragraphs, small = [_("Bonjour,"), _(words.sentence)], []
    button = None
    if words.stands:
        paragraphs += dict.fromkeys(text for one in appointments for text in instructions_of(one, for_messages=True))
        button = _button(appointments, party)
        small = _how_to_change(appointments, party, button)
    elif party.is_holder and books_online(practice):
        button = Button(_("Prendre un autre rendez-vous"), _booking_url(practice))
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
    return {"day": long_day(appointments[0].local_start, weekday=True), "time": hours_of(appointments)}


def _place(appointments: list[Appointment]) -> str:
    """The address; by video, that it is so. "" where the practice wrote none."""
    lines = []
    if any(one.kind != AppointmentKind.VIDEO for one in appointments):
        lines.append(appointments[0].practice.address)
    if any(one.kind == AppointmentKind.VIDEO for one in appointments):
        lines.append(_("En vidéo"))
    return "\n".join(lines).strip()


def _button(appointments: list[Appointment], party: Party) -> Button | None:
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


def _how_to_change(appointments: list[Appointment], party: Party, button: Button | None) -> list[str]:
    if party.is_holder and all(map(_changes_online, appointments)):
        if button and button.url == _account_url():
            return []
        return [
            _("Pour le déplacer ou l’annuler, connectez-vous à votre compte sur %(host)s.") % {"host": site_host()}
        ]
    if telephone := telephone_by_pairs(appointments[0].practice.telephone):
        return [_("Pour le déplacer ou l’annuler, appelez le %(telephone)s.") % {"telephone": telephone}]
    return []


def _booking_url(practice: Practice) -> str:
    return str(settings.PUBLIC_URL) + reverse("patient:book-reasons", args=[practice.pk])


def _account_url() -> str:
    return str(settings.PUBLIC_URL) + reverse("patient:appointments")
