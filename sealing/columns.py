"""Encrypted text columns: links and codes in unsent messages, secrets of webhooks and of second factors.

A dump of the database alone must not reveal them.

Fernet (AES-128-CBC and HMAC-SHA-256), the key derived from SECRET_KEY; SECRET_KEY_FALLBACKS still decrypt, and
`manage.py rotate_keys` encrypts their texts again under SECRET_KEY (docs/decisions/0024).
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.query_utils import DeferredAttribute


class CannotOpen(Exception):
    """The text was encrypted under a key that is neither SECRET_KEY nor one of SECRET_KEY_FALLBACKS, or is
    damaged."""


@lru_cache(maxsize=4)
def _fernets(keys: tuple[str, ...]) -> list[Fernet]:
    return [
        Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"docshare.sealed-text:" + key.encode()).digest()))
        for key in keys
    ]


def _ours() -> list[Fernet]:
    return _fernets((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


@dataclass(frozen=True)
class Sealed:
    """A sealed text as the database stores it."""

    token: str

    @classmethod
    def of(cls, text: str) -> Sealed:
        return cls(_ours()[0].encrypt(text.encode()).decode())

    def open(self) -> str:
        """Raises CannotOpen."""
        try:
            return MultiFernet(_ours()).decrypt(self.token.encode()).decode()
        except InvalidToken:
            raise CannotOpen from None

    def can_be_opened(self) -> bool:
        try:
            self.open()
        except CannotOpen:
            return False
        return True

    def is_current(self) -> bool:
        """Whether it is encrypted under SECRET_KEY itself."""
        try:
            _ours()[0].decrypt(self.token.encode())
        except InvalidToken:
            return False
        return True


class _OpenedWhenRead(DeferredAttribute):
    """Decrypts a text when the attribute is read, so that one damaged text does not fail the whole queryset."""

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        if instance is None:
            return self
        stored = instance.__dict__.get(self.field.attname)
        if isinstance(stored, Sealed):
            stored = instance.__dict__[self.field.attname] = stored.open()
        return super().__get__(instance, cls) if stored is None else stored

    def __set__(self, instance: Any, value: Any) -> None:
        instance.__dict__[self.field.attname] = value


def unreadable_texts(instance: models.Model) -> dict[str, str]:
    """The encrypted texts of an instance just read from the database that no key of this site opens, by column."""
    fields = (field for field in instance._meta.local_fields if isinstance(field, SealedTextField))
    texts = ((field.name, field.sealed_text_of(instance)) for field in fields)
    return {name: text.token for name, text in texts if text is not None and not text.can_be_opened()}


class SealedTextField(models.TextField[str, str]):
    """A text that is encrypted in the database and plain in Python. Reading one that cannot be decrypted raises
    CannotOpen; saving the row leaves it unchanged."""

    descriptor_class = _OpenedWhenRead

    def get_prep_value(self, value: Any) -> Any:
        if isinstance(value, Sealed):
            return value.token
        return Sealed.of(str(value)).token if value else value

    def from_db_value(self, value: Any, expression: Any, connection: BaseDatabaseWrapper) -> Any:
        return Sealed(value) if value else value

    def sealed_text_of(self, instance: models.Model) -> Sealed | None:
        """The sealed text of an instance just read from the database; None if the column is empty."""
        stored = instance.__dict__.get(self.attname)
        return stored if isinstance(stored, Sealed) else None

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        return self.sealed_text_of(model_instance) or super().pre_save(model_instance, add)
