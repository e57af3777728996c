"""Sentences about appointments that were booked together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from appointments.models import Appointment
from notifications.wording import long_day, of
from portals.practitioner.notice_words import nobody_is_notified


@dataclass(frozen=True)
class Companions:
    """What the panel of one of them shows: its place ("3e de 10"), all of them, and how many stand from it on."""

    place: str
    every: list[Appointment]
    following: int


def place_in_series(rank: int, count: int) -> str:
    if rank == 1:
        return _("1er de %(count)d") % {"count": count}
    return _("%(rank)de de %(count)d") % {"rank": rank, "count": count}


def companions_shown(appointment: Appointment, every: list[Appointment], following: int) -> Companions | None:
    if not every:
        return None
    rank = [one.pk for one in every].index(appointment.pk) + 1
    return Companions(place_in_series(rank, len(every)), every, following)


def series_booked_sentence(made: Sequence[Appointment], notice: str) -> str:
    """`notice`: who is told, "" if no message leaves."""
    first, last = made[0], made[-1]
    sentence = ngettext(
        "%(count)d rendez-vous %(of_name)s est pris, le %(first)s.",
        "%(count)d rendez-vous %(of_name)s sont pris, du %(first)s au %(last)s.",
        len(made),
    ) % {
        "count": len(made),
        "of_name": of(first.patient.full_name),
        "first": long_day(first.local_start),
        "last": long_day(last.local_start),
    }
    return f"{sentence} {notice or nobody_is_notified(first)}"


def series_cancelled_sentence(cancelled: Sequence[Appointment], notice: str) -> str:
    first = cancelled[0]
    sentence = ngettext(
        "%(count)d rendez-vous %(of_name)s est annulé.",
        "%(count)d rendez-vous %(of_name)s sont annulés.",
        len(cancelled),
    ) % {"count": len(cancelled), "of_name": of(first.patient.full_name)}
    return f"{sentence} {notice or nobody_is_notified(first)}"
