"""The page of a practice: open to all, at an address that stays. Patients begin to book here."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.addresses import counted_address
from appointments.models import Agenda, AppointmentKind, Closing, VisitReason, Weekday
from appointments.models.opening import hour_of_end
from appointments.next_times import next_times, week_in_common
from appointments.places import ways
from appointments.public_practices import practice_of_key
from portals.calls import MINUTE, too_many
from portals.clock import set_clock
from portals.indexing import for_search_engines
from portals.practice_address import page_path
from practices.models import BookingOpenTo, Membership, Practice

PAGES_A_MINUTE = 60  # from one address
MAP = "https://www.openstreetmap.org/search?"
TOWN = re.compile(r"\b\d{5} +(?P<town>[^\d\n]+)$", re.MULTILINE)
CLOSINGS_SHOWN = 5


@login_not_required
@require_safe
def practice_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Former names, and any other words before the key, lead to the current address."""
    if too_many("PracticePages", counted_address(request), a_minute=PAGES_A_MINUTE):
        refused = render(request, "errors/429.html", status=429)
        refused["Retry-After"] = str(MINUTE)
        return refused
    practice = practice_of_key(slug.rpartition("-")[2])
    if practice is None:
        raise Http404
    path = page_path(practice)
    if request.path != path:
        return redirect(path, permanent=True)
    set_clock(practice)
    response = render(request, "public/practices/practice.html", _context(practice, path))
    return for_search_engines(response) if practice.is_listed and not request.user.is_authenticated else response


def _context(practice: Practice, path: str) -> dict[str, Any]:
    agendas = list(
        Agenda.objects.named_to_public().filter(practice=practice).select_related("practice", "practitioner")
    )
    booked = list(Agenda.objects.open_online().filter(practice=practice).values_list("pk", flat=True))
    town = town_of(practice.address)
    return {
        "practice": practice,
        "agendas": _bookable(practice, agendas, booked),
        "books_online": bool(booked),
        "hours": [(Weekday(day).label, _hours(spans)) for day, spans in week_in_common(agendas)],
        "closings": _closings(practice, agendas),
        "map_url": MAP + urlencode({"query": " ".join(practice.address.split())}) if practice.address else "",
        "canonical": f"{settings.PUBLIC_URL}{path}",
        "town": town,
        "description": _description(practice, agendas, town),
        "known_only": practice.booking_open_to == BookingOpenTo.KNOWN,
        "section": "book",
    }


def _bookable(practice: Practice, agendas: list[Agenda], booked: Collection[object]) -> list[dict[str, Any]]:
    """Each agenda with the reasons that patients book there, and the next free time of each."""
    online = [one for one in agendas if one.pk in booked]
    reasons = list(practice.visit_reasons.filter(is_active=True, books_online=True))
    offered = set(
        VisitReason.agendas.through.objects.filter(agenda__in=[one.pk for one in online]).values_list(
            "agenda", "visitreason"
        )
    )
    times = next_times(online, reasons)
    members = set(Membership.objects.in_force().filter(practice=practice).values_list("user", flat=True))
    bookable = []
    for one in agendas:
        person = one.practitioner.get_full_name() if one.practitioner and one.practitioner.pk in members else ""
        rows = [
            {"reason": reason, "time": times.get((one.pk, reason.pk)), "links": _links(one, reason)}
            for reason in reasons
            if one.pk in booked and (one.pk, reason.pk) in offered
        ]
        bookable.append(
            {
                "agenda": one,
                "person": "" if person.casefold() in one.name.casefold() else person,
                "reasons": [row for row in rows if row["links"]],
            }
        )
    return bookable


def _links(agenda: Agenda, reason: VisitReason) -> list[tuple[AppointmentKind, str]]:
    return [
        (kind, reverse("patient:book-slots", args=[agenda.pk, reason.pk, kind.value]))
        for kind in AppointmentKind
        if kind in ways(agenda, reason)
    ]


def _hours(spans: list[Any]) -> str:
    return ", ".join(f"{start:%H:%M}–{hour_of_end(end)}" for start, end in spans)


def _closings(practice: Practice, agendas: list[Agenda]) -> list[tuple[Closing, str]]:
    """Those to come, each with the agendas that it closes, "" for the whole practice. Why is the practice's own
    business."""
    closings = []
    for one in Closing.objects.filter(practice=practice).to_come().prefetch_related("agendas"):
        one.practice = practice
        names = ", ".join(agenda.name for agenda in agendas if agenda in one.agendas.all())
        if one.whole_practice or names:
            closings.append((one, "" if one.whole_practice else names))
    return closings[:CLOSINGS_SHOWN]


def town_of(address: str) -> str:
    """The town after the postcode: "Paris"."""
    match = TOWN.search(address.replace("\r", ""))
    return match["town"].strip() if match else ""


def _description(practice: Practice, agendas: list[Agenda], town: str) -> str:
    """For search engines: what the practice is, in a sentence."""
    specialties = sorted({str(one.get_specialty_display()) for one in agendas if one.specialty})
    parts = [", ".join(filter(None, (practice.name, town)))]
    if specialties:
        parts.append(", ".join(specialties))
    parts.append(_("Adresse, téléphone, horaires et rendez-vous"))
    return ". ".join(parts) + "."
