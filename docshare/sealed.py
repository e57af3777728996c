"""All kinds of encrypted data in the database, and their encryption under the key in use.

An encrypted column that is missing in KINDS would be lost with a dropped key (tests/docshare/test_rotate_keys.py
searches for such columns). Rows are read in batches without a lock, and each is written separately if it is unchanged
(compare and set), so the site works meanwhile and nothing can deadlock. A killed run leaves each row under one key or
the other, and the next run continues.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from allauth.mfa.models import Authenticator
from django.db.models import Model

from accounts import factor_secrets
from documents.models import Consent, FillingDraft, Task, UndoableAct
from files.models import KeptPage
from imports.models import CalendarItem, CalendarSubscription, Import, ImportLine, ImportPart
from notifications.models import Message
from portals.models import IdempotentCall
from questionnaires.models import QuestionnaireResponse
from sealing.columns import CannotOpen, Sealed, SealedTextField
from sealing.key_checks import SECRET_KEY, SIGNING_PASSPHRASE
from signing.models import InstallationAuthority, SigningCredential
from signing.passphrases import passphrases
from signing.pdf.keys import KeyNotOpened, sealed_again
from webhooks.models import WebhookEndpoint

BATCH = 100
Changes = dict[str, tuple[Any, Any]]


@dataclass
class RowCounts:
    """Numbers of rows: under the key in use already, encrypted again (or to be), and decrypted by no
    available key."""

    current: int = 0
    former: int = 0
    unreadable: int = 0


@dataclass(frozen=True)
class Kind:
    """`empty`: the columns' values in rows without encrypted data. `seal_again`: for a row, the present and the new
    values of the columns that change; raises CannotOpen or KeyNotOpened."""

    name: str
    secret: str
    model: type[Model]
    columns: tuple[str, ...]
    empty: dict[str, Any]
    seal_again: Callable[[Any], Changes]

    def walk(self, *, write: bool) -> RowCounts:
        """Every row, in the order of ids. A row that changes meanwhile is left to the next walk."""
        tally, last = RowCounts(), None
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

    def _judge(self, row: Model, tally: RowCounts, *, write: bool) -> None:
        try:
            changes = self.seal_again(row)
        except (CannotOpen, KeyNotOpened):
            tally.unreadable += 1
            return
        if not changes:
            tally.current += 1
            return
        if write:
            as_read = {column: stored for column, (stored, _again) in changes.items()}
            again = {column: again for column, (_stored, again) in changes.items()}
            tally.former += self.model._default_manager.filter(pk=row.pk, **as_read).update(**again)
        else:
            tally.former += 1


def unreadable() -> Iterator[str]:
    """A line for each kind with rows that no available key decrypts."""
    for kind in KINDS:
        if count := kind.walk(write=False).unreadable:
            yield f"{kind.name}: {count} open with no key that is given (docs/operating.md, Keys)"


def _texts(*columns: str) -> Callable[[Model], Changes]:
    """A kind whose columns are each a SealedTextField."""

    def seal_again(row: Model) -> Changes:
        changes: Changes = {}
        for column in columns:
            field = row._meta.get_field(column)
            assert isinstance(field, SealedTextField)
            stored = field.sealed_text_of(row)
            if stored and not stored.is_current():
                changes[column] = stored, Sealed.of(stored.open())
        return changes

    return seal_again


def _second_factor(row: Authenticator) -> Changes:
    """Plain ones stay plain, because the version that wrote them may still run and can't read encrypted ones."""

    def seal_again(stored: str) -> str:
        return factor_secrets.sealed_again(stored) if stored.startswith(factor_secrets.PREFIX) else stored

    again = factor_secrets.with_secrets(row.data, seal_again)
    return {} if again == row.data else {"data": (row.data, again)}


def _signing_key(row: InstallationAuthority | SigningCredential) -> Changes:
    """Nothing for a key that is stored elsewhere."""
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
    _of_texts("names of imported files", Import, "name"),
    _of_texts("lines to import", ImportPart, "rows"),
    _of_texts("sentences about imported lines", ImportLine, "detail"),
    _of_texts("documents being filled in", FillingDraft, "typed"),
    _of_texts("what can be undone", UndoableAct, "journal"),
    _of_texts("documents to sign", Task, "answers", "sentence"),
    _of_texts("sentences about signatures", Consent, "sentence"),
    _of_texts("answers to questionnaires", QuestionnaireResponse, "answers"),
    _of_texts("pages kept for display", KeptPage, "content"),
    _of_texts("addresses of calendars", CalendarSubscription, "address"),
    _of_texts("sentences about events of calendars", CalendarItem, "detail"),
    Kind(
        "second factors", SECRET_KEY, Authenticator, ("data",), {"type": Authenticator.Type.WEBAUTHN}, _second_factor
    ),
    _of_keys("keys of authorities", InstallationAuthority),
    _of_keys("practitioners' signing keys", SigningCredential),
)
