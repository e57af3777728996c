"""Finds which objects refer to which by searching the file's bytes: parsing every object of a large file takes
minutes. Imports no Django.

Bytes that look like a reference count for the object that contains them. If they are in no object (but in a stream,
or in bytes between objects), the hit is unclear and counts against the document.
"""

from __future__ import annotations

import mmap
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import dataclass
from io import UnsupportedOperation
from weakref import WeakKeyDictionary

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.xref import XRefSectionType

from signing.pdf.not_allowed import NotAllowed
from signing.pdf.object_syntax import COMMENTS, END, SPACE, Written, read_value
from signing.pdf.plain_streams import content_of
from signing.pdf.values import is_stream, referred

REFERENCE = re.compile(rb"(?<![0-9])0*+([0-9]{1,10})(?![0-9])%b++[0-9]++%b++R%b" % (COMMENTS, COMMENTS, END))
HEADER = re.compile(rb"%b*+[0-9]++%b++[0-9]++%b++obj" % (SPACE, SPACE, SPACE))
MAX_OBJECT_STREAMS = 20_000
MAX_BYTES = 1 << 20  # of an object, without its stream
MAX_PLACES = 50  # of references to one object, within one object
Content = bytes | mmap.mmap


@dataclass(frozen=True)
class Definition:
    """Where an object is written: at an offset of the file, or at one of the content of an object stream."""

    number: int
    offset: int
    container: int | None = None


class ReferenceHits:
    """Object number → definitions of objects in which, or behind which, a reference to it is found; and where."""

    def __init__(self, reader: PdfFileReader, numbers: Set[int]) -> None:
        self._reader, self.numbers = reader, frozenset(numbers)
        self._found: dict[int, dict[Definition, list[int]]] = {number: {} for number in numbers}
        self._read: dict[Definition, Written | None] = {}
        self._search_file()
        self._search_object_streams()

    def of(self, number: int) -> Mapping[Definition, list[int]]:
        return self._found[number]

    def are_clear(self, definition: Definition, places: list[int]) -> bool:
        """Whether all these references are within that object's value, or in a trailer."""
        if definition not in self._read:
            self._read[definition] = _read(self._reader, definition)
        written = self._read[definition]
        return len(places) < MAX_PLACES and all(
            (written is not None and place < written.value_end)
            or (definition.container is None and any(place in trailer for trailer in self._trailers))
            for place in places
        )

    def _search_file(self) -> None:
        definitions = sorted(_definitions(self._reader), key=lambda each: each.offset)
        with _content(self._reader) as content:
            self._trailers = list(_trailers(self._reader, content))
            self._search(content, 0, definitions)

    def _search_object_streams(self) -> None:
        total = self._reader.xrefs.total_revisions
        streams = {container for index in range(total) for container in _object_streams(self._reader, index)}
        if len(streams) > MAX_OBJECT_STREAMS:
            raise NotAllowed("more object streams than are looked at")
        for container in streams:
            stream = referred(container, 0, self._reader)
            if is_stream(stream):
                content, first = _opened(self._reader, container), int(stream["/First"])
                definitions = sorted(_members(content, first, container), key=lambda each: each.offset)
                self._search(content, first, definitions)

    def _search(self, content: Content, start: int, definitions: list[Definition]) -> None:
        starts = [each.offset for each in definitions]
        for hit in REFERENCE.finditer(content, start):
            target, index = int(hit[1]), bisect_right(starts, hit.start())
            if target in self._found and index:
                places = self._found[target].setdefault(definitions[index - 1], [])
                if len(places) < MAX_PLACES:
                    places.append(hit.start())


_cache: WeakKeyDictionary[PdfFileReader, ReferenceHits] = WeakKeyDictionary()


