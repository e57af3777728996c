"""A kind of change after a signature, and how to create documents of that kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pyhanko.sign.fields import MDPPerm

from tests.signing.changed.documents import CATALOG, Update, document, stream
from tests.signing.changed.signers import signers

PROOF = stream(b"\x30\x03\x02\x01\x01")


@dataclass(frozen=True)
class Kind:
    section: str
    what: str
    verdict: str
    make: Callable[[], bytes]
    because: str = ""  # part of the reason, if the verdict is "other"


@lru_cache(maxsize=1)
def whole() -> bytes:
    """Signed by this site on the second page, and certified."""
    return signers().sign_here(document())


@lru_cache(maxsize=1)
def packed() -> bytes:
    """The same document with object streams."""
    return signers().sign_here(document(True))


@lru_cache(maxsize=4)
def approved(**objects: bytes) -> bytes:
    """Signed as by versions before certification: no DocMDP, nothing visible."""
    return signers().sign_again(document(**objects), signers().alice, "Alice")


@lru_cache(maxsize=4)
def certified(permission: MDPPerm) -> bytes:
    return signers().sign_again(document(), signers().alice, "Alice", certify=True, docmdp_permissions=permission)


def changed(change: Callable[[Update], object], base: Callable[[], bytes] = whole, **how: Any) -> Callable[[], bytes]:
    def make() -> bytes:
        update = Update(base())
        change(update)
        return update.done(**how)

    return make


def edit(number: int, old: bytes, new: bytes) -> Callable[[], bytes]:
    return changed(lambda update: update.edit(number, old, new))


def more(number: int, entries: bytes) -> Callable[[], bytes]:
    return changed(lambda update: update.add(number, entries))


def put(number: int, body: bytes) -> Callable[[], bytes]:
    return changed(lambda update: update.put(number, body))


def store(update: Update) -> None:
    """Adds a security store."""
    proof = update.put(None, PROOF)
    update.add(CATALOG, b"/DSS %d 0 R" % update.put(None, b"<< /Certs [%d 0 R] >>" % proof))
