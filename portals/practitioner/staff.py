"""Who comes through this door: staff. To others its pages do not exist."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from accounts.models import User
from accounts.sole_control import SignInAgain
from accounts.way_back import page_before
from appointments.models import Appointment
from documents.sharing.deliveries import attention_count
from patients.models import Patient
from portals.clock import set_clock
from portals.practitioner.practices import chosen, practices_of
from practices.models import Membership, Practice, Role
from practices.roles import is_staff_of_any, may_administer

P = ParamSpec("P")
R = TypeVar("R")


def staff_only(view: Callable[Concatenate[HttpRequest, User, P], R]) -> Callable[..., R | HttpResponse]:
    """Gives the view its signed-in member of staff; what needs a sign-in of a moment ago is a 401 with the way
    there. Other refusals are answered by portals.public.errors."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> R | HttpResponse:
        user = request.user
        if not isinstance(user, User) or not is_staff_of_any(user):
            raise Http404
        try:
            return view(request, user, *args, **kwargs)
        except SignInAgain as needed:
            context = frame(request, user, "", sentence=needed.sentence, back=page_before(request))
            return render(request, "practitioner/sign_in_again.html", context, status=401)

    return wrapped


def appointment_of(user: User, pk: uuid.UUID) -> Appointment:
    """With its practice's clock."""
    of_staff = Appointment.objects.of_staff(user).select_related(
        "practice", "patient", "agenda", "visit_reason", "holder"
    )
    found = get_object_or_404(of_staff, pk=pk)
    set_clock(found.practice)
    return found


def patient_of(user: User, pk: uuid.UUID) -> Patient:
    """With its practice's clock."""
    found = get_object_or_404(Patient.objects.of_staff(user).select_related("practice"), pk=pk)
    set_clock(found.practice)
    return found


def frame(
    request: HttpRequest, user: User, section: str, *, practice: Practice | None = None, **context: Any
) -> dict[str, Any]:
    """What the frame around every staff page needs; `practice` where the page is about something of its own one.

    The page shows that practice's time.
    """
    practices = practices_of(user)
    current = chosen(request, practices)
    set_clock(practice or current)
    return {
        "section": section,
        "practices": practices,
        "current_practice": current,
        "practice": practice or current,
        "here": request.path if request.method in ("GET", "HEAD") else "",
        "is_administrator": may_administer(user, current),
        "deliveries_count": attention_count(user, current),
        "is_practitioner": Membership.objects.held_by(user, Role.PRACTITIONER).exists(),
        **context,
    }
