"""The front door: everybody is shown to their own portal."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.models import User
from practices.roles import is_staff_of_any

STAFF_PORTAL = "/pro/"
PATIENT_PORTAL = "/documents/"


@login_not_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    if not request.user.is_authenticated:
        return redirect(settings.LOGIN_URL)
    return redirect(portal_of(request.user))


def portal_of(user: User) -> str:
    """Where they work, else their documents: members of a practice, whoever operates the installation, others."""
    if is_staff_of_any(user):
        return STAFF_PORTAL
    if user.is_superuser:
        return reverse("system-state")
    return reverse("admin:index") if user.is_staff else PATIENT_PORTAL


@login_not_required
@require_safe
def robots(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("User-agent: *\nDisallow: /\n", content_type="text/plain")
