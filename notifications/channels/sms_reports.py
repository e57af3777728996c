"""Parses delivery reports of SMS gateways.

`SMS_REPORT_ID` and `SMS_REPORT_STATUS` say where its JSON has the message's id (its own, or ours if SMS_BODY sent
"{id}" along) and its status.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings

from notifications import reports
from notifications.causes import Cause
from notifications.channels.http_gateway import value_at
from notifications.models import Channel

DELIVERED = {"delivered", "delivrd", "received", "read"}
FAILED = {  # any status in neither set (accepted, sent, buffered, enroute…) means that the SMS is still on its way
    "undelivered": Cause.UNREACHABLE_TELEPHONE,
    "undeliverable": Cause.UNREACHABLE_TELEPHONE,
    "undeliv": Cause.UNREACHABLE_TELEPHONE,
    "expired": Cause.UNREACHABLE_TELEPHONE,
    "rejected": Cause.NUMBER_REFUSED,
    "rejectd": Cause.NUMBER_REFUSED,
    "invalid": Cause.NUMBER_REFUSED,
    "blocked": Cause.BLOCKED,
    "blacklisted": Cause.BLOCKED,
    "failed": Cause.RETURNED,
    "deleted": Cause.RETURNED,
}


class UnknownMessage(Exception):
    """The report matches no message of ours, or one that is not marked yet: the gateway should retry."""


def note_report(report: Any) -> bool:
    """Record a report; False if it is not new. Raises UnknownMessage."""
    identifier = value_at(settings.SMS_REPORT_ID, report)
    message = reports.find(channel=Channel.SMS, ours=identifier, theirs=identifier)
    if message is None:
        raise UnknownMessage
    status = value_at(settings.SMS_REPORT_STATUS, report).lower()
    if status in DELIVERED:
        return reports.note_delivered(message)
    if status in FAILED:
        return reports.note_failed(message, cause=FAILED[status], detail=status.upper())
    return False
