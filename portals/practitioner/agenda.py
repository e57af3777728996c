"""The agenda: a day with a column for each agenda, or a week with a column for each day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.models import User
from appointments.models import Agenda, Appointment, Closing
from documents.models import SharedDocument
from documents.sharing import deliveries
from portals.days import day_of
from portals.practitioner.practices import practice_of
from portals.practitioner.staff import frame, staff_only
from practices.models import Practice


@dataclass
class Column:
    """One agenda of a day, or one day of a week."""

    heading: str | date
    is_today: bool
    appointments: list[Appointment]
    closings: list[Closing]


@staff_only
@require_safe
def agenda(request: HttpRequest, user: User) -> HttpResponse:
    context = agenda_context(request, practice_of(request, user))
    return render(request, "practitioner/agenda.html", frame(request, user, "agenda", **context))


def agenda_context(request: HttpRequest, practice: Practice, *, day: date | None = None) -> dict[str, Any]:
    """The columns of the day or week that the address asks for, or of `day`."""
    today = timezone.localdate(timezone=practice.zone)
    day = day or day_of(request.GET.get("date")) or today
    by_week = request.GET.get("view") == "week"
    step = timedelta(days=7 if by_week else 1)
    return {
        "practice": practice,
        "day": day,
        "today": today,
        "by_week": by_week,
        "columns": _week(practice, day, today) if by_week else _day(practice, day, today),
        "previous": day - step,
        "next": day + step,
    }


def _day(practice: Practice, day: date, today: date) -> list[Column]:
    found = list(_with_documents(practice, day, day + timedelta(days=1)))
    closings = _closings(practice, day, day + timedelta(days=1))
    agendas = Agenda.objects.filter(practice=practice).filter(
        Q(is_active=True) | Q(pk__in={one.agenda_id for one in found})
    )
    return [
        Column(
            agenda.name,
            day == today,
            [one for one in found if one.agenda_id == agenda.pk],
            [one for one in closings if one.closes(agenda)],
        )
        for agenda in agendas
    ]


def _week(practice: Practice, day: date, today: date) -> list[Column]:
    monday = day - timedelta(days=day.weekday())
    found = list(_with_documents(practice, monday, monday + timedelta(days=7)))
    days = [monday + timedelta(days=offset) for offset in range(7)]
    closings = [one for one in _closings(practice, monday, days[-1] + timedelta(days=1)) if one.whole_practice]
    columns = [
        Column(
            one,
            one == today,
            [a for a in found if a.local_start.date() == one],
            [c for c in closings if c.local_start.date() <= one and c.ends_at > _midnight(one, practice)],
        )
        for one in days
    ]
    return [column for column in columns if column.appointments or columns.index(column) < 5]


def _midnight(day: date, practice: Practice) -> datetime:
    return datetime.combine(day, time.min, practice.zone)


def _closings(practice: Practice, first: date, end: date) -> list[Closing]:
    inside = {"starts_at__lt": _midnight(end, practice), "ends_at__gt": _midnight(first, practice)}
    found = Closing.objects.filter(practice=practice, **inside)
    return list(found.select_related("practice").prefetch_related("agendas"))


def _with_documents(practice: Practice, first: date, end: date) -> list[Appointment]:
    """Appointments with what their icons tell: documents, unread ones, messages that failed."""
    found = Appointment.objects.between_days(first, end, practice).select_related(
        "practice", "patient", "visit_reason", "agenda"
    )
    unheard = deliveries.unheard(SharedDocument.objects.filter(practice=practice)).values("pk")
    return list(
        found.annotate(
            document_count=Count("shared_documents", distinct=True),
            unread_count=Count("shared_documents", filter=Q(shared_documents__first_read_at=None), distinct=True),
            failed_count=Count("shared_documents", filter=Q(shared_documents__in=unheard), distinct=True),
        ).order_by("starts_at", "id")
    )
