"""My appointments: see, move, cancel, put in a calendar."""

from __future__ import annotations

import uuid
from datetime import timedelta
from itertools import groupby
from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from appointments.access import visible_to_account
from appointments.calendar import icalendar_of
from appointments.instructions import instructions_of
from appointments.models.appointment import AppointmentQuerySet
from appointments.online import SlotTaken, TooLate, cancel_online, may_change_online, move_online
from appointments.slots import free_slots
from portals.days import moment_of

PAST_SHOWN = 50
DAYS_OFFERED = 14


@require_safe
def my_appointments(request: HttpRequest) -> HttpResponse:
    found = _mine(request)
    context = {
        "upcoming": found.upcoming().order_by("starts_at"),
        "past": found.filter(starts_at__lte=timezone.now()).order_by("-starts_at")[:PAST_SHOWN],
        "section": "appointments",
    }
    return render(request, "patient/appointments/list.html", context)


@require_safe
def appointment(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    found = get_object_or_404(_mine(request), pk=pk)
    changes = found.holder_id == request.user.pk and may_change_online(found)
    context = {
        "appointment": found,
        "may_change": changes,
        "instructions": instructions_of(found),
        "section": "appointments",
    }
    return render(request, "patient/appointments/appointment.html", context)


@require_safe
def calendar_file(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    response = HttpResponse(icalendar_of(get_object_or_404(_mine(request), pk=pk)), content_type="text/calendar")
    response["Content-Disposition"] = 'attachment; filename="rendez-vous.ics"'
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    found = get_object_or_404(_mine(request), pk=pk, holder=cast("User", request.user))
    if request.method != "POST":
        context = {"appointment": found, "may_change": may_change_online(found), "section": "appointments"}
        return render(request, "patient/appointments/cancel.html", context)
    try:
        cancel_online(appointment=found, by=cast("User", request.user))
    except TooLate:
        messages.error(request, _too_late())
        return redirect("patient:appointment", pk=pk)
    messages.success(request, _("Le rendez-vous est annulé."))
    return redirect("patient:appointments")


@require_http_methods(["GET", "HEAD", "POST"])
def move(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The free slots of the two weeks from now; a button each."""
    found = get_object_or_404(_mine(request), pk=pk, holder=cast("User", request.user))
    if not may_change_online(found):
        messages.error(request, _too_late())
        return redirect("patient:appointment", pk=pk)
    if request.method == "POST" and (start := moment_of(request.POST.get("start"))):
        try:
            move_online(appointment=found, starts_at=start, by=cast("User", request.user))
        except SlotTaken:
            messages.error(request, _("Ce créneau vient d’être pris. Choisissez-en un autre."))
        except TooLate:
            messages.error(request, _too_late())
        else:
            messages.success(request, _("Le rendez-vous est déplacé."))
        return redirect("patient:appointment", pk=pk)
    today = timezone.localdate(timezone=found.practice.zone)
    slots = free_slots(
        agenda=found.agenda,
        visit_reason=found.visit_reason,
        first=today,
        last=today + timedelta(days=DAYS_OFFERED),
        moving=found,
    )
    days = [(day, list(of_day)) for day, of_day in groupby(slots, key=lambda slot: slot.start.date())]
    context = {"appointment": found, "days": days, "section": "appointments"}
    return render(request, "patient/appointments/move.html", context)


def _mine(request: HttpRequest) -> AppointmentQuerySet:
    return visible_to_account(cast("User", request.user)).select_related(
        "practice", "agenda__practice", "visit_reason", "patient", "holder"
    )


def _too_late() -> str:
    return _("Il est trop tard pour changer ce rendez-vous en ligne : appelez le cabinet.")
