"""One message about several appointments that were booked or cancelled together: by email if the recipient has an
address, otherwise by SMS. It says when, with whom and for whom; never the reason."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import timedelta

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import User
from appointments.message_parts import how_to_change, place_of, who
from appointments.messages import OF_SERIES, SERIES_BOOKED, SERIES_CANCELLED, Words, companions_of
from appointments.models import Appointment, AppointmentStatus
from appointments.parties import Party, is_ahead, parties_of
from appointments.quiet_hours import TOPIC, sms_time
from notifications.gsm import one_segment
from notifications.letters import Fact, plan_letter
from notifications.models import Message, MessageState
from notifications.outbox import call_off, plan_sms
from notifications.wording import clock, long_day
from practices.letters import call, from_practice

BOOKED = Words(
    SERIES_BOOKED,
    gettext_noop("Vos rendez-vous sont pris"),
    gettext_noop("Vos rendez-vous sont pris. En voici toutes les dates."),
    gettext_noop("%(practice)s : rendez-vous pris, %(dates)s."),
)
CANCELLED = Words(
    SERIES_CANCELLED,
    gettext_noop("Vos rendez-vous sont annulés"),
    gettext_noop("Les rendez-vous suivants sont annulés : ils n’auront pas lieu."),
    gettext_noop("%(practice)s : rendez-vous annulés, %(dates)s."),
    stands=False,
)


def plan_booked(appointments: Sequence[Appointment], *, by: User | None) -> None:
    _tell([one for one in appointments if is_ahead(one)], BOOKED, by=by)


def plan_cancelled(appointments: Sequence[Appointment], *, by: User | None) -> None:
    """Messages about each of them that still wait are called off."""
    if not appointments:
        return
    about = [one.pk for one in appointments]
    call_off(Message.objects.filter(about__in=about, topic=TOPIC).exclude(kind__in=OF_SERIES))
    renew(appointments[0], by=by)
    _tell([one for one in appointments if is_ahead(one)], CANCELLED, by=by)


def renew(appointment: Appointment, *, by: User | None, leaving: bool = False) -> None:
    """Write the waiting message about its series anew: one of its dates changed. `leaving`: it is being deleted."""
    ids = companions_of(appointment)
    if not ids or not _waiting(ids, BOOKED):
        return
    call_off(Message.objects.filter(about__in=ids, topic=TOPIC, kind=BOOKED.kind))
    stand = [one for one in _of(ids, AppointmentStatus.BOOKED) if not (leaving and one.pk == appointment.pk)]
    plan_booked(stand, by=by)


def renew_reinstated(appointment: Appointment, *, by: User | None) -> None:
    """One of its dates is back: a waiting message that they are booked names it, one that they are cancelled does
    not."""
    renew(appointment, by=by)
    ids = companions_of(appointment)
    if not (waiting := _waiting(ids, CANCELLED)):
        return
    call_off(Message.objects.filter(about__in=ids, topic=TOPIC, kind=CANCELLED.kind))
    first = min(one.starts_at for one in Appointment.objects.filter(pk__in=[one.about for one in waiting]))
    gone = [one for one in _of(ids, AppointmentStatus.CANCELLED) if one.starts_at >= first and is_ahead(one)]
    _tell(gone, CANCELLED, by=by)


def _waiting(ids: Collection[uuid.UUID], words: Words) -> list[Message]:
    """Locked."""
    waiting = Message.objects.filter(about__in=ids, topic=TOPIC, kind=words.kind, state=MessageState.QUEUED)
    return list(waiting.select_for_update())


def _of(ids: Collection[uuid.UUID], status: AppointmentStatus) -> list[Appointment]:
    related = ("practice", "agenda__practitioner", "patient", "holder")
    found = Appointment.objects.filter(pk__in=ids, status=status).select_related(*related)
    return list(found.order_by("starts_at", "id"))


def _tell(appointments: Sequence[Appointment], words: Words, *, by: User | None) -> None:
    if not appointments:
        return
    for party in parties_of(appointments[0]):
        with translation.override(party.language):
            if party.email:
                _by_email(appointments, party, words)
            elif party.mobile:
                _by_sms(appointments, party, words, by=by)


def _by_email(appointments: Sequence[Appointment], party: Party, words: Words) -> None:
    first = appointments[0]
    every = list(appointments)
    dates = "\n".join(
        _("%(day)s à %(time)s") % {"day": long_day(one.local_start, weekday=True), "time": clock(one.local_start)}
        for one in every
    )
    facts = [*who(every), Fact(_("Dates"), dates)]
    if words.stands:
        facts.append(Fact(_("Lieu"), place_of(every)))
    letter = from_practice(
        first.practice,
        about=_(words.subject),
        paragraphs=[_("Bonjour,"), _(words.sentence)],
        facts=facts,
        small=how_to_change(every, party, None) if words.stands else [],
    )
    plan_letter(
        letter,
        to=party.email or "",
        language=party.language,
        about=first.pk,
        topic=TOPIC,
        kind=words.kind,
        practice=first.practice_id,
    )


def _by_sms(appointments: Sequence[Appointment], party: Party, words: Words, *, by: User | None) -> None:
    first = appointments[0]
    account, by_staff = party.causes_sms(first, by)
    leaves_at = sms_time(first.practice, about=first.starts_at)
    plan_sms(
        to=party.mobile or "",
        subject=_(words.subject),
        text=one_segment(
            _(words.sms),
            name=first.practice.name_in_messages,
            tail=call(first.practice),
            dates=_short_dates(appointments),
        ),
        language=party.language,
        due_at=leaves_at,
        expires_at=max(first.ends_at, leaves_at + timedelta(hours=12)),
        about=first.pk,
        topic=TOPIC,
        kind=words.kind,
        urgent_before=first.starts_at,
        account=account,
        practice=first.practice_id,
        by_staff=by_staff,
    )


def _short_dates(appointments: Sequence[Appointment]) -> str:
    """Every date, as short as an SMS needs: “09:00 les 01/12, 08/12”; each with its time if they differ."""
    times = {clock(one.local_start) for one in appointments}
    if len(times) == 1:
        days = ", ".join(f"{one.local_start:%d/%m}" for one in appointments)
        return _("%(time)s les %(days)s") % {"time": times.pop(), "days": days}
    return ", ".join(f"{one.local_start:%d/%m %H:%M}" for one in appointments)
