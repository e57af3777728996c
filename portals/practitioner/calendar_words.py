"""The state of a followed calendar in words, for its pages and for *Suivi*."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from imports.models import CalendarItem, CalendarStage, CalendarSubscription, ItemState
from practices.models import Practice


@dataclass(frozen=True)
class CalendarState:
    """`mood`: good, wait, bad or soft, for the icon and the colour. `error`: what the last reading failed of."""

    words: str
    mood: str
    icon: str
    error: str = ""


def state_of(one: CalendarSubscription) -> CalendarState:
    error = _(one.last_error) if one.last_error else ""
    if one.paused_at is not None:
        if error:
            return CalendarState(_("Lecture arrêtée"), "bad", "x-circle", error)
        return CalendarState(_("Lecture suspendue"), "soft", "pause-circle")
    if one.held_at is not None:
        return CalendarState(
            _("Des annulations ou des déplacements attendent votre réponse"), "wait", "exclamation-triangle", error
        )
    if error:
        return CalendarState(_("La dernière lecture a échoué"), "bad", "exclamation-triangle", error)
    if one.stage == CalendarStage.CHECKING:
        return CalendarState(_("Première lecture en cours"), "wait", "clock")
    if one.stage == CalendarStage.CHECKED:
        return CalendarState(_("Vérifié, pas encore activé"), "wait", "clock")
    if one.last_read_at is None:
        return CalendarState(_("Lecture en cours"), "wait", "clock")
    return CalendarState(_("Suivi"), "good", "check-circle")


def counts_in_step(calendars: Iterable[CalendarSubscription]) -> dict[UUID, str]:
    """By id, how many appointments follow each of these calendars."""
    ids = [one.pk for one in calendars]
    followed = CalendarItem.objects.filter(subscription__in=ids, state=ItemState.FOLLOWED, appointment__isnull=False)
    counts = dict(followed.order_by().values_list("subscription").annotate(Count("pk")))
    return {pk: _in_step(counts.get(pk, 0)) for pk in ids}


def _in_step(count: int) -> str:
    return ngettext("%(count)s rendez-vous suivi", "%(count)s rendez-vous suivis", count) % {"count": count}


def waiting_calendars(practice: Practice) -> list[tuple[CalendarSubscription, CalendarState]]:
    """Those that staff must see to."""
    calendars = CalendarSubscription.objects.filter(practice=practice).needing_attention()
    return [(one, state_of(one)) for one in calendars]
