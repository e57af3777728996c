"""A practice's own software is told of what happens: endpoints, and what they are told (Standard Webhooks 1.0).

What happened is read from the sealed audit trail, in its order, once: nothing has to remember to tell, a crash loses
nothing, and a deed that was rolled back is never told. A telling carries ids; the API has the rest, for those who
may read it.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterable
from datetime import UTC
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.public_addresses import is_public, literal_address
from audit.events import webhook_event
from audit.models import AuditEvent, AuditSeal
from audit.trail import record
from practices.models import Practice
from practices.roles import require_administrator
from webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookProgress

BATCH = 500


@transaction.atomic
def add_endpoint(*, practice: Practice, url: str, events: Iterable[str], by: User) -> WebhookEndpoint:
    """Told from now on; its `secret` signs what it gets. Raises ValidationError, NotAllowed."""
    _check_may(by, practice)
    try:
        URLValidator()(url)
    except ValidationError:
        told = _("Cette adresse est incomplète ou mal écrite. Exemple : https://logiciel.example/docshare.")
        raise ValidationError({"url": told}) from None
    address = urlsplit(url)
    if address.scheme != "https" and not (address.scheme == "http" and settings.WEBHOOKS_MAY_STAY_INSIDE):
        raise ValidationError({"url": _("L’adresse doit commencer par https://.")})
    if address.username or address.password:
        raise ValidationError({"url": _("L’adresse ne doit contenir ni identifiant ni mot de passe.")})
    literal = literal_address(address.hostname or "")
    if literal and not is_public(literal) and not settings.WEBHOOKS_MAY_STAY_INSIDE:
        told = _("Cette adresse mène à un réseau privé ou réservé. Donnez le nom public du serveur.")
        raise ValidationError({"url": told})
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
    """Nothing is told there any more, and what was not yet is dropped. Raises NotAllowed."""
    _check_may(by, endpoint.practice)
    record("webhook.removed", by=by, on=endpoint, practice=endpoint.practice_id)
    endpoint.delete()


@transaction.atomic
def plan_tellings() -> int:
    """Read the trail on from where it was read, and plan what is to be told. How many lines were read.

    The row that says how far is locked: two workers never read the same line.
    """
    progress = WebhookProgress.objects.select_for_update().first()
    if progress is None:
        return 0  # nobody ever wanted to be told
    seals = list(AuditSeal.objects.filter(position__gt=progress.position).order_by("position")[:BATCH])
    if not seals:
        return 0
    lines = AuditEvent.objects.in_bulk([seal.event_id for seal in seals])
    told = [line for seal in seals if (line := lines.get(seal.event_id)) and line.practice_id]
    endpoints = WebhookEndpoint.objects.filter(practice__in={line.practice_id for line in told}, stopped_at=None)
    WebhookDelivery.objects.bulk_create(
        WebhookDelivery(endpoint=endpoint, event=line.action, body=body_of(line), due_at=timezone.now())
        for line in told
        for endpoint in endpoints
        if endpoint.practice_id == line.practice_id
        and line.action in endpoint.events
        and line.at >= endpoint.created_at
    )
    progress.position = seals[-1].position
    progress.save(update_fields=["position"])
    return len(seals)


def body_of(line: AuditEvent) -> str:
    """{"type", "timestamp", "data"}: ids alone, nothing of a person."""
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
