"""Reading PDF objects that may be damaged: entries, references, equality (pyHanko has no types).
Imports no Django."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pyhanko.pdf_utils import generic

MAX_PARTS = 200_000  # of one object, nested ones counted
Path = tuple[str, ...]
ELEMENT = "[]"  # no key: names begin with a slash
# encrypted values raw: a signature's string is not encrypted, so it can't be decrypted
AS_WRITTEN = generic.EncryptedObjAccess.RAW
PLAIN = (generic.NumberObject, generic.FloatObject, generic.BooleanObject, generic.NameObject)
STRINGS = (generic.TextStringObject, generic.ByteStringObject)


class TooLarge(Exception):
    """An object has more parts than any document needs."""


def resolved(value: Any) -> Any:
    """What a reference points at; None for null and for what is missing."""
    for _ in range(10):
        if not isinstance(value, generic.IndirectObject):
            break
        value = value.get_object()
    return None if isinstance(value, generic.NullObject | generic.IndirectObject) else value


def raw(dictionary: Any, key: str) -> Any:
    """The entry as written, a reference unresolved; None if it is missing."""
    if not isinstance(dictionary, generic.DictionaryObject) or key not in dictionary:
        return None
    value = dictionary.raw_get(key)
    return None if isinstance(value, generic.NullObject) else value


def entry(dictionary: Any, key: str) -> Any:
    return resolved(raw(dictionary, key))


def items(array: Any) -> list[Any]:
    """The elements as written; empty for any value that is not an array."""
    value = resolved(array)
    return [value.raw_get(place) for place in range(len(value))] if isinstance(value, generic.ArrayObject) else []


def referred(number: int, generation: int, handler: Any) -> Any:
    """The object of that number in `handler` (a reader, or one revision of it)."""
    return resolved(generic.IndirectObject(number, generation, handler))


def number_of(value: Any) -> int | None:
    """The object number of a reference."""
    return int(value.idnum) if isinstance(value, generic.IndirectObject) else None


def is_dictionary(value: Any) -> bool:
    return isinstance(value, generic.DictionaryObject) and not isinstance(value, generic.StreamObject)


def is_stream(value: Any) -> bool:
    return isinstance(value, generic.StreamObject)


def floats(value: Any) -> list[float] | None:
    """Plain numbers, references resolved; None if one is something else."""
    numbers = [resolved(each) for each in items(value)]
    if not all(isinstance(each, generic.NumberObject | generic.FloatObject) for each in numbers):
        return None
    return [float(each) for each in numbers]


def integer(value: Any) -> int:
    number = resolved(value)
    return int(number) if isinstance(number, generic.NumberObject) else 0


def references(value: Any) -> Iterator[int]:
    """The object number of each reference in an object; other objects are not entered."""
    waiting, left = [value], MAX_PARTS
    while waiting:
        part = waiting.pop()
        left -= 1
        if left < 0:
            raise TooLarge
        if isinstance(part, generic.IndirectObject):
            yield int(part.idnum)
        elif isinstance(part, generic.DictionaryObject):
            waiting += [part.raw_get(key) for key in part]
        elif isinstance(part, generic.ArrayObject):
            waiting += items(part)


def paths(value: Any, number: int) -> Iterator[Path]:
    """The places in an object of references to that number: keys from the outside in, ELEMENT for an array's."""
    waiting: list[tuple[Any, Path]] = [(value, ())]
    left = MAX_PARTS
    while waiting:
        part, path = waiting.pop()
        left -= 1
        if left < 0:
            raise TooLarge
        if isinstance(part, generic.IndirectObject):
            if int(part.idnum) == number:
                yield path
        elif isinstance(part, generic.DictionaryObject):
            waiting += [(part.raw_get(key, AS_WRITTEN), (*path, str(key))) for key in part]
        elif isinstance(part, generic.ArrayObject):
            waiting += [(part.raw_get(place, AS_WRITTEN), (*path, ELEMENT)) for place in range(len(part))]


def same(first: Any, second: Any) -> bool:
    """Whether two objects are written alike: references to the same object, streams with the same bytes."""
    waiting, remaining = [(first, second)], MAX_PARTS
    while waiting:
        a, b = waiting.pop()
        remaining -= 1
        if remaining < 0:
            raise TooLarge
        if is_stream(a) != is_stream(b) or (is_stream(a) and not _same_content(a, b)):
            return False
        parts = _paired(a, b)
        if parts is None:
            return False
        waiting += parts
    return True


def differing(first: Any, second: Any) -> set[str]:
    """The keys under which two dictionaries differ."""
    return {key for key in {*first, *second} if not same(raw(first, key), raw(second, key))}


def _paired(a: Any, b: Any) -> list[tuple[Any, Any]] | None:
    """The parts of two objects that remain to be compared; None if the objects differ already."""
    if isinstance(a, generic.DictionaryObject) and isinstance(b, generic.DictionaryObject):
        if set(a) != set(b):
            return None
        # How the length is written does not matter: the bytes have been compared.
        ignored = {"/Length"} if is_stream(a) else set()
        return [(a.raw_get(key), b.raw_get(key)) for key in a if key not in ignored]
    if isinstance(a, generic.ArrayObject) and isinstance(b, generic.ArrayObject):
        return list(zip(items(a), items(b), strict=True)) if len(a) == len(b) else None
    return [] if _same_leaf(a, b) else None


def _same_leaf(a: Any, b: Any) -> bool:
    if isinstance(a, generic.IndirectObject) or isinstance(b, generic.IndirectObject):
        return number_of(a) == number_of(b)
    if isinstance(a, STRINGS) and isinstance(b, STRINGS):
        return bytes(a.original_bytes) == bytes(b.original_bytes)
    if isinstance(a, PLAIN):
        return type(a) is type(b) and bool(a == b)
    empty = (generic.NullObject, type(None))
    return isinstance(a, empty) and isinstance(b, empty)


def _same_content(a: Any, b: Any) -> bool:
    """Compare the encoded bytes: readers may decode them differently."""
    return bytes(a.encoded_data) == bytes(b.encoded_data)
