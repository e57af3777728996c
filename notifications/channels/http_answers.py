"""Interprets a provider's HTTP error: it concerns this message, every message, or only the present moment."""

from __future__ import annotations

from collections.abc import Mapping

from notifications.causes import Cause
from notifications.channels import DeliveryFailed
from notifications.channels.retry_after import retry_after


def refused(status: int, headers: Mapping[str, str], *, permanently: Cause) -> DeliveryFailed:
    """`permanently`: the cause for a refusal of this message alone. The answer's text is discarded: it may contain
    the address."""
    detail = f"HTTP {status}"
    wait = retry_after(headers.get("Retry-After", ""))
    match status:
        case 429:
            return DeliveryFailed(Cause.SATURATED, detail, whole_channel=True, retry_after=wait)
        case 401 | 402 | 403 | 404 | 405:  # our token, our credit or our address: every message would be refused
            return DeliveryFailed(Cause.SETTING, detail, whole_channel=True)
        case code if 400 <= code < 500 and code != 408:
            return DeliveryFailed(permanently, detail, permanent=True)
        case _:
            return DeliveryFailed(Cause.BREAKDOWN, detail, retry_after=wait)
