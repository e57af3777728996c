"""Signing in again without leaving the page: receives the dialog shown before a signature."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from accounts.models import User
from accounts.sole_control import sign_in_again
from portals.practitioner.staff import staff_only


@staff_only
@require_POST
def confirm(request: HttpRequest, user: User) -> HttpResponse:
    """204, or 400 with a sentence."""
    refused = sign_in_again(
        request, user, password=request.POST.get("password", ""), code=request.POST.get("code", "").strip()
    )
    return HttpResponse(refused, content_type="text/plain; charset=utf-8", status=400 if refused else 204)
