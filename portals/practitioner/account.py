"""One's own account in the staff portal: devices and activity; for administrators, also their members'."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from portals.activity_words import activity_page
from portals.answers import done
from portals.device_list import devices_of, forget_one
from portals.practitioner.practices import administered_practice
from portals.practitioner.staff import frame, staff_only
from practices.activity import activity_in, activity_of


@staff_only
@require_safe
def devices(request: HttpRequest, user: User) -> HttpResponse:
    context = frame(request, user, "security", devices=devices_of(request, user))
    return render(request, "practitioner/devices.html", context)


@staff_only
@require_POST
def forget_device(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    forget_one(request, user, pk)
    return done("practitioner:devices")


@staff_only
@require_safe
def activity(request: HttpRequest, user: User) -> HttpResponse:
    page = activity_page(activity_of(user), request.GET.get("before"))
    return render(request, "practitioner/activity.html", frame(request, user, "security", activity=page))


@staff_only
@require_safe
def members_activity(request: HttpRequest, user: User) -> HttpResponse:
    practice = administered_practice(request, user)
    page = activity_page(activity_in(practice), request.GET.get("before"))
    context = frame(request, user, "settings", practice=practice, activity=page)
    return render(request, "practitioner/members_activity.html", context)
