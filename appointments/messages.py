"""Messages about an appointment: booked, moved, cancelled, reminder. They say when, where, with whom and for whom (a
first name); never the reason."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import User
from appointments.answer_links import answer_url, keep_link, new_token
from appointments.calendar import icalendar_of
from appointments.instructions import instructions_of
from appointments.message_parts import booking_url, button_of, changes_online, how_to_change, place_of, when, who
from appointments.models import Appointment
from appointments.parties import Party, first_ahead, is_ahead, parties_of
from appointments.quiet_hours import TOPIC, sms_time
from appointments.slots import books_online
from appointments.sms import sms_of
from notifications.gsm import ONE_SEGMENT, septets
from notifications.letters import Button, Fact, Letter, plan_letter
from notifications.models import Channel, Message, MessageState
from notifications.outbox import call_off, plan_sms, rewrite
from notifications.wording import telephone_by_pairs
from practices.letters import from_practice


@dataclass(frozen=True)
class Words:
    """`kind`: recorded with each message (Message.kind). `subject` and `sentence` of the email, and the SMS.
    `stands`: whether the appointment will take place."""

    kind: str
    subject: str
    sentence: str
    sms: str
    stands: bool = True


BOOKED = Words(
    "booked",
    gettext_noop("Votre rendez-vous est pris"),
    gettext_noop("Votre rendez-vous est pris."),
    gettext_noop("%(practice)s : rendez-vous pris le %(date)s à %(time)s%(details)s."),
)
MOVED = Words(
    "moved",
    gettext_noop("Votre rendez-vous est déplacé"),
    gettext_noop("Votre rendez-vous est déplacé. Voici la nouvelle date, la seule qui compte."),
    gettext_noop("%(practice)s : rendez-vous déplacé, il a lieu le %(date)s à %(time)s%(details)s."),
)
CHANGED = Words(
    "changed",
    gettext_noop("Votre rendez-vous est modifié"),
    gettext_noop("Votre rendez-vous est modifié. La date et l’heure restent les mêmes."),
    gettext_noop("%(practice)s : rendez-vous modifié, il reste le %(date)s à %(time)s%(details)s."),
)
CANCELLED = Words(
    "cancelled",
    gettext_noop("Votre rendez-vous est annulé"),
    gettext_noop("Votre rendez-vous est annulé : il n’aura pas lieu."),
    gettext_noop("%(practice)s : annulation du rendez-vous du %(date)s à %(time)s%(details)s."),
    stands=False,
)
REINSTATED = Words(
    "reinstated",
    gettext_noop("Votre rendez-vous est rétabli"),
    gettext_noop("Votre rendez-vous est rétabli : il aura bien lieu, même si son annulation vous a été annoncée."),
    gettext_noop("%(practice)s : rendez-vous rétabli, il aura bien lieu le %(date)s à %(time)s%(details)s."),
)
REMINDER = Words(
    "reminder",
    gettext_noop("Rappel de votre rendez-vous"),
    gettext_noop("Ceci est un rappel."),
    gettext_noop("%(practice)s : rappel, rendez-vous le %(date)s à %(time)s%(details)s."),
)

# A reminder that can be answered; without the link if it does not fit (a very long host).
ANSWERABLE_SMS = gettext_noop(
    "%(practice)s : rappel, rendez-vous %(date)s à %(time)s%(details)s. Confirmer/annuler : %(link)s"
)
CONFIRMABLE_SMS = gettext_noop(
    "%(practice)s : rappel, rendez-vous %(date)s à %(time)s%(details)s. Confirmer : %(link)s"
)  # too late to cancel it online
# Of messages about several appointments (appointments/series_messages.py): they follow their series, not one date.
SERIES_BOOKED, SERIES_CANCELLED = OF_SERIES = ("series_booked", "series_cancelled")
WORDS = {one.kind: one for one in (BOOKED, MOVED, CHANGED, CANCELLED, REINSTATED, REMINDER)}


def plan_booking_messages(appointment: Appointment) -> None:
    """After booking online."""
    _tell(appointment, BOOKED, by=appointment.holder)


def plan_move_messages(appointment: Appointment, *, by: User | None, former: datetime) -> None:
    """`former`: its former start."""
    _call_off(appointment)
    if is_ahead(appointment):
        _tell(appointment, MOVED, by=by, former=former)


def practitioner_and_address(appointment: Appointment) -> tuple[object, str]:
    """How messages name the agenda: the practitioner, and the address of a visit by video."""
    return appointment.agenda.practitioner_id, appointment.video_url


def rewrite_waiting(appointment: Appointment, *, by: User | None, differs: bool) -> None:
    """Update messages after a change of agenda or reason at the same time: waiting messages name the former
    practitioner or instructions, and are rewritten. `differs`: the practitioner changed; then parties without a
    waiting message get one, too."""
    of_it = Message.objects.filter(about=appointment.pk, topic=TOPIC).exclude(kind__in=OF_SERIES)
    waiting = of_it.filter(state=MessageState.QUEUED)
    parties = {(channel, to): party for party in parties_of(appointment) for channel in Channel
               if (to := party.contact(channel))}  # fmt: skip
    for message in waiting.select_for_update():
        party = parties.pop((Channel(message.channel), message.to), None)
        if party is None:
            call_off(Message.objects.filter(pk=message.pk))
            continue
        words = WORDS.get(message.kind, REMINDER)  # planned by a version that records no kind: a reminder is true
        with translation.override(party.language):
            if message.channel == Channel.SMS:
                rewrite(
                    message,
                    subject=_(words.subject),
                    body=sms_of([appointment], party, _(words.sms)),
                    kind=words.kind,
                )
            else:
                call_off(Message.objects.filter(pk=message.pk))
                _tell_by_email(appointment, party, words)
    if differs and is_ahead(appointment):
        for (channel, _to), party in parties.items():
            with translation.override(party.language):
                plan_message_to(channel, appointment, party, CHANGED, by=by)


def plan_cancellation_messages(appointment: Appointment, *, by: User | None) -> None:
    _call_off(appointment)
    if is_ahead(appointment):
        _tell(appointment, CANCELLED, by=by)


def plan_reinstatement_messages(appointment: Appointment, *, by: User) -> None:
    """Tell whoever is told about it, once; nobody, if the cancellation has not left yet: it is called off, or, if it
    is one of several, written anew by series_messages.renew."""
    alone = Q(about=appointment.pk, kind=CANCELLED.kind)
    together = Q(about__in=companions_of(appointment), kind=SERIES_CANCELLED)
    sent = Message.objects.filter(alone | together, topic=TOPIC)
    cancellation = sent.order_by("-created_at").first()
    unheard = (
        cancellation is not None
        and not sent.filter(
            Q(lease_until__isnull=False) | ~Q(state=MessageState.QUEUED),
            created_at__gte=cancellation.created_at - timedelta(seconds=1),  # each channel has its own
        ).exists()
        and not _series_left_without(appointment, since=cancellation.created_at)
    )
    _call_off(appointment)
    if not unheard:
        _tell(appointment, REINSTATED, by=by)


def _series_left_without(appointment: Appointment, *, since: datetime) -> bool:
    """Whether a message that its series is booked has left, written since this date was cancelled: nobody was ever
    told of the date."""
    written = Message.objects.filter(about__in=companions_of(appointment), topic=TOPIC, kind=SERIES_BOOKED)
    waits = Q(state__in=(MessageState.QUEUED, MessageState.CALLED_OFF), lease_until=None)
    return written.filter(~waits, created_at__gte=since).exists()


def companions_of(appointment: Appointment) -> list[uuid.UUID]:
    """The ids of its series; none if it is of none."""
    if appointment.series_id is None:
        return []
    return list(Appointment.objects.filter(series=appointment.series_id).values_list("pk", flat=True))


def detach_messages(appointment: Appointment) -> None:
    """Run before it is deleted. Waiting messages about its cancellation then belong to the account or the record, and
    follow their contacts. Failed ones that no newer message replaced belong to the record."""
    of_it = Message.objects.filter(about=appointment.pk, topic=TOPIC)
    newer = of_it.filter(channel=OuterRef("channel"), to=OuterRef("to"), created_at__gt=OuterRef("created_at"))
    failed = of_it.filter(~Exists(newer), state=MessageState.FAILED)
    Message.objects.filter(pk__in=list(failed.values_list("pk", flat=True))).update(about=appointment.patient_id)
    waiting = of_it.filter(state=MessageState.QUEUED)
    if holder := appointment.holder:
        waiting.filter(to__in=[holder.email, holder.mobile]).update(about=holder.pk)
    waiting.filter(about=appointment.pk).update(about=appointment.patient_id)


def _call_off(appointment: Appointment) -> None:
    """Call off waiting messages about it: they are no longer true."""
    call_off(Message.objects.filter(about=appointment.pk, topic=TOPIC).exclude(kind__in=OF_SERIES))


def remind(channel: Channel, appointments: list[Appointment]) -> list[tuple[Message, list[Appointment]]]:
    """Remind of appointments of one day at one practice: one message for each contact, however many appointments.
    Returns each planned message with its appointments."""
    by_contact: dict[str, tuple[Party, list[Appointment]]] = {}
    for appointment in appointments:
        for party in parties_of(appointment):
            if to := party.contact(channel):
                by_contact.setdefault(to, (party, []))[1].append(appointment)
    planned = []
    for to, (party, theirs) in by_contact.items():
        with translation.override(party.language):
            planned.append((remind_by(channel, to, party, theirs), theirs))
    return planned


def remind_by(
    channel: Channel, to: str, party: Party, theirs: list[Appointment], *, due_at: datetime | None = None
) -> Message:
    """One reminder of appointments of one day at one practice, in the active language."""
    first, token = theirs[0], new_token()
    keep_link(token, channel=channel, to=to, language=party.language, about=theirs)
    if channel == Channel.SMS:
        return plan_sms(
            to=to,
            subject=_(REMINDER.subject),
            text=_reminder_sms(theirs, party, answer_url(token)),
            language=party.language,
            due_at=due_at,
            expires_at=first.starts_at,
            about=first.pk,
            kind=REMINDER.kind,
            account=party.account,
            practice=first.practice_id,
        )
    return plan_letter(
        _letter(theirs, party, REMINDER, answers=answer_url(token)),
        to=to,
        language=party.language,
        due_at=due_at,
        expires_at=first.starts_at,
        about=first.pk,
        kind=REMINDER.kind,
        practice=first.practice_id,
    )


def _reminder_sms(theirs: list[Appointment], party: Party, link: str) -> str:
    changes = all(map(changes_online, theirs))
    words = ANSWERABLE_SMS if changes else CONFIRMABLE_SMS
    text = sms_of(theirs, party, _(words), link=link, telephone_first=not changes)
    return text if (septets(text) or ONE_SEGMENT + 1) <= ONE_SEGMENT else sms_of(theirs, party, _(REMINDER.sms))


def _tell(appointment: Appointment, words: Words, *, by: User | None, former: datetime | None = None) -> None:
    for party in parties_of(appointment):
        with translation.override(party.language):
            for channel in Channel:
                if party.contact(channel):
                    plan_message_to(channel, appointment, party, words, by=by, former=former)


def plan_message_to(
    channel: Channel,
    appointment: Appointment,
    party: Party,
    words: Words,
    *,
    by: User | None,
    former: datetime | None = None,
) -> None:
    """Plan one message to one party, in the active language. `by`: who causes it. `former`: its former start."""
    if channel == Channel.EMAIL:
        _tell_by_email(appointment, party, words)
        return
    account, by_staff = party.causes_sms(appointment, by)
    begins = first_ahead(former, appointment.starts_at)
    leaves_at = sms_time(appointment.practice, about=begins)
    plan_sms(
        to=party.mobile or "",
        subject=_(words.subject),
        text=sms_of([appointment], party, _(words.sms)),
        language=party.language,
        due_at=leaves_at,
        expires_at=max(appointment.ends_at, leaves_at + timedelta(hours=12)),
        about=appointment.pk,
        topic=TOPIC,
        kind=words.kind,
        urgent_before=begins,
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
        kind=words.kind,
        practice=appointment.practice_id,
    )


def _letter(appointments: list[Appointment], party: Party, words: Words, *, answers: str = "") -> Letter:
    """An email about appointments of one day at one practice. `answers`: the page where a reminder is answered."""
    first = appointments[0]
    practice = first.practice
    paragraphs, small = [_("Bonjour,"), _(words.sentence)], []
    button = None
    if words.stands:
        paragraphs += dict.fromkeys(text for one in appointments for text in instructions_of(one, for_messages=True))
        button = button_of(appointments, party, answers)
        small = how_to_change(appointments, party, button)
    elif party.is_holder and books_online(practice):
        button = Button(_("Prendre un autre rendez-vous"), booking_url(practice))
    elif telephone := telephone_by_pairs(practice.telephone):
        small = [_("Pour en prendre un autre, appelez le %(telephone)s.") % {"telephone": telephone}]
    facts = [*who(appointments), Fact(_("Date"), _("%(day)s à %(time)s") % when(appointments))]
    if words.stands:
        facts.append(Fact(_("Lieu"), place_of(appointments)))
    return from_practice(
        practice, about=_(words.subject), paragraphs=paragraphs, facts=facts, button=button, small=small
    )
