"""What is being booked online, and the page for a slot that is no longer free."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from appointments.models import Agenda, Appointment, AppointmentKind, VisitReason
from appointments.slots import Slot, next_free, open_to_online_booking
from portals.clock import set_clock


@dataclass(frozen=True)
class Choice:
    """What is being booked."""

    agenda: Agenda
    visit_reason: VisitReason
    kind: AppointmentKind

    def url(self, name: str, **query: str) -> str:
        path = reverse(f"patient:{name}", args=[self.agenda.pk, self.visit_reason.pk, self.kind.value])
        return f"{path}?{urlencode(query)}" if query else path


def choice_of(agenda: uuid.UUID, reason: uuid.UUID, kind: str) -> Choice:
    """Sets the clock to the practice's. Raises Http404 for what cannot be booked online."""
    chosen = get_object_or_404(Agenda.objects.select_related("practice"), pk=agenda)
    visit_reason = get_object_or_404(VisitReason, pk=reason, practice=chosen.practice_id)
    if kind not in AppointmentKind.values or not open_to_online_booking(chosen, visit_reason, AppointmentKind(kind)):
        raise Http404
    set_clock(chosen.practice)
    return Choice(chosen, visit_reason, AppointmentKind(kind))


def following(choice: Choice, start: datetime) -> list[Slot]:
    return next_free(agenda=choice.agenda, visit_reason=choice.visit_reason, after=max(start, timezone.now()))


def taken_page(
    request: HttpRequest,
    choice: Choice,
    slots: list[Slot],
    *,
    own: Sequence[Appointment] = (),
    was_held: bool = False,
) -> HttpResponse:
    """Somebody else booked it first: offers the next free slots. `own`: what the account itself has booked at this
    time. `was_held`: this visitor held it, and staff gave it to somebody else."""
    context = {
        "own": own,
        "was_held": was_held,
        "choice": choice,
        "slots": [(slot, choice.url("book-whom", start=slot.start.isoformat())) for slot in slots],
        "all_url": choice.url("book-slots"),
        "hold_url": choice.url("book-hold"),
        "section": "book",
    }
    return render(request, "patient/booking/taken.html", context, status=409)
