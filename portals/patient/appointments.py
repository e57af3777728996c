"""My appointments: see, move, cancel, put in a calendar."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from appointments.access import visible_to_account
from appointments.calendar import icalendar_of
from appointments.former_access import practice_of_former_appointment, practices_of_former_appointments
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
from documents.receiving.access import requests_around
from documents.receiving.sending import may_send_unasked
from documents.sharing.access import visible_as_recipient
from portals.answers import done, not_done, refusals_shown
from portals.clock import set_clock
from portals.days import day_of, moment_of
from portals.pagination import list_page
from portals.patient.no_longer import no_longer_shown
from portals.patient.notice_words import (
    cancelled_sentence,
    future_notices_to_you,
    moved_sentence,
    sent_notices_to_you,
)
from portals.patient.requests import SHOWN
from portals.patient.slot_week import slot_week

PAST_SHOWN = 50


@dataclass(frozen=True)
class Line:
    """An appointment in a list."""

    appointment: Appointment
    is_cancelled_by_practice: bool
    book_again_url: str  # "" unless it was cancelled and can be booked again online

    @property
    def is_called_off(self) -> bool:
        return _is_called_off(self.appointment)


View = Callable[[HttpRequest, Appointment], HttpResponse]
ViewOfId = Callable[[HttpRequest, uuid.UUID], HttpResponse]


def _mine(request: HttpRequest) -> AppointmentQuerySet:
    return visible_to_account(cast("User", request.user)).select_related(
        "practice", "agenda__practice", "visit_reason", "patient", "holder"
    )


def _of_account(view: View) -> ViewOfId:
    """Find the appointment that the account sees, and show its practice's time on the page.

    An account that had the appointment once gets a page with whom to ask; every other account a 404, as for an
    appointment that never existed.
    """

    @wraps(view)
    def find(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        found = _mine(request).filter(pk=pk).first()
        if found is not None:
            set_clock(found.practice)
            return view(request, found)
        practice = practice_of_former_appointment(cast("User", request.user), pk)
        return no_longer_shown(
            request, practice, template="patient/appointments/no_longer.html", section="appointments"
        )

    return find


def _to_change(view: View) -> ViewOfId:
    """As _of_account, for its holder alone: only the account that booked it can change it online. If it is cancelled,
    perhaps meanwhile, redirect to its page, which says so and what to do."""

    @_of_account
    @wraps(view)
    def check(request: HttpRequest, found: Appointment) -> HttpResponse:
        if found.holder_id != request.user.pk:
            raise Http404
        if found.status == AppointmentStatus.CANCELLED:
            return not_done("patient:appointment", pk=found.pk)
        return view(request, found)

    return check


@require_safe
def my_appointments(request: HttpRequest) -> HttpResponse:
    """Lists: to come; cancelled before their time; past, cancelled or not."""
    mine, now = _mine(request), timezone.now()
    ahead = mine.filter(starts_at__gt=now).order_by("starts_at")
    upcoming = _lines(ahead.filter(status=AppointmentStatus.BOOKED))
    context = {
        "upcoming": upcoming,
        "formerly": practices_of_former_appointments(cast("User", request.user)) if not upcoming else [],
        "cancelled": _lines(ahead.filter(status=AppointmentStatus.CANCELLED)),
        "past": _lines(mine.filter(starts_at__lte=now).order_by("-starts_at")[:PAST_SHOWN]),
        "section": "appointments",
    }
    return render(request, "patient/appointments/list.html", context)


@require_safe
@_of_account
def appointment(request: HttpRequest, found: Appointment) -> HttpResponse:
    changes = found.holder_id == request.user.pk and may_change_online(found)
    context = {
        "appointment": found,
        "line": _lines([found])[0],
        "is_to_come": found.status == AppointmentStatus.BOOKED and found.ends_at > timezone.now(),
        "sends_documents": may_send_unasked(cast("User", request.user), found),
        "may_change": changes,
        "may_move": changes and may_move_online(found),
        "instructions": instructions_of(found),
        "requests": list_page(
            request, requests_around(cast("User", request.user), found), rows=SHOWN, anchor="requests"
        ),
        "section": "appointments",
    }
    return render(request, "patient/appointments/appointment.html", context)


@require_safe
@_of_account
def calendar_file(request: HttpRequest, found: Appointment) -> HttpResponse:
    response = HttpResponse(icalendar_of(found), content_type="text/calendar")
    response["Content-Disposition"] = 'attachment; filename="rendez-vous.ics"'
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@_to_change
def cancel(request: HttpRequest, found: Appointment) -> HttpResponse:
    if request.method != "POST":
        user = cast("User", request.user)
        context = {
            "appointment": found,
            "may_change": may_change_online(found),
            "documents": visible_as_recipient(user).filter(appointment=found).count(),
            "leaves": future_notices_to_you(found, user=user),
            "section": "appointments",
        }
        return render(request, "patient/appointments/cancel.html", context)
    with refusals_shown(request):
        user, since = cast("User", request.user), timezone.now()
        cancelled = cancel_online(appointment=found, by=user)
        leaves = sent_notices_to_you(cancelled, user=user, since=since)
        messages.success(request, f"{cancelled_sentence(cancelled)} {leaves}")
        return done("patient:appointments")
    return not_done("patient:appointment", pk=found.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@_to_change
def move(request: HttpRequest, found: Appointment) -> HttpResponse:
    """Shows the free slots of a week, a link each; then the old and the new time, with the button that moves."""
    if not may_move_online(found):
        messages.error(request, str((NotOnline if may_change_online(found) else TooLate).words))
        return not_done("patient:appointment", pk=found.pk)
    sent = request.POST if request.method == "POST" else request.GET
    start = moment_of(sent.get("start"))
    if start is None:
        return _slots_to_move_to(request, found)
    shown = moment_of(request.POST.get("from"))
    if request.method == "POST" and (shown is None or found.starts_at in (shown, start)):
        return _move(request, found, start, shown)
    return _confirm_move(request, found, start, moved_meanwhile=shown is not None)


def _confirm_move(
    request: HttpRequest, found: Appointment, start: datetime, *, moved_meanwhile: bool
) -> HttpResponse:
    """The old and the new time, with the button that moves; or a redirect with the reason why not."""
    already_there = found.starts_at == start  # after going back, or in another tab
    if moved_meanwhile or already_there:
        words = MovedMeanwhile.words if moved_meanwhile else _("Le rendez-vous est déjà à cette heure.")
        messages.info(request, str(words))
        return not_done("patient:appointment", pk=found.pk)
    if not is_free(agenda=found.agenda, visit_reason=found.visit_reason, starts_at=start, moving=found):
        messages.error(request, str(SlotTaken.words))
        return not_done("patient:appointment-move", pk=found.pk)
    context = {
        "appointment": found,
        "start": timezone.localtime(start, found.practice.zone),
        "leaves": future_notices_to_you(found, user=cast("User", request.user), moving_to=start),
    }
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
    """Repeating it is harmless: if the appointment has this time already, nothing is sent."""
    with refusals_shown(request) as refusal:
        user, since, is_elsewhere = cast("User", request.user), timezone.now(), found.starts_at != start
        moved = move_online(appointment=found, starts_at=start, by=user, seen=shown)
        sentence = moved_sentence(moved)
        leaves = [sent_notices_to_you(moved, user=user, since=since)] if is_elsewhere else []
        messages.success(request, " ".join([sentence, *leaves]))
    page = "patient:appointment-move" if isinstance(refusal.refusal, SlotTaken) else "patient:appointment"
    return refusal.redirect(page, pk=found.pk)


def _lines(found: Iterable[Appointment]) -> list[Line]:
    appointments = list(found)
    by_practice = cancelled_by_practice(appointments)
    return [Line(one, one.pk in by_practice, _book_again_url(one)) for one in appointments]


def _is_called_off(appointment: Appointment) -> bool:
    """Whether it was cancelled and its time is still to come: the patient may want another."""
    return appointment.status == AppointmentStatus.CANCELLED and appointment.starts_at > timezone.now()


def _book_again_url(appointment: Appointment) -> str:
    """The address to book a replacement for a cancelled appointment; "" if that is not possible online."""
    kind = AppointmentKind(appointment.kind)
    if not _is_called_off(appointment) or not open_to_online_booking(
        appointment.agenda, appointment.visit_reason, kind
    ):
        return ""
    return reverse("patient:book-slots", args=[appointment.agenda_id, appointment.visit_reason_id, kind.value])
