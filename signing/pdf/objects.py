"""PDF objects from Python values (pyHanko's own constructors have no types). Imports no Django."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pyhanko.pdf_utils import generic

Entries = Mapping[str, generic.PdfObject | str | int]


def number(value: float) -> generic.PdfObject:
    made: generic.PdfObject = (
        generic.NumberObject(value) if isinstance(value, int) else generic.FloatObject(round(value, 4))
    )
    return made


def array(values: Iterable[generic.PdfObject]) -> generic.ArrayObject:
    return generic.ArrayObject(values)


def numbers(values: Iterable[float]) -> generic.ArrayObject:
    return array(map(number, values))


def dictionary(entries: Entries) -> generic.DictionaryObject:
    """A str becomes a name: "/Font"."""
    return generic.DictionaryObject({generic.pdf_name(key): _made(value) for key, value in entries.items()})


def stream(content: bytes, entries: Entries | None = None) -> generic.StreamObject:
    """A stream, compressed with Flate."""
    made = generic.StreamObject(dictionary(entries or {}), stream_data=content)
    made.compress()
    return made


def compressed_stream(content: bytes, entries: Entries) -> generic.StreamObject:
    """A stream of content that is compressed with Flate already."""
    flate: Entries = {"/Filter": "/FlateDecode"}
    return generic.StreamObject(dictionary({**entries, **flate}), encoded_data=content)


def _made(value: generic.PdfObject | str | int) -> generic.PdfObject:
    if isinstance(value, generic.PdfObject):
        return value
    return generic.pdf_name(value) if isinstance(value, str) else number(value)
