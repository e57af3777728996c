"""My appointments: see, move, cancel, put in a calendar."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
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
from appointments.booking_limits import BookingLimit
from appointments.calendar import icalendar_of
from appointments.instructions import instructions_of
from appointments.models import Appointment, AppointmentStatus
from appointments.models.appointment import AppointmentQuerySet
from appointments.online import (
    MovedMeanwhile,
    NotOnline,
    SlotTaken,
    TooLate,
    cancel_online,
    may_change_online,
    may_move_online,
    move_online,
)
from appointments.slots import free_slots, is_free
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
        "is_to_come": found.status == AppointmentStatus.BOOKED and found.ends_at > timezone.now(),
        "may_change": changes,
        "may_move": changes and may_move_online(found),
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
    """The free slots of the two weeks from now, a link each; then, from when to when, and the button that moves."""
    found = get_object_or_404(_mine(request), pk=pk, holder=cast("User", request.user))
    if not may_move_online(found):
        messages.error(request, _not_online() if may_change_online(found) else _too_late())
        return redirect("patient:appointment", pk=pk)
    sent = request.POST if request.method == "POST" else request.GET
    start = moment_of(sent.get("start"))
    if start is None:
        return _slots_to_move_to(request, found)
    shown = moment_of(request.POST.get("from"))
    if request.method == "POST" and (shown is None or found.starts_at in (shown, start)):
        return _move(request, found, start, shown)
    if shown is not None:
        messages.info(request, _moved_meanwhile())
        return redirect("patient:appointment", pk=pk)
    if not is_free(agenda=found.agenda, visit_reason=found.visit_reason, starts_at=start, moving=found):
        messages.error(request, _slot_taken())
        return redirect("patient:appointment-move", pk=pk)
    context = {"appointment": found, "start": timezone.localtime(start, found.practice.zone)}
    return render(request, "patient/appointments/move_confirm.html", context | {"section": "appointments"})


def _slots_to_move_to(request: HttpRequest, found: Appointment) -> HttpResponse:
    today = timezone.localdate(timezone=found.practice.zone)
    slots = free_slots(
        agenda=found.agenda,
        visit_reason=found.visit_reason,
        first=today,
        last=today + timedelta(days=DAYS_OFFERED),
        moving=found,
    )
    others = [slot for slot in slots if slot.start != found.starts_at]
    days = [(day, list(of_day)) for day, of_day in groupby(others, key=lambda slot: slot.start.date())]
    context = {"appointment": found, "days": days, "section": "appointments"}
    return render(request, "patient/appointments/move.html", context)


def _move(request: HttpRequest, found: Appointment, start: datetime, shown: datetime | None) -> HttpResponse:
    """Twice is once: where it is already, nothing is sent."""
    try:
        move_online(appointment=found, starts_at=start, by=cast("User", request.user), seen=shown)
    except MovedMeanwhile:  # in this very moment
        messages.info(request, _moved_meanwhile())
    except SlotTaken:
        messages.error(request, _slot_taken())
        return redirect("patient:appointment-move", pk=found.pk)
    except BookingLimit as limit:
        messages.error(request, limit.sentence)
    except TooLate:
        messages.error(request, _too_late())
    except NotOnline:
        messages.error(request, _not_online())
    else:
        messages.success(request, _("Le rendez-vous est déplacé."))
    return redirect("patient:appointment", pk=found.pk)


def _moved_meanwhile() -> str:
    return _("Ce rendez-vous a changé d’heure entre-temps : voici la nouvelle.")


def _slot_taken() -> str:
    return _("Ce créneau n’est plus libre. Choisissez-en un autre.")


def _not_online() -> str:
    return _("Ce rendez-vous ne se déplace plus en ligne : appelez le cabinet. Vous pouvez toujours l’annuler ici.")


def _mine(request: HttpRequest) -> AppointmentQuerySet:
    return visible_to_account(cast("User", request.user)).select_related(
        "practice", "agenda__practice", "visit_reason", "patient", "holder"
    )


def _too_late() -> str:
    return _("Il est trop tard pour changer ce rendez-vous en ligne : appelez le cabinet.")
