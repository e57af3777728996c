"""Who comes through this door: staff. To others its pages do not exist."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from accounts.models import Role, User
from accounts.models.practice import Membership
from accounts.roles import NotAllowed, is_staff_of_any
from appointments.models import Appointment

P = ParamSpec("P")
R = TypeVar("R")


def staff_only(view: Callable[Concatenate[HttpRequest, User, P], R]) -> Callable[..., R]:
    """Gives the view its signed-in member of staff; a refused function is a 403 with its sentence."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> R:
        user = request.user
        if not isinstance(user, User) or not is_staff_of_any(user):
            raise Http404
        try:
            return view(request, user, *args, **kwargs)
        except NotAllowed as refusal:
            messages.error(request, refusal.sentence)
            raise PermissionDenied(refusal.sentence) from refusal

    return wrapped


def appointment_of(user: User, pk: uuid.UUID) -> Appointment:
    found = Appointment.objects.of_staff(user).select_related(
        "practice", "patient", "agenda", "visit_reason", "holder"
    )
    return get_object_or_404(found, pk=pk)


def frame(user: User, section: str, **context: Any) -> dict[str, Any]:
    """What the frame around every staff page needs."""
    return {
        "section": section,
        "is_administrator": Membership.objects.held_by(user, Role.ADMIN).exists(),
        "is_practitioner": Membership.objects.held_by(user, Role.PRACTITIONER).exists(),
        **context,
    }
