"""asn1crypto takes a header that ends in 0x80 for an indefinite length and encodes the value again, twice for each
level that it holds. A definite length ends so, too, once in 256 times: then a signature of 40 kB costs 14 s, and what
is hashed is no longer what was read. What has an indefinite length is given a definite one in one pass. Imports no
Django.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asn1crypto import core

from signing.pdf import ber

Dump = Callable[..., bytes]
PATCHED = (core.Asn1Value, core.Choice, core.Primitive, core.Sequence, core.SequenceOf)


def use() -> None:
    """In this process, from now on. A second call changes nothing."""
    for kind in PATCHED:
        original: Dump = kind.dump
        if not hasattr(original, "measures_lengths"):
            kind.dump = _measuring(original)


def _measuring(original: Dump) -> Dump:
    def dump(self: Any, force: bool = False) -> bytes:
        header = self._header
        if force or not header or header[-1] != 0x80:
            return original(self, force)
        if isinstance(self, core.Choice):
            contents = self.chosen.dump()  # within an explicit tag
        else:
            # Encodes anew, and forgets the header, where a part was set to something else.
            contents = self.contents
            if self._header is None:
                return original(self, force)
        if not self._trailer:
            return bytes(header + contents)
        return ber.definite(bytes(header + contents + self._trailer))

    dump.measures_lengths = True  # type: ignore[attr-defined]
    return dump
