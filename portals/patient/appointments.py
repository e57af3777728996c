"""My appointments: see, move, cancel, put in a calendar."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from appointments.access import visible_to_account
from appointments.calendar import icalendar_of
from appointments.history import cancelled_by_practice
from appointments.instructions import instructions_of
from appointments.models import Appointment, AppointmentKind, AppointmentStatus
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
from appointments.slots import is_free, open_to_online_booking
from portals.answers import refusals_told
from portals.days import day_of, moment_of
from portals.patient.slot_week import slot_week

PAST_SHOWN = 50


@dataclass(frozen=True)
class Line:
    """An appointment as a list shows it."""

    appointment: Appointment
    is_cancelled_by_practice: bool
    book_again_url: str  # "" unless it was cancelled and can be booked anew online

    @property
    def is_called_off(self) -> bool:
        return _is_called_off(self.appointment)


@require_safe
def my_appointments(request: HttpRequest) -> HttpResponse:
    found, now = _mine(request), timezone.now()
    context = {
        "upcoming": _lines(found.filter(starts_at__gt=now).order_by("starts_at")),
        "past": _lines(found.filter(starts_at__lte=now).order_by("-starts_at")[:PAST_SHOWN]),
        "section": "appointments",
    }
    return render(request, "patient/appointments/list.html", context)


@require_safe
def appointment(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    found = get_object_or_404(_mine(request), pk=pk)
    changes = found.holder_id == request.user.pk and may_change_online(found)
    context = {
        "appointment": found,
        "line": _lines([found])[0],
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
    with refusals_told(request):
        cancel_online(appointment=found, by=cast("User", request.user))
        messages.success(request, _("Le rendez-vous est annulé."))
        return redirect("patient:appointments")
    return redirect("patient:appointment", pk=pk)


@require_http_methods(["GET", "HEAD", "POST"])
def move(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The free slots of a week, a link each; then, from when to when, and the button that moves."""
    found = get_object_or_404(_mine(request), pk=pk, holder=cast("User", request.user))
    if found.status == AppointmentStatus.CANCELLED:  # meanwhile: its page says so, and what to do
        return redirect("patient:appointment", pk=pk)
    if not may_move_online(found):
        messages.error(request, str((NotOnline if may_change_online(found) else TooLate).words))
        return redirect("patient:appointment", pk=pk)
    sent = request.POST if request.method == "POST" else request.GET
    start = moment_of(sent.get("start"))
    if start is None:
        return _slots_to_move_to(request, found)
    shown = moment_of(request.POST.get("from"))
    if request.method == "POST" and (shown is None or found.starts_at in (shown, start)):
        return _move(request, found, start, shown)
    if shown is not None:
        messages.info(request, str(MovedMeanwhile.words))
        return redirect("patient:appointment", pk=pk)
    if not is_free(agenda=found.agenda, visit_reason=found.visit_reason, starts_at=start, moving=found):
        messages.error(request, str(SlotTaken.words))
        return redirect("patient:appointment-move", pk=pk)
    context = {"appointment": found, "start": timezone.localtime(start, found.practice.zone)}
    return render(request, "patient/appointments/move_confirm.html", context | {"section": "appointments"})


def _slots_to_move_to(request: HttpRequest, found: Appointment) -> HttpResponse:
    week = slot_week(
        agenda=found.agenda,
        visit_reason=found.visit_reason,
        first=day_of(request.GET.get("from")),
        moving=found,
    )
    context = {"appointment": found, "week": week, "section": "appointments"}
    return render(request, "patient/appointments/move.html", context)


def _move(request: HttpRequest, found: Appointment, start: datetime, shown: datetime | None) -> HttpResponse:
    """Twice is once: where it is already, nothing is sent."""
    with refusals_told(request) as told:
        move_online(appointment=found, starts_at=start, by=cast("User", request.user), seen=shown)
        messages.success(request, _("Le rendez-vous est déplacé."))
    page = "patient:appointment-move" if isinstance(told.refusal, SlotTaken) else "patient:appointment"
    return redirect(page, pk=found.pk)


def _mine(request: HttpRequest) -> AppointmentQuerySet:
    return visible_to_account(cast("User", request.user)).select_related(
        "practice", "agenda__practice", "visit_reason", "patient", "holder"
    )


def _lines(found: Iterable[Appointment]) -> list[Line]:
    appointments = list(found)
    by_practice = cancelled_by_practice(appointments)
    return [Line(one, one.pk in by_practice, _book_again_url(one)) for one in appointments]


def _is_called_off(appointment: Appointment) -> bool:
    """Cancelled, and its time is still to come: one may want another."""
    return appointment.status == AppointmentStatus.CANCELLED and appointment.starts_at > timezone.now()


def _book_again_url(appointment: Appointment) -> str:
    """Where an appointment like one that was called off is booked; "" if that is not possible online."""
    kind = AppointmentKind(appointment.kind)
    if not _is_called_off(appointment) or not open_to_online_booking(
        appointment.agenda, appointment.visit_reason, kind
    ):
        return ""
    return reverse("patient:book-slots", args=[appointment.agenda_id, appointment.visit_reason_id, kind.value])
