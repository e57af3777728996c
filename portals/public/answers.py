"""The page of a reminder's link: *Je confirme*, *J'annule*. Opening it does nothing: mail scanners open pages."""

from __future__ import annotations

import uuid

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from accounts.addresses import counted_address
from appointments.answering import Answerable, cancel_by_link, confirm, find_answerable
from appointments.message_parts import place_of
from appointments.models import Appointment, BookingPolicy
from appointments.online import may_change_online
from portals.answers import refusals_shown
from portals.calls import MINUTE, too_many
from portals.clock import set_clock
from portals.message_language import speak
from portals.no_referrer import no_referrer

ANSWERS_A_MINUTE = 60  # from one address


@no_referrer
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, token: str) -> HttpResponse:
    if too_many("ReminderAnswers", counted_address(request), a_minute=ANSWERS_A_MINUTE):
        refused = render(request, "errors/429.html", status=429)
        refused["Retry-After"] = str(MINUTE)
        return refused
    answerable = find_answerable(token)
    if answerable is None:
        return render(request, "public/answer.html", {"practice": None, "lines": []}, status=404)
    speak(request, answerable.language)
    set_clock(answerable.practice)
    chosen = _chosen(request, answerable) if request.method == "POST" else None
    reply = request.POST.get("answer", "")
    if chosen is not None and reply == "cancel" and may_change_online(chosen):
        asked = {"practice": answerable.practice, "appointment": chosen}
        return render(request, "public/answer_cancel.html", asked)
    if chosen is not None and reply in ("confirm", "cancel_for_sure"):
        with refusals_shown(request) as shown:
            (confirm if reply == "confirm" else cancel_by_link)(token=token, appointment=chosen.pk)
        return shown.redirect("answer", token=token)
    policy = BookingPolicy.of(answerable.practice)
    lines = [
        {"appointment": one, "may_cancel": may_change_online(one, policy=policy), "place": place_of([one])}
        for one in answerable.appointments
    ]
    context = {"practice": answerable.practice, "lines": lines, "several": len(lines) > 1}
    return render(request, "public/answer.html", context, status=200 if lines else 410)


def _chosen(request: HttpRequest, answerable: Answerable) -> Appointment | None:
    """None for one that the link is not, or no longer, about."""
    try:
        asked = uuid.UUID(request.POST.get("appointment", ""))
    except ValueError:
        return None
    return next((one for one in answerable.appointments if one.pk == asked), None)
