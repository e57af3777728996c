"""Corrects how asn1crypto treats lengths of ASN.1 values, which costs seconds per signature. Imports no Django.

asn1crypto takes a header that ends in 0x80 for an indefinite length and encodes the value again, twice for each level
that it contains. One definite length in 256 ends in 0x80, too: a signature of 40 kB then costs 14 s, and the hashed
bytes are no longer the bytes of the file. Here, values with an indefinite length get a definite one in one pass.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asn1crypto import core

from signing.pdf import ber

Dump = Callable[..., bytes]
PATCHED = (core.Asn1Value, core.Choice, core.Primitive, core.Sequence, core.SequenceOf)


def use() -> None:
    """Install the correction in this process. A second call changes nothing."""
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
            # asn1crypto encodes anew, and drops the header, if a part was replaced.
            contents = self.contents
            if self._header is None:
                return original(self, force)
        if not self._trailer:
            return bytes(header + contents)
        return ber.definite(bytes(header + contents + self._trailer))

    dump.measures_lengths = True  # type: ignore[attr-defined]
    return dump
