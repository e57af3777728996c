"""The slot that this browser holds while its visitor opens an account."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.http import HttpRequest
from django.utils import timezone

from appointments.models import Agenda, SlotHold
from patients.models import SignUp

SESSION_KEY = "joining"  # "hold", and once typed "sign_up" and "who" (appointments.models.BookedFor)


def hold_of(request: HttpRequest) -> SlotHold | None:
    """The hold of this session, even if its ten minutes have passed."""
    named = request.session.get(SESSION_KEY, {}).get("hold")
    if not named:
        return None
    return SlotHold.objects.select_related("agenda__practice", "visit_reason").filter(pk=named).first()


def hold_id(request: HttpRequest) -> uuid.UUID | None:
    held = hold_of(request)
    return held.pk if held else None


def held_until(request: HttpRequest, agenda: Agenda, start: datetime) -> datetime | None:
    """Until when this visitor holds this very slot, on the practice's clock; None if they do not."""
    held = hold_of(request)
    if held is None or (held.agenda_id, held.starts_at) != (agenda.pk, start) or held.expires_at <= timezone.now():
        return None
    return timezone.localtime(held.expires_at, agenda.practice.zone)


def sign_up_of(request: HttpRequest) -> SignUp | None:
    """What this visitor typed, while it may still open an account."""
    named = request.session.get(SESSION_KEY, {}).get("sign_up")
    return SignUp.objects.live().select_related("practice").filter(pk=named).first() if named else None
