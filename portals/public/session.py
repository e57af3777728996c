"""Staying signed in, and signing in again in another tab: the requests of js/session.js."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from portals.context import session_owner


@require_http_methods(["GET", "HEAD", "POST"])
def stay(request: HttpRequest) -> HttpResponse:
    """Who is signed in, as `session_owner`. A POST comes from a user's action and counts as activity
    (accounts/sessions.py); a GET with `X-Background: 1` only asks."""
    return HttpResponse(status=204, headers={"Session-Owner": session_owner(cast("User", request.user))})


@require_safe
def back_to_tab(request: HttpRequest) -> HttpResponse:
    """After signing in in a second tab while the first holds unsaved work: tells the user to return to the first."""
    return render(request, "public/back_to_tab.html")
