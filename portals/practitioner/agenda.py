"""The agenda: a time grid of a day with a column for each agenda, or of a week with a column for each day."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import User
from appointments.models import Agenda, Appointment
from portals.practitioner.agenda_columns import columns_of, draw, paper_of
from portals.practitioner.agenda_place import AgendaPlace, own, place_of
from portals.practitioner.practices import practice_of
from portals.practitioner.script_configs import agenda_config
from portals.practitioner.set_up_steps import noted, progress
from portals.practitioner.staff import frame, staff_only
from practices.models import Practice
from practices.roles import may_administer, may_share
from schema.composed import composed_once

MOST_UNFOLDED = 3  # columns that a telephone shows one below the other without being asked


@staff_only
@require_safe
def agenda(request: HttpRequest, user: User) -> HttpResponse:
    practice = practice_of(request, user)
    context = agenda_context(request, practice, user)
    if may_administer(user, practice):
        context["next_step"] = noted(request, practice, progress(practice, user))
    return render(request, "practitioner/agenda.html", frame(request, user, "agenda", **context))


def agenda_context(
    request: HttpRequest, practice: Practice, user: User, *, day: date | None = None, current: UUID | None = None
) -> dict[str, Any]:
    """The columns of the day or week in the address, or of `day`. `current`: the appointment whose panel is open."""
    place = place_of(request, practice, day=day)
    agendas = _agendas(practice, place)
    shown = place.chosen(agendas, user)
    books = may_share(user, practice)
    hours, columns, left_out = columns_of(practice, place, shown, with_gaps=books)
    draw(columns, books=books, with_agenda=place.by_week and len(shown) > 1, current=current)
    return {
        "practice": practice,
        "place": place,
        "agendas": agendas,
        "has_own": bool(own(agendas, user)),
        "books": books,
        "hours": hours,
        "columns": columns,
        "left_out": left_out,
        "folds": len(columns) > MOST_UNFOLDED,
        "shown_agendas": shown,
        "paper": paper_of(place, shown),
        "drag": agenda_config(),
    }


def _agendas(practice: Practice, place: AgendaPlace) -> list[Agenda]:
    """The open ones, and closed ones with appointments on these days."""
    start, end = (datetime.combine(day, time.min, practice.zone) for day in (place.days[0], place.next.days[0]))
    agendas = _open_or_booked(practice.pk, start, end)
    for one in agendas:
        one.practice = practice
    return agendas


@composed_once
def _open_or_booked(practice: UUID, start: datetime, end: datetime) -> QuerySet[Agenda]:
    booked = Appointment.objects.between(start, end, practice).values("agenda")
    return Agenda.objects.filter(practice=practice).filter(Q(is_active=True) | Q(pk__in=booked))
