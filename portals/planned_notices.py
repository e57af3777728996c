"""The messages planned about an appointment since a moment, from the rows; every door writes sentences from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from appointments.models import Appointment
from appointments.quiet_hours import TOPIC
from notifications.causes import Cause
from notifications.models import Channel, Message, MessageState
from notifications.wording import masked_mobile, moment

SOON = timedelta(minutes=1)


@dataclass(frozen=True)
class Planned:
    """`failed`: they cannot leave, because of a limit or the kind of number."""

    leaving: list[Message]
    failed: list[Message]


def planned_since(appointment: Appointment, since: datetime) -> Planned:
    about = [appointment.pk, appointment.patient_id, appointment.holder_id]
    planned = Message.objects.filter(Q(topic=TOPIC, about__in=about), created_at__gte=since)
    messages = list(planned.exclude(state=MessageState.CALLED_OFF).order_by("created_at", "id"))
    failed = [one for one in messages if one.state == MessageState.FAILED]
    return Planned([one for one in messages if one not in failed], failed)


def channels_of(messages: Iterable[Message]) -> frozenset[Channel]:
    return frozenset(Channel(one.channel) for one in messages)


def sms_times(messages: Iterable[Message]) -> set[datetime]:
    return {one.due_at for one in messages if one.channel == Channel.SMS}


def at_night(times: Iterable[datetime], zone: ZoneInfo) -> list[str]:
    """`zone`: the practice's, whatever the page is about."""
    later = [at for at in times if at > timezone.now() + SOON]
    if not later:
        return []
    with timezone.override(zone):
        return [_("La nuit, aucun SMS : il part le %(at)s.") % {"at": moment(min(later))}]


def refusals(refused: Iterable[tuple[str, Cause]]) -> list[str]:
    return [
        _("Aucun SMS ne part au %(mobile)s : %(cause)s.") % {"mobile": masked_mobile(to), "cause": cause.label}
        for to, cause in refused
    ]
