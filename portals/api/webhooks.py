"""The events of webhooks in the OpenAPI (section "webhooks" of 3.1)."""

from __future__ import annotations

from typing import Any

from audit.events import Event, webhook_events

SIGNED = (
    "Signed as Standard Webhooks 1.0 says: `webhook-signature` is `v1,` and the base64 of HMAC-SHA-256 over "
    "`{webhook-id}.{webhook-timestamp}.{body}`, its key the base64 after `whsec_`. Check it, refuse a timestamp that "
    "is minutes away, and take a `webhook-id` once. Answer 2xx within ten seconds; anything else is tried again for "
    "three days, 410 stops the webhook."
)
_ID = {"type": "string", "format": "uuid"}


def describe_events(result: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
    """Adds the events to the finished schema (a hook of drf-spectacular)."""
    headers = [
        {"name": name, "in": "header", "required": True, "schema": {"type": "string"}}
        for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
    ]
    result["webhooks"] = {
        event.code: {
            "post": {
                "summary": event.code,
                "description": SIGNED,
                "parameters": headers,
                "requestBody": {"required": True, "content": {"application/json": {"schema": _body(event)}}},
                "responses": {"200": {"description": "Taken"}, "410": {"description": "Send nothing more"}},
            }
        }
        for event in webhook_events()
    }
    return result


def _body(event: Event) -> dict[str, Any]:
    ids = {"id": _ID, "appointment": {"type": ["string", "null"], "format": "uuid"}, "practice": _ID}
    return {
        "type": "object",
        "required": ["type", "timestamp", "data"],
        "properties": {
            "type": {"type": "string", "const": event.code},
            "timestamp": {"type": "string", "format": "date-time"},
            "data": {"type": "object", "required": list(ids), "properties": ids},
        },
    }
