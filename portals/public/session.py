"""Staying signed in, and signing in again beside a page: what js/session.js asks."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from portals.context import session_owner


@require_http_methods(["GET", "HEAD", "POST"])
def stay(request: HttpRequest) -> HttpResponse:
    """Who is signed in, as `session_owner`. A POST comes of a person's own hand, and counts as use
    (accounts/sessions.py); a GET with `X-Background: 1` only asks."""
    return HttpResponse(status=204, headers={"Session-Owner": session_owner(cast("User", request.user))})


@require_safe
def back_to_tab(request: HttpRequest) -> HttpResponse:
    """After signing in beside a page that holds unsaved work: the way back is the other tab."""
    return render(request, "public/back_to_tab.html")
