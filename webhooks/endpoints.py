"""Endpoints of a practice's own software, and the events to deliver to them (Standard Webhooks 1.0).

Events are read once from the sealed audit trail, in its order. So no use case has to trigger webhooks, a crash loses
no event, and a rolled-back change causes none. An event carries ids only; authorised clients read the rest through
the API.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from audit.acts import ACT, UNDOES
from audit.events import webhook_event
from audit.models import AuditEvent, AuditSeal
from audit.trail import record
from practices.models import Practice
from practices.roles import require_administrator
from webhooks.guarded import check_address
from webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookProgress, WebhookState

BATCH = 500
MARGIN = timedelta(seconds=20)  # the trail is sealed every ten seconds


@transaction.atomic
def add_endpoint(*, practice: Practice, url: str, events: Iterable[str], by: User) -> WebhookEndpoint:
    """Add an endpoint; it receives events from now on, signed with its `secret`. Raises ValidationError,
    NotAllowed."""
    _check_may(by, practice)
    check_address(url, example="https://logiciel.example/docshare")
    endpoint = WebhookEndpoint(
        practice=practice,
        url=url,
        events=sorted({webhook_event(code).code for code in events}),
        secret="whsec_" + base64.b64encode(secrets.token_bytes(32)).decode(),
    )
    endpoint.full_clean()
    endpoint.save()
    WebhookProgress.objects.get_or_create(defaults={"position": _newest_position()})
    record("webhook.added", by=by, on=endpoint, practice=practice, detail={"events": endpoint.events})
    return endpoint


@transaction.atomic
def remove_endpoint(*, endpoint: WebhookEndpoint, by: User) -> None:
    """Remove an endpoint and drop its undelivered events. Raises NotAllowed."""
    _check_may(by, endpoint.practice)
    record("webhook.removed", by=by, on=endpoint, practice=endpoint.practice_id)
    endpoint.delete()


@transaction.atomic
def plan_deliveries() -> int:
    """Read the trail from where the last run stopped, and plan deliveries; returns how many lines were read.

    Locks the row with the position, so that two workers never read the same line.
    """
    progress = WebhookProgress.objects.select_for_update().first()
    if progress is None:
        return 0  # no endpoint was ever added
    seals = list(AuditSeal.objects.filter(position__gt=progress.position).order_by("position")[:BATCH])
    if not seals:
        return 0
    lines = AuditEvent.objects.in_bulk([seal.event_id for seal in seals])
    events = [line for seal in seals if (line := lines.get(seal.event_id)) and line.practice_id]
    endpoints = WebhookEndpoint.objects.filter(practice__in={line.practice_id for line in events}, stopped_at=None)
    WebhookDelivery.objects.bulk_create(
        WebhookDelivery(
            practice_id=endpoint.practice_id,
            endpoint=endpoint,
            event=line.action,
            body=body_of(line),
            act=line.detail.get(ACT),
            due_at=_due_at(line),
        )
        for line in events
        for endpoint in endpoints
        if endpoint.practice_id == line.practice_id
        and line.action in endpoint.events
        and line.at >= endpoint.created_at
    )
    _call_off({line.detail[UNDOES] for line in events if UNDOES in line.detail})
    progress.position = seals[-1].position
    progress.save(update_fields=["position"])
    return len(seals)


def _due_at(line: AuditEvent) -> datetime:
    """At once; of an act that can be undone, once its time is over and an undoing would have been read here."""
    return max(timezone.now(), line.at + settings.UNDO_FOR + MARGIN) if ACT in line.detail else timezone.now()


def _call_off(acts: set[str]) -> None:
    """Drop what waits of acts that were undone: it never happened."""
    WebhookDelivery.objects.filter(act__in=acts, state=WebhookState.QUEUED, attempts=0, lease_until=None).delete()


def body_of(line: AuditEvent) -> str:
    """{"type", "timestamp", "data"}: ids alone, no personal data."""
    return json.dumps(
        {
            "type": line.action,
            "timestamp": line.at.astimezone(UTC).isoformat(),
            "data": {
                "id": str(line.object_id),
                "appointment": str(line.record_id) if line.record_id else None,
                "practice": str(line.practice_id),
            },
        },
        separators=(",", ":"),
    )


def _newest_position() -> int:
    newest = AuditSeal.objects.order_by("-position").first()
    return newest.position if newest else 0


def _check_may(by: User, practice: Practice) -> None:
    refusal = _("Seul un administrateur du cabinet choisit les logiciels à prévenir.")
    require_administrator(by, practice, refusal)