def reference_hits(reader: PdfFileReader, numbers: Set[int]) -> ReferenceHits:
    """The references to these objects. All signatures of a file share one search: the oldest is judged first and
    needs the most."""
    hits = _cache.get(reader)
    if hits is None or not numbers <= hits.numbers:
        hits = _cache[reader] = ReferenceHits(reader, numbers | hits.numbers if hits else numbers)
    return hits


_contents: WeakKeyDictionary[PdfFileReader, dict[int, bytes]] = WeakKeyDictionary()


def _opened(reader: PdfFileReader, container: int) -> bytes:
    """The content of an object stream, decoded once and not for each object in it. Raises NotAllowed."""
    known = _contents.setdefault(reader, {})
    if container not in known:
        known[container] = content_of(referred(container, 0, reader))
    return known[container]


def written_at(reader: PdfFileReader, definition: Definition) -> Written:
    """The value of an object, read strictly except that comments are allowed. Raises NotAllowed."""
    if definition.container is not None:
        return read_value(_opened(reader, definition.container), definition.offset, comments=True)
    reader.stream.seek(definition.offset)
    content = reader.stream.read(MAX_BYTES)
    header = HEADER.match(content)
    if header is None:
        raise NotAllowed(f"object {definition.number} was not where it is said to be")
    return read_value(content, header.end(), comments=True).moved(definition.offset)


def _read(reader: PdfFileReader, definition: Definition) -> Written | None:
    try:
        return written_at(reader, definition)
    except NotAllowed:
        return None


def _members(content: bytes, first: int, container: int) -> Iterator[Definition]:
    words = [int(word) for word in content[:first].split() if word.isdigit()]
    for number, offset in zip(words[::2], words[1::2], strict=False):
        yield Definition(number, first + offset, container)


def member(reader: PdfFileReader, container: int, number: int) -> Definition:
    """Where an object is in an object stream. Raises NotAllowed unless it is there exactly once."""
    stream = referred(container, 0, reader)
    members = [
        each
        for each in _members(_opened(reader, container), int(stream["/First"]), container)
        if each.number == number
    ]
    if len(members) != 1:
        raise NotAllowed(f"object {number} is not once in its object stream")
    return members[0]


def _object_streams(reader: PdfFileReader, index: int) -> set[int]:
    section = reader.xrefs.get_xref_data(index)
    hybrid = section.hybrid.xref_data.obj_streams_used if section.hybrid else set()
    return section.obj_streams_used | hybrid


def _definitions(reader: PdfFileReader) -> set[Definition]:
    definitions = set()
    for index in range(reader.xrefs.total_revisions):
        meta, section = reader.xrefs.get_xref_container_info(index), reader.xrefs.get_xref_data(index)
        if meta.stream_ref is not None and meta.xref_section_type is XRefSectionType.STREAM:
            definitions.add(Definition(int(meta.stream_ref.idnum), meta.start_location))
        for data in (section, section.hybrid.xref_data if section.hybrid else None):
            for number, (_generation, offset) in data.standard_xrefs.items() if data else ():
                definitions.add(Definition(number, offset))
    return definitions


def _trailers(reader: PdfFileReader, content: Content) -> Iterator[range]:
    """Where the trailers of cross-reference tables are, read strictly except that comments are allowed."""
    for index in range(reader.xrefs.total_revisions):
        meta = reader.xrefs.get_xref_container_info(index)
        if meta.xref_section_type is XRefSectionType.STREAM:
            continue
        start = content.find(b"trailer", meta.start_location) + len(b"trailer")
        try:
            end = read_value(content[start : start + MAX_BYTES], 0, comments=True).end
        except NotAllowed:
            continue
        yield range(start, start + end)


@contextmanager
def _content(reader: PdfFileReader) -> Iterator[Content]:
    """The file's content, mapped instead of copied into memory."""
    try:
        number = reader.stream.fileno()
    except (UnsupportedOperation, AttributeError):
        reader.stream.seek(0)
        yield reader.stream.read()
        return
    with mmap.mmap(number, 0, access=mmap.ACCESS_READ) as content:
        yield content
