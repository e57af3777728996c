"""Switching to another of one's practices."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.views.decorators.http import require_POST

from accounts.models import User
from portals.answers import done
from portals.chosen_practice import CHOSEN
from portals.practitioner.practices import practice_of
from portals.practitioner.staff import staff_only
from practices.roles import may_administer

# The choice leads to the same section in the other practice; some practices show it to administrators alone.
PLACES = {"agenda", "patients", "library", "deliveries"}
ADMINISTRATORS_PLACES = {"rules", "settings", "webhooks"}


@staff_only
@require_POST
def choose_practice(request: HttpRequest, user: User) -> HttpResponse:
    practice = practice_of(request, user)
    request.session[CHOSEN] = str(practice.pk)
    if _is_page_path(back := request.POST.get("back", "")):
        return done(back)
    section = request.POST.get("section", "")
    if section in PLACES or (section in ADMINISTRATORS_PLACES and may_administer(user, practice)):
        return done(f"practitioner:{section}")
    return done("practitioner:agenda")


def _is_page_path(path: str) -> bool:
    """Whether it is the path of a page of this portal about one thing, and nothing but a path."""
    try:
        match = resolve(path)
    except Resolver404:
        return False
    return match.app_name == "practitioner" and isinstance(match.kwargs.get("pk"), uuid.UUID)
