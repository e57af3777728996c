"""Issues, finds and revokes API tokens."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.identity import in_one_line
from accounts.models import ApiToken, Scope, User
from audit.trail import record
from schema.composed import composed_once

LAST_USED_PRECISION = timedelta(minutes=1)  # a write at every call would cost more than the precision is worth


@transaction.atomic
def issue_token(
    *,
    user: User,
    name: str,
    scopes: Iterable[Scope],
    lifetime: timedelta = timedelta(days=365),
    by: User | None,
) -> tuple[ApiToken, str]:
    """A new token and its secret, which is shown once and not stored."""
    secret = secrets.token_urlsafe(32)
    token = ApiToken(
        user=user,
        name=in_one_line(name),
        token_hash=token_hash(secret),
        scopes=sorted(Scope(scope).value for scope in scopes),
        expires_at=timezone.now() + lifetime,
    )
    token.full_clean()
    token.save()
    record("api_token.issued", by=by, on=token, detail={"scopes": token.scopes})
    return token, secret


@transaction.atomic
def revoke_token(*, token: ApiToken, by: User | None) -> None:
    """The token is refused from the next request on. Revoking twice changes nothing."""
    if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now()):
        record("api_token.revoked", by=by, on=token)


@transaction.atomic
def revoke_all(*, user: User, by: User | None, keep: Collection[uuid.UUID] = ()) -> int:
    """Revoke every valid token of the account except those to `keep`; returns their number."""
    ending = list(ApiToken.objects.valid_of(user).exclude(pk__in=keep))
    for token in ending:
        revoke_token(token=token, by=by)
    return len(ending)


def find_token(secret: str) -> ApiToken | None:
    """The valid token of this secret, with its user."""
    now = timezone.now()
    token = next(iter(_valid(token_hash(secret), now)), None)
    if token and (token.last_used_at is None or now - token.last_used_at > LAST_USED_PRECISION):
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token


@composed_once
def _valid(hashed: str, now: datetime) -> QuerySet[ApiToken]:
    return ApiToken.objects.valid(now).filter(token_hash=hashed).select_related("user")


def token_hash(secret: str) -> str:
    """SHA-256: a slow hash would add nothing, because the secret has 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()
