"""`Idempotency-Key` on every POST: the same key and body from the same caller return the first answer again.

Rights are checked again on every call: the caller gets the stored answer only while they may make the call and can
see the object that it created. `AnsweredOnce` does this in the dispatch, before the view's own `post`.

One transaction reserves the key, with the id of the object that the call will create; a second one performs the call;
then the answer is stored. After a crash in between, the lease of the reservation expires: the retry runs again with
the same id and finds what the first call created.
"""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from datetime import timedelta
from typing import Any, cast

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
from rest_framework.views import APIView

from accounts.models import User
from portals.api.errors import Conflict
from portals.models import IdempotentCall
from sealing.columns import CannotOpen

LEASE = timedelta(seconds=120)  # longer than any call may take
WAIT_SECONDS = 20
HEADER = "Idempotency-Key"


class FirstAnswer(Exception):
    """This call was answered before. Ends the dispatch without running `post`."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


class AnsweredOnce(APIView):
    """A view whose POST takes an Idempotency-Key. Its `makes` says who may call its `post`."""

    call: IdempotentCall | None = None  # the reservation of the POST in progress; None without a key
    _made: QuerySet[Any] | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if hasattr(cls, "post") and cls.makes is AnsweredOnce.makes:
            raise TypeError(f"{cls.__name__} has a post, and does not say in `makes` what it makes")

    def makes(self) -> QuerySet[Any] | None:
        """The objects among which the caller would see what this POST creates; None if it creates no object.

        Raises the refusal if the caller may not make this call now: then they may not read its stored answer either.
        """
        raise NotImplementedError

    @property
    def object_id(self) -> uuid.UUID | None:
        """The id for the object that this call creates."""
        return self.call.object_id if self.call else None

    def made_before(self) -> Any | None:
        """The object that an earlier call with this key created before it crashed. Raises Http404 if the caller can
        no longer see it."""
        if self.call is None or not self.call.taken_over or self._made is None:
            return None
        made = self._made.filter(pk=self.call.object_id).first()
        if made is None and self._made.model._base_manager.filter(pk=self.call.object_id).exists():
            raise Http404
        return made

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.check_caller(request)
        if request.method == "POST" and "post" in self.http_method_names and hasattr(self, "post"):
            self._made = self.makes()
            reserved = reserve(request, cast("User", request.user), self._made)
            if isinstance(reserved, Response):
                raise FirstAnswer(reserved)
            self.call = reserved

    def check_caller(self, request: Request) -> None:
        """Checks for every caller, once authenticated. Raises the refusal."""

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            response = super().dispatch(request, *args, **kwargs)
        except Exception:
            release_key(self.call)
            raise
        if self.call is not None and isinstance(response, Response):
            response.render()
            store_answer(self.call, response)
        return response

    def handle_exception(self, exc: Exception) -> Response:
        """If a retry has overtaken this call, answer as if the call had not begun."""
        if isinstance(exc, FirstAnswer):
            return exc.response
        if self.call is not None and was_created_by_retry(exc):
            release_key(self.call)
            self.call = None
            exc = still_running()
        return super().handle_exception(exc)


def reserve(request: Request, user: User, made: QuerySet[Any] | None) -> IdempotentCall | Response | None:
    """The reservation of this call, or the stored answer if it was made before; None without a key.

    `made`: the objects among which the caller would see what the call creates; None if it creates no object. Raises
    Conflict if the key was used with another body, or if the first call is still running; Http404 if the call was
    answered and its object is no longer in `made` (taken back, deleted, or another owner's).
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


def store_answer(call: IdempotentCall, response: Response) -> None:
    """Store a successful answer. A refusal created nothing, so the same key may be used again."""
    if 200 <= response.status_code < 300:
        IdempotentCall.objects.filter(pk=call.pk).update(
            status=response.status_code, body=json.dumps(json.loads(response.rendered_content))
        )
    else:
        _still_reserved(call).delete()


def release_key(call: IdempotentCall | None) -> None:
    """After an unexpected error, release the key, so that a retry need not wait for the lease to expire."""
    if call is not None:
        _still_reserved(call).update(lease_until=timezone.now())


def was_created_by_retry(error: Exception) -> bool:
    """Whether the object exists already: a retry took over after the lease expired, and finished first."""
    if isinstance(error, DjangoValidationError) and hasattr(error, "error_dict"):
        return any(one.code == "unique" for one in error.error_dict.get("id", []))
    return isinstance(error, IntegrityError)


def still_running() -> Conflict:
    return Conflict(_("Le premier appel est encore en cours. Réessayez dans un instant."), "still_running")


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
        call = IdempotentCall.objects.filter(user=user, key=key).first()
        return (call, False) if call else _get_or_make(user, key, fingerprint)


def _take_over(call: IdempotentCall) -> bool:
    """Take over from a call that crashed. Only the caller that swaps the lease succeeds."""
    now = timezone.now()
    taken = bool(_still_reserved(call).filter(lease_until__lt=now).update(lease_until=now + LEASE))
    if taken:
        call.lease_until, call.taken_over = now + LEASE, True
    return taken


def _still_reserved(call: IdempotentCall) -> QuerySet[IdempotentCall]:
    """The reservation, if this process still holds it: not answered and not taken over meanwhile."""
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
    digest = hashlib.sha256(f"{request.method} {request.get_full_path()}".encode())
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
