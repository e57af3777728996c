"""The home page: leads users to their own portal."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.models import User
from practices.models import Practice
from practices.roles import is_staff_of_any, suspended_practices_of
from practices.wording import access_in_words

STAFF_PORTAL = "/pro/"
PATIENT_PORTAL = "/documents/"


@login_not_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    if not request.user.is_authenticated:
        return redirect(settings.LOGIN_URL)
    for sentence in access_in_words(request.user):
        messages.info(request, sentence)
    return redirect(portal_of(request.user))


def portal_of(user: User) -> str:
    """The start page of a user: staff portal for members of a practice, suspended or not, the administration for
    operators (the page of the first practice while there is none), else patients' portal."""
    if is_staff_of_any(user) or suspended_practices_of(user):
        return STAFF_PORTAL
    if not user.is_superuser:
        return PATIENT_PORTAL
    return reverse("admin:index") if Practice.objects.exists() else reverse("operator:practice-new")
