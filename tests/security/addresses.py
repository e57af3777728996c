"""Every address of the site, with the objects of its ids."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.urls import get_resolver

# The kind of id after each path prefix. A new prefix must be added here; then the tests cover it.
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
    "requests/": "request",
    "requests/sent/": "received",
    "pro/requests/": "request",
    "pro/received/": "received",
    "api/v1/requests/": "request",
    "api/v1/received/": "received",
    "api/v1/me/requests/": "request",
    "api/v1/me/received/": "received",
    "pro/contact-proposals/": "proposal",
    "pro/exclusions/": "exclusion",
    "pro/deliveries/": "notice",
    "pro/batches/": "batch",
    "pro/waiting/": "waiting",
    "o/": "offer",
    "pro/library/": "library",
    "pro/library/versions/": "version",
    "api/v1/library/": "library",
    "relatives/": "relative",
    "my-account/devices/": "device",
    "pro/devices/": "device",
    "pro/rules/": "rule",
    "pro/to-sign/": "task",
    "pro/settings/instructions/": "instruction",
    "pro/settings/questionnaires/": "questionnaire",
    "questionnaires/": "response",
    "pro/answers/": "response",
    "api/v1/questionnaires/": "questionnaire",
    "pro/settings/closings/": "closing",
    "pro/settings/agendas/": "agenda",
    "pro/settings/visit-reasons/": "visit_reason",
    "api/v1/visit-reasons/": "visit_reason",
    "logo/": "practice",
    "api/v1/closings/": "closing",
    "pro/settings/members/": "member",
    "api/v1/members/": "member",
    "api/v1/imports/": "import",
    "pro/settings/import/": "import",
    "pro/settings/calendars/": "calendar",
    "pro/settings/archive/": "archive",
    "api/v1/auto-send-rules/": "rule",
    "pro/auto-sends/": "sending",
    "pro/links/": "way",
    "pro/tokens/": "api_token",
    "pro/webhooks/": "webhook",
    "d/": "link",
    "r/": "answer",
    "pro/acts/": "act",
    "api/v1/agendas/": "agenda",
    "book/": "booking",
    "invitation/": "invitation",
    "join/": "joining",
    "account/2fa/webauthn/keys/": "key",
    "authority/": "authority",
    "cabinets/": "practice_page",
    "sitemap-": "site_map",
    "privacy/": "practice",
    "start/": "account_link",
    "start/practices/": "practice",
    "start/administrators/": "administrator",
}
# Behind the admin's own sign-in, and tested as a whole.
ADMINISTRATION = "admin/"


def routes() -> list[str]:
    return [route for route in _walk(get_resolver().url_patterns) if not route.startswith(ADMINISTRATION)]


def kind_of(route: str) -> str | None:
    """The kind of the route's id; None if it has none. Raises KeyError for an unknown prefix."""
    head, opened, _rest = route.partition("<")
    return KINDS[head] if opened and "^" not in head else None


def address(route: str, ids: dict[str, Any]) -> str:
    """The route with real values."""
    if "^" in route:  # regular expressions: allauth's links, and the fallback below /api/
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
    if kind in ("link", "account_link", "answer", "offer"):
        filled = filled.replace("<str:token>", str(ids.get(kind, "")))
    for name in ("practice", "agenda", "reason", "token", "secret", "access_id", "slug", "template"):
        filled = re.sub(rf"<\w+:{name}>", str(ids.get(name, "")), filled)
    return "/" + filled.replace("<uuid:pk>", str(ids.get(kind or "", "")))


def _walk(patterns: list[Any], before: str = "") -> Iterator[str]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from _walk(pattern.url_patterns, route)
        else:
            yield route
