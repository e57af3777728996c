"""The access check of the staff portal. For others its pages do not exist."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from accounts.models import User
from accounts.return_pages import return_page
from accounts.sole_control import SignInAgain
from appointments.finding import found_by_staff
from appointments.finding import practices_of as ids_of_practices
from appointments.models import Appointment
from patients.models import Patient
from portals.answers import not_done
from portals.clock import set_clock
from portals.practitioner.practices import chosen, practices_of
from portals.practitioner.rail_counts import counts_of, forget_counts
from portals.practitioner.set_up_steps import strip
from portals.practitioner.suspended import suspended_page
from portals.practitioner.undo_offer import undo_offered
from practices.models import Practice, Role
from practices.roles import PracticeSuspended, is_staff_of_any, may_administer, require_staff
from schema.composed import composed_once

Find = Callable[[User, uuid.UUID], Appointment | None]
P = ParamSpec("P")
R = TypeVar("R")
# Sections that list what the rail counts, by its name there.
LISTED = {"deliveries": "deliveries", "to-sign": "to_sign", "received": "received"}


def staff_only(view: Callable[Concatenate[HttpRequest, User, P], R]) -> Callable[..., R | HttpResponse]:
    """Passes the signed-in member of staff to the view. If a recent sign-in is required, answers 401 with the address
    to sign in. portals.public.errors answers other refusals."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> R | HttpResponse:
        user = request.user
        try:
            works = isinstance(user, User) and require_staff(user)
        except PracticeSuspended as refused:
            return suspended_page(request, refused)
        if not isinstance(user, User) or not works:
            if isinstance(user, User) and user.is_superuser and request.path == reverse("practitioner:agenda"):
                return not_done("home")  # an operator without a practice, on the way to their own pages
            raise Http404
        try:
            return view(request, user, *args, **kwargs)
        except SignInAgain as needed:
            context = frame(request, user, "", sentence=needed.sentence, back=return_page(request))
            return render(request, "practitioner/sign_in_again.html", context, status=401)
        finally:
            if request.method not in ("GET", "HEAD"):
                forget_counts(user)

    return wrapped


def appointment_of(user: User, pk: uuid.UUID, *, find: Find = found_by_staff) -> Appointment:
    """The appointment; activates its practice's time zone. `find`: reads more with it. Raises Http404."""
    found = find(user, pk)
    if found is None:
        raise Http404
    if found.patient.practice_id == found.practice_id:
        found.patient.practice = found.practice
    set_clock(found.practice)
    return found


def patient_of(user: User, pk: uuid.UUID) -> Patient:
    """The record; activates its practice's time zone. Raises Http404."""
    patient = next(iter(_record(ids_of_practices(user), pk)), None)
    if patient is None:
        raise Http404
    set_clock(patient.practice)
    return patient


@composed_once
def _record(practices: tuple[uuid.UUID, ...], pk: uuid.UUID) -> QuerySet[Patient]:
    return Patient.objects.filter(practice__in=practices, pk=pk).select_related("practice")


def frame(
    request: HttpRequest, user: User, section: str, *, practice: Practice | None = None, **context: Any
) -> dict[str, Any]:
    """The context of the frame around every staff page; `practice` if the page is about an object of a practice.

    Activates that practice's time zone.
    """
    practices = practices_of(user)
    current = chosen(request, practices)
    set_clock(practice or current)
    administers = may_administer(user, current)
    counts = counts_of(user, current, fresh=LISTED.get(section, ""))
    return {
        "section": section,
        "practices": practices,
        "current_practice": current,
        "practice": practice or current,
        "here": request.path if request.method in ("GET", "HEAD") else "",
        "is_administrator": administers,
        "set_up": strip(request, current, user, administers=administers),
        "deliveries_count": counts.deliveries,
        "to_sign_count": counts.to_sign,
        "received_count": counts.received,
        "undo": undo_offered(request, user),
        "is_practitioner": is_staff_of_any(user, Role.PRACTITIONER),
        **context,
    }
