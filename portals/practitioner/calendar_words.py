"""The state of a followed calendar in words, for its pages and for *Suivi*."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from imports.models import CalendarStage, CalendarSubscription, ItemState
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


def count_in_step(one: CalendarSubscription) -> str:
    count = one.items.filter(state=ItemState.FOLLOWED, appointment__isnull=False).count()
    return ngettext("%(count)s rendez-vous suivi", "%(count)s rendez-vous suivis", count) % {"count": count}


def waiting_calendars(practice: Practice) -> list[tuple[CalendarSubscription, CalendarState]]:
    """Those that staff must see to."""
    calendars = CalendarSubscription.objects.filter(practice=practice).needing_attention()
    return [(one, state_of(one)) for one in calendars]
