"""Which part of the agenda a page shows: the day, the view, the agendas; and the addresses beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from accounts.models import User
from appointments.models import Agenda
from portals.days import day_of
from practices.models import Practice

WEEK = "week"
MINE = "mine"
DAYS_OF_A_WEEK = 7


@dataclass(frozen=True)
class AgendaPlace:
    """`only`: "" for all agendas, "mine", or the id of one."""

    day: date
    today: date
    by_week: bool
    only: str

    @property
    def days(self) -> list[date]:
        if not self.by_week:
            return [self.day]
        monday = self.day - timedelta(days=self.day.weekday())
        return [monday + timedelta(days=offset) for offset in range(DAYS_OF_A_WEEK)]

    @property
    def query(self) -> str:
        asked = {"date": self.day.isoformat(), "view": WEEK if self.by_week else "", "agenda": self.only}
        return urlencode({name: value for name, value in asked.items() if value})

    @property
    def address(self) -> str:
        return f"{reverse('practitioner:agenda')}?{self.query}"

    @property
    def documents_address(self) -> str:
        """The page that sends documents for the appointments of its day."""
        asked = {"date": self.day.isoformat(), "agenda": self.only}
        query = urlencode({name: value for name, value in asked.items() if value})
        return f"{reverse('practitioner:day-documents')}?{query}"

    @property
    def previous(self) -> AgendaPlace:
        return replace(self, day=self.day - self._step)

    @property
    def next(self) -> AgendaPlace:
        return replace(self, day=self.day + self._step)

    @property
    def now(self) -> AgendaPlace:
        return replace(self, day=self.today)

    @property
    def as_day(self) -> AgendaPlace:
        return replace(self, by_week=False)

    @property
    def as_week(self) -> AgendaPlace:
        return replace(self, by_week=True)

    @property
    def _step(self) -> timedelta:
        return timedelta(days=DAYS_OF_A_WEEK if self.by_week else 1)

    def chosen(self, agendas: Sequence[Agenda], user: User) -> list[Agenda]:
        """The agendas to show: all if the choice names none of them (a closed agenda; one's own, without any)."""
        chosen = own(agendas, user) if self.only == MINE else [one for one in agendas if str(one.pk) == self.only]
        return chosen or list(agendas)


def place_of(request: HttpRequest, practice: Practice, *, day: date | None = None) -> AgendaPlace:
    """What the address asks for; `day` in place of its date."""
    today = timezone.localdate(timezone=practice.zone)
    return AgendaPlace(
        day=day or day_of(request.GET.get("date")) or today,
        today=today,
        by_week=request.GET.get("view") == WEEK,
        only=_only(request.GET.get("agenda", "")),
    )


def own(agendas: Sequence[Agenda], user: User) -> list[Agenda]:
    return [one for one in agendas if one.practitioner_id == user.pk]


def _only(asked: str) -> str:
    if asked == MINE:
        return MINE
    try:
        return str(UUID(asked))
    except ValueError:
        return ""
