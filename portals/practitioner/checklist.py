"""The checklist of a new practice: each step a page that can be left, its state read from what is there."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from portals.answers import done, refusals_shown
from portals.practitioner.practices import administered_practice
from portals.practitioner.set_up_steps import needed_steps, noted, optional_steps, progress
from portals.practitioner.staff import frame, staff_only
from practices.set_up import bring_checklist_back, put_checklist_away


@staff_only
@require_safe
def checklist(request: HttpRequest, user: User) -> HttpResponse:
    practice = administered_practice(request, user)
    noted(request, practice, progress(practice, user))
    needed = needed_steps(practice, user)
    done_count = sum(one.is_done for one in needed)
    context = frame(
        request,
        user,
        "settings",
        practice=practice,
        needed=needed,
        optional=optional_steps(practice),
        done_count=done_count,
        is_ready=done_count == len(needed),
    )
    return render(request, "practitioner/checklist.html", context)


@staff_only
@require_POST
def put_away(request: HttpRequest, user: User) -> HttpResponse:
    practice = administered_practice(request, user)
    with refusals_shown(request) as changing:
        put_checklist_away(practice=practice, by=user)
        messages.success(request, _("La liste n’est plus proposée sur l’agenda. Elle reste ici, dans « Cabinet »."))
        return done("practitioner:settings")
    return changing.redirect("practitioner:checklist")


@staff_only
@require_POST
def bring_back(request: HttpRequest, user: User) -> HttpResponse:
    practice = administered_practice(request, user)
    with refusals_shown(request) as changing:
        bring_checklist_back(practice=practice, by=user)
    return changing.redirect("practitioner:checklist")
