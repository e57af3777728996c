"""`Idempotency-Key` on every POST: the same key and body by the same caller gives the first answer again, as long as
the caller may make the call now and what it made is there for them: rights are looked at again on every call.

The key is reserved in a transaction of its own, with the id of what the call will make; the deed follows in its
own; then the answer is kept. A crash in between leaves a reservation whose lease ends: the retry runs again with
the same id and finds what was made.
"""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from portals.api.errors import Conflict
from portals.models import IdempotentCall
from sealing.columns import CannotOpen

LEASE = timedelta(seconds=120)  # longer than any call may take
WAIT_SECONDS = 20
HEADER = "Idempotency-Key"


def reserve(request: Request, user: User, made: QuerySet[Any] | None) -> IdempotentCall | Response | None:
    """The reservation of this call; or the first answer, where it was made before; None without a key.

    `made`: the objects in which the caller would find now what the call makes; None if it makes no object.
    Raises Conflict where the key was used for another body, or the first call is still at work; Http404 where the
    call was answered and its object is not among `made` any more (taken back, deleted, another's by now).
    """
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not 1 <= len(key) <= 255 or not key.isprintable():
        raise ValidationError({HEADER: _("Cette clé doit faire de 1 à 255 caractères imprimables.")})
    fingerprint = _fingerprint(request)
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        call, is_new = _get_or_make(user, key, fingerprint)
        if call.fingerprint != fingerprint:
            raise Conflict(_("Cette clé d’idempotence a déjà servi pour un autre contenu."), "idempotency_key_reused")
        if call.status is not None:
            if made is not None and not made.filter(pk=call.object_id).exists():
                raise Http404
            return Response(json.loads(_answer_of(call)), status=call.status)
        if is_new or _take_over(call):
            return call
        if time.monotonic() > deadline:
            raise still_running()
        time.sleep(0.1)


def keep_answer(call: IdempotentCall, response: Response) -> None:
    """Keep a success; a refusal made nothing, so the same key may be tried again."""
    if 200 <= response.status_code < 300:
        IdempotentCall.objects.filter(pk=call.pk).update(
            status=response.status_code, body=json.dumps(json.loads(response.rendered_content))
        )
    else:
        _ours(call).delete()


def let_go(call: IdempotentCall | None) -> None:
    """After a fault of ours: the next try need not wait for the lease to end."""
    if call is not None:
        _ours(call).update(lease_until=timezone.now())


def was_overtaken(error: Exception) -> bool:
    """Whether what a call was to make is there already: a retry took it over after its lease, and was quicker."""
    if isinstance(error, DjangoValidationError) and hasattr(error, "error_dict"):
        return any(one.code == "unique" for one in error.error_dict.get("id", []))
    return isinstance(error, IntegrityError)


def still_running() -> Conflict:
    return Conflict(_("Le premier appel est encore en cours. Réessayez dans un instant."), "still_running")


def object_id(request: Request) -> uuid.UUID | None:
    """The id for what this call makes."""
    call = getattr(request, "idempotent_call", None)
    return call.object_id if call else None


def _get_or_make(user: User, key: str, fingerprint: str) -> tuple[IdempotentCall, bool]:
    IdempotentCall.objects.stale().filter(user=user, key=key).delete()
    now = timezone.now()
    try:
        with transaction.atomic():
            return (
                IdempotentCall.objects.create(
                    user=user, key=key, fingerprint=fingerprint, lease_until=now + LEASE, created_at=now
                ),
                True,
            )
    except IntegrityError:
        found = IdempotentCall.objects.filter(user=user, key=key).first()
        return (found, False) if found else _get_or_make(user, key, fingerprint)


def _take_over(call: IdempotentCall) -> bool:
    """The caller that reserved it died: whoever swaps the lease goes on in its place."""
    now = timezone.now()
    taken = bool(_ours(call).filter(lease_until__lt=now).update(lease_until=now + LEASE))
    if taken:
        call.lease_until = now + LEASE
    return taken


def _ours(call: IdempotentCall) -> QuerySet[IdempotentCall]:
    """The reservation, unless it was answered or taken over meanwhile: then it is another's to end."""
    return IdempotentCall.objects.filter(pk=call.pk, status=None, lease_until=call.lease_until)


def _answer_of(call: IdempotentCall) -> str:
    try:
        return call.body
    except CannotOpen:
        raise Conflict(
            _(
                "Ce premier appel a réussi, mais sa réponse est devenue illisible. Ne le répétez pas : relisez ce "
                "qu’il a créé (%(id)s)."
            )
            % {"id": call.object_id},
            "answer_unreadable",
        ) from None


def _fingerprint(request: Request) -> str:
    digest = hashlib.sha256(f"{request.method} {request.path}".encode())
    for name in sorted(request.data.keys() if hasattr(request.data, "keys") else []):
        values: list[Any] = request.data.getlist(name) if hasattr(request.data, "getlist") else [request.data[name]]
        for value in values:
            if isinstance(value, UploadedFile):
                content = hashlib.sha256()
                for chunk in value.chunks():
                    content.update(chunk)
                value.seek(0)
                value = [value.name, value.size, content.hexdigest()]
            digest.update(json.dumps([name, value], sort_keys=True, default=str).encode())
    return digest.hexdigest()
