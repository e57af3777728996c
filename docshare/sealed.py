"""Everything that is sealed in the database, kind by kind, and sealing it again under the key in use.

One registry: a column that is sealed and not in KINDS would be lost with the key that is dropped
(tests/docshare/test_rotate_keys.py looks for such). Rows are read by batches without a lock, and each is written by
itself if it still holds what was read (compare and set): the site works meanwhile, nobody waits for long, and nothing
can deadlock. A run that was killed leaves each row under one key or the other, and the next run goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from allauth.mfa.models import Authenticator
from django.db.models import Model

from accounts import factor_secrets
from notifications.models import Message
from portals.models import IdempotentCall
from sealing.columns import CannotOpen, Sealed, SealedTextField
from sealing.key_checks import SECRET_KEY, SIGNING_PASSPHRASE
from signing.models import InstallationAuthority, SigningCredential
from signing.passphrases import passphrases
from signing.pdf.keys import KeyNotOpened, sealed_again
from webhooks.models import WebhookEndpoint

BATCH = 100
Changes = dict[str, tuple[Any, Any]]


@dataclass
class Tally:
    """Rows: sealed under the key in use already, sealed again (or to be), and opened by no key that is given."""

    current: int = 0
    former: int = 0
    unreadable: int = 0


@dataclass(frozen=True)
class Kind:
    """`empty`: what columns hold in rows that keep nothing sealed. `seal_again`: of the columns of a row that change,
    what they hold and what they shall hold; raises CannotOpen or KeyNotOpened."""

    name: str
    secret: str
    model: type[Model]
    columns: tuple[str, ...]
    empty: dict[str, Any]
    seal_again: Callable[[Any], Changes]

    def walk(self, *, write: bool) -> Tally:
        """Every row, in the order of ids. A row that changes meanwhile is left to the next walk."""
        tally, last = Tally(), None
        while True:
            batch = self._batch(after=last)
            for row in batch:
                self._judge(row, tally, write=write)
            if len(batch) < BATCH:
                return tally
            last = batch[-1].pk

    def _batch(self, *, after: Any) -> list[Model]:
        rows = self.model._default_manager.exclude(**self.empty).order_by("pk").only("pk", *self.columns)
        return list((rows.filter(pk__gt=after) if after is not None else rows)[:BATCH])

    def _judge(self, row: Model, tally: Tally, *, write: bool) -> None:
        try:
            changes = self.seal_again(row)
        except (CannotOpen, KeyNotOpened):
            tally.unreadable += 1
            return
        if not changes:
            tally.current += 1
            return
        if write:
            as_read = {column: kept for column, (kept, _again) in changes.items()}
            again = {column: again for column, (_kept, again) in changes.items()}
            tally.former += self.model._default_manager.filter(pk=row.pk, **as_read).update(**again)
        else:
            tally.former += 1


def unreadable() -> Iterator[str]:
    """A line for each kind of which something opens with no key that is given."""
    for kind in KINDS:
        if count := kind.walk(write=False).unreadable:
            yield f"{kind.name}: {count} open with no key that is given (docs/operating.md, Keys)"


def _texts(*columns: str) -> Callable[[Model], Changes]:
    """Of columns that are a SealedTextField."""

    def seal_again(row: Model) -> Changes:
        changes: Changes = {}
        for column in columns:
            field = row._meta.get_field(column)
            assert isinstance(field, SealedTextField)
            kept = field.kept_in(row)
            if kept and not kept.is_current():
                changes[column] = kept, Sealed.of(kept.open())
        return changes

    return seal_again


def _second_factor(row: Authenticator) -> Changes:
    """Plain ones stay plain: the version that wrote them may still run beside this one, and reads no sealed ones."""

    def seal_again(kept: str) -> str:
        return factor_secrets.sealed_again(kept) if kept.startswith(factor_secrets.PREFIX) else kept

    again = factor_secrets.with_secrets(row.data, seal_again)
    return {} if again == row.data else {"data": (row.data, again)}


def _signing_key(row: InstallationAuthority | SigningCredential) -> Changes:
    """Nothing of a key that is elsewhere."""
    again = sealed_again(bytes(row.private_key), *passphrases()) if row.private_key else None
    return {"private_key": (row.private_key, again)} if again else {}


def _of_texts(name: str, model: type[Model], *columns: str) -> Kind:
    return Kind(name, SECRET_KEY, model, columns, dict.fromkeys(columns, ""), _texts(*columns))


def _of_keys(name: str, model: type[Model]) -> Kind:
    return Kind(name, SIGNING_PASSPHRASE, model, ("private_key",), {"private_key": b""}, _signing_key)


KINDS = (
    _of_texts("queued messages", Message, "body", "html", "calendar"),
    _of_texts("secrets of webhooks", WebhookEndpoint, "secret"),
    _of_texts("answers of the API", IdempotentCall, "body"),
    Kind(
        "second factors", SECRET_KEY, Authenticator, ("data",), {"type": Authenticator.Type.WEBAUTHN}, _second_factor
    ),
    _of_keys("keys of authorities", InstallationAuthority),
    _of_keys("practitioners' signing keys", SigningCredential),
)
