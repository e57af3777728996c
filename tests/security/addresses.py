"""Every address of the site, with the objects its ids are of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.urls import get_resolver

# What the id after each beginning is the id of. A new beginning must be added here, and is walked from then on.
KINDS = {
    "documents/": "document",
    "pro/documents/": "document",
    "api/v1/documents/": "document",
    "api/v1/me/documents/": "document",
    "my-appointments/": "appointment",
    "pro/appointments/": "appointment",
    "api/v1/appointments/": "appointment",
    "api/v1/bookings/": "appointment",
    "pro/patients/": "patient",
    "api/v1/patients/": "patient",
    "pro/contact-proposals/": "proposal",
    "pro/exclusions/": "exclusion",
    "pro/deliveries/": "notice",
    "pro/library/": "library",
    "pro/library/versions/": "version",
    "api/v1/library/": "library",
    "relatives/": "relative",
    "my-account/devices/": "device",
    "pro/devices/": "device",
    "pro/rules/": "rule",
    "pro/settings/instructions/": "instruction",
    "pro/settings/closings/": "closing",
    "api/v1/closings/": "closing",
    "api/v1/auto-send-rules/": "rule",
    "pro/auto-sends/": "sending",
    "pro/links/": "way",
    "pro/tokens/": "api_token",
    "pro/webhooks/": "webhook",
    "d/": "link",
    "api/v1/agendas/": "agenda",
    "book/": "booking",
    "invitation/": "invitation",
    "account/2fa/webauthn/keys/": "key",
    "authority/": "authority",
}
# Behind the administration's own sign-in, and tested as a whole.
ADMINISTRATION = "admin/"


def routes() -> list[str]:
    return [route for route in _walk(get_resolver().url_patterns) if not route.startswith(ADMINISTRATION)]


def kind_of(route: str) -> str | None:
    """What the route's id is of; None where it has none. KeyError for a beginning that is not known."""
    head, opened, _rest = route.partition("<")
    return KINDS[head] if opened and "^" not in head else None


def address(route: str, ids: dict[str, Any]) -> str:
    """The route with real values in it."""
    if "^" in route:  # regular expressions: allauth's links, and whatever else is below /api/
        head = route.partition("^")[0]
        samples = {
            "account/": "confirm-email/Mw:abc/",
            "account/password/reset/": "key/1-abc/",
            "api/v1/": "nothing/",
        }
        return "/" + head + samples[head]
    kind = kind_of(route)
    filled = (
        route.replace("<int:page>", "1")
        .replace("<str:kind>", "in_person")
        .replace("<int:pk>", "1")
        .replace("<int:number>", "1")
    )
    if kind == "link":
        filled = filled.replace("<str:token>", str(ids.get("link", "")))
    for name in ("practice", "agenda", "reason", "token", "access_id"):
        filled = re.sub(rf"<\w+:{name}>", str(ids.get(name, "")), filled)
    return "/" + filled.replace("<uuid:pk>", str(ids.get(kind or "", "")))


def _walk(patterns: list[Any], before: str = "") -> Iterator[str]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from _walk(pattern.url_patterns, route)
        else:
            yield route
