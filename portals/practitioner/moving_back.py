"""Offers to move an appointment back, on the page that follows its move in the agenda's grid."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.http import HttpRequest

from appointments.models import Appointment

MOVED = "moved"  # in the session, until the agenda is shown
FORM = "%Y-%m-%dT%H:%M"  # of a form's field, on the practice's clock


def offer_moving_back(request: HttpRequest, moved: Appointment, starts_at: datetime, agenda: uuid.UUID) -> None:
    """The next page with the agenda has a button that moves it back, by a move like any other."""
    request.session[MOVED] = {
        "pk": str(moved.pk),
        "starts_at": starts_at.strftime(FORM),
        "was": moved.starts_at.isoformat(),
        "agenda": str(agenda),
    }


def moving_back(request: HttpRequest) -> dict[str, str] | None:
    """What the button needs, once."""
    found: dict[str, str] | None = request.session.pop(MOVED, None)
    return found
