"""Going to work in another of one's practices."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import Resolver404, resolve
from django.views.decorators.http import require_POST

from accounts.models import User
from portals.practitioner.practices import CHOSEN, practice_of
from portals.practitioner.staff import staff_only
from practices.roles import may_administer

# Where the choice leads: to the same place of the other practice, which some have for administrators alone.
PLACES = {"agenda", "patients", "library", "deliveries"}
ADMINISTRATORS_PLACES = {"rules", "settings", "webhooks"}


@staff_only
@require_POST
def choose_practice(request: HttpRequest, user: User) -> HttpResponse:
    practice = practice_of(request, user)
    request.session[CHOSEN] = str(practice.pk)
    if _is_ours(back := request.POST.get("back", "")):
        return redirect(back)
    section = request.POST.get("section", "")
    if section in PLACES or (section in ADMINISTRATORS_PLACES and may_administer(user, practice)):
        return redirect(f"practitioner:{section}")
    return redirect("practitioner:agenda")


def _is_ours(path: str) -> bool:
    """A page of this portal about one thing, and nothing but its path."""
    try:
        match = resolve(path)
    except Resolver404:
        return False
    return match.app_name == "practitioner" and isinstance(match.kwargs.get("pk"), uuid.UUID)
