"""The free times of the chosen agenda and reason, which the forms that book, move and reinstate show first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from appointments.models import Agenda, VisitReason
from appointments.staff_times import FreeDay, free_days
from portals.days import day_of
from portals.practitioner.forms import FormOfPlace

DAYS_SHOWN = 4
LOOKS_ON = {"times_from", "pick", "change"}  # buttons that show the form again with other times, and do nothing else


@dataclass(frozen=True)
class FreeTimes:
    """`days`: none if nothing is free within eight weeks. `chosen`: the time in the form, as its field writes it.
    `first`: the day asked for, "" for today;
    `later`: the first day of the next list, "" if there is none."""

    days: list[FreeDay]
    chosen: str
    first: str
    later: str
    is_later: bool

    @property
    def next(self) -> datetime | None:
        return self.days[0].times[0] if self.days else None


def free_times_shown(
    agenda: Agenda | None, visit_reason: VisitReason | None, *, first: str = "", chosen: str = ""
) -> FreeTimes | None:
    """`first`: the first day to show ("2026-11-24"), "" for today. None while agenda or reason is not chosen, or if
    the one does not offer the other."""
    if agenda is None or visit_reason is None or not agenda.visit_reasons.filter(pk=visit_reason.pk).exists():
        return None
    day: date | None = day_of(first)
    days = free_days(agenda, visit_reason, first=day, days=DAYS_SHOWN + 1)
    later = days[DAYS_SHOWN].day.isoformat() if len(days) > DAYS_SHOWN else ""
    return FreeTimes(days[:DAYS_SHOWN], chosen, first if day else "", later, is_later=day is not None)


def typed_moment(moment: object) -> str:
    """A time as the form's field writes it, from its initial value or from what was typed."""
    return f"{moment:%Y-%m-%dT%H:%M}" if isinstance(moment, datetime) else str(moment or "")


def shown_again(request: HttpRequest) -> dict[str, Any] | None:
    """What was typed, if a button of LOOKS_ON was pressed: for the `initial` of a form that is shown again."""
    if not LOOKS_ON & request.POST.keys():
        return None
    picked = {"starts_at": request.POST["pick"]} if "pick" in request.POST else {}
    return request.POST.dict() | picked


def free_times_of(request: HttpRequest, form: FormOfPlace, *, url: str = "") -> dict[str, Any]:
    """For _free_times.html. `url`: answers its buttons, if the page that is asked for does not."""
    agenda, visit_reason, first = form.chosen("agenda"), form.chosen("visit_reason"), first_day(request)
    found = free_times_shown(agenda, visit_reason, first=first, chosen=typed_moment(form["starts_at"].value()))
    return {"free_times": found, "first_day": first, "times_url": url or request.path}


def free_times_answer(request: HttpRequest, form: FormOfPlace) -> HttpResponse:
    """What a script puts in the place of the times shown so far."""
    return render(request, "practitioner/_free_times_answer.html", free_times_of(request, form))


def first_day(request: HttpRequest) -> str:
    """The day that a button asked for, or that was open in the agenda; anything else is today."""
    if request.method != "POST":
        return request.GET.get("start", "")[:10]
    return request.POST.get("times_from") or request.POST.get("shown_from", "")
