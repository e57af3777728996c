"""Checks of the bytes behind a signature. Imports no Django.

They must be complete incremental updates and nothing else. Each object must be where its cross-reference says, and
nothing may look like an object to a reader that searches the file for objects.

pyHanko follows the cross-references; viewers that find a fault in them search the file. Both must find the same
objects, or a document could show one thing to a verifier and another to a reader.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.xref import XRefSectionType

from signing.pdf.not_allowed import NotAllowed
from signing.pdf.object_syntax import SPACE, Written, read_object, read_value
from signing.pdf.plain_streams import check_section_streams, content_of
from signing.pdf.values import entry, is_stream, referred

MAX_OBJECTS = 5_000  # of all updates behind a signature
HEADER = re.compile(rb"([0-9]{1,10})%b++([0-9]{1,5})%b++obj" % (SPACE, SPACE))
ANY_OBJECT = re.compile(
    rb"(?<![0-9])[0-9]++(?:%b++|%%[^\r\n]*+[\r\n])++[0-9]++(?:%b|%%[^\r\n]*+[\r\n])*+obj" % (SPACE, SPACE)
)
TABLE = re.compile(
    rb"xref%b*?[\r\n]+((?:[0-9]+ [0-9]+ ?[\r\n]+(?:[0-9]{10} [0-9]{5} [nf](?: \r| \n|\r\n))*+)++)trailer" % SPACE
)
SUBSECTION = re.compile(rb"([0-9]+) ([0-9]+) ?[\r\n]+((?:[0-9]{10} [0-9]{5} [nf](?: \r| \n|\r\n))*+)")
LAST_WORDS = re.compile(
    rb"(?P<between>(?:%b++|%%[^\r\n]*+[\r\n])*+)startxref%b++([0-9]{1,12})%b++%%%%EOF" % (SPACE, SPACE, SPACE)
)
BETWEEN = re.compile(rb"(?:%b++|%%[^\r\n]*+(?:[\r\n]|\Z))*+" % SPACE)  # objects: white space and comments
SUSPECT = re.compile(rb"obj|xref|trailer|stream")  # in a comment
ENTRY_BYTES = 20

Region = tuple[int, int]
Trailer = Mapping[bytes, bytes]


@dataclass(frozen=True)
class _Update:
    """One cross-reference section and what it lists: object number → (generation, offset in the file)."""

    start: int
    previous: int
    listed: Mapping[int, tuple[int, int]]
    in_streams: Mapping[int, Any]  # object number → where in which object stream
    freed: frozenset[int]
    stream: int | None  # object number of the section, if it is a stream


class Appended:
    """What was added behind byte `first` of the file, in the revisions after `revision`."""

    def __init__(self, reader: PdfFileReader, revision: int, first: int) -> None:
        self._reader, self._first = reader, first
        reader.stream.seek(first)
        self._bytes: bytes = reader.stream.read()
        self._updates = list(_updates(reader, revision, first))
        self._at: dict[int, int] = {}  # offset of an object: its number
        self._regions: list[Region] = []
        self.trailers: list[Trailer] = []
        self.references: set[tuple[int, int]] = set()  # all references in the updates: object number and generation

    @property
    def highest(self) -> list[int]:
        """For each update, the highest number that it lists."""
        return [max([0, *each.listed, *each.in_streams]) for each in self._updates]

    def check(self, signed_offsets: Mapping[int, int]) -> None:
        """Raises NotAllowed. `signed_offsets`: where the objects were that were there when it was signed."""
        if not self._updates:
            raise NotAllowed("bytes that belong to no revision")
        check_section_streams(self._reader)
        for update in self._updates:
            self._read_listed(update, signed_offsets)
            self._read_section(update)
            self._read_object_streams(update)
        self._check_between_objects()
        self._check_inside_objects()

    def _read_listed(self, update: _Update, signed_offsets: Mapping[int, int]) -> None:
        for number, (generation, offset) in update.listed.items():
            if offset < self._first:
                if signed_offsets.get(number) != offset:
                    raise NotAllowed(f"object {number} is somewhere else among what was signed")
            elif offset not in self._at:
                self._read_object(number, generation, offset)
            elif self._at[offset] != number:
                raise NotAllowed(f"two objects at {offset}")
        if len(self._at) > MAX_OBJECTS:
            raise NotAllowed("more objects than are looked at")

    def _read_object(self, number: int, generation: int, offset: int) -> Written:
        place = offset - self._first
        header = HEADER.match(self._bytes, place)
        if header is None or (int(header[1]), int(header[2])) != (number, generation):
            raise NotAllowed(f"object {number} is not where it is said to be")
        written = read_object(self._bytes, header.end(), self._length)
        self._at[offset] = number
        self._regions.append((place, written.end))
        self.references |= written.references
        return written

    def _length(self, stated: bytes) -> int:
        if stated.isdigit():
            return int(stated)
        number, generation, _r = stated.split()
        length = referred(int(number), int(generation), self._reader)
        if not isinstance(length, generic.NumberObject) or length < 0:
            raise NotAllowed("a stream without length")
        return int(length)

    def _read_section(self, update: _Update) -> None:
        """Read the section itself, its trailer, and the startxref and %%EOF that end the update."""
        place = update.start - self._first
        if update.stream is None:
            written = self._read_table(update, place)
        else:
            header = HEADER.match(self._bytes, place)
            if header is None or int(header[1]) != update.stream:
                raise NotAllowed("a cross-reference stream that is not where it is said to be")
            written = read_object(self._bytes, header.end(), self._length)
            self._check_rows(update, written)
            if update.start not in self._at:  # the standard lets a section leave itself out
                self._regions.append((place, written.end))
            place = written.end
            if self._at.setdefault(update.start, update.stream) != update.stream:
                raise NotAllowed("a cross-reference stream in the place of another object")
        last = LAST_WORDS.match(self._bytes, written.end)
        if last is None or int(last[2]) != update.start or SUSPECT.search(last["between"]):
            raise NotAllowed("an update without end")
        if written.entries.get(b"/Prev") != b"%d" % update.previous or b"/XRefStm" in written.entries:
            raise NotAllowed("an update that does not follow the one before")
        self.trailers.append(written.entries)
        self.references |= written.references
        self._regions.append((place, last.end()))

    def _read_table(self, update: _Update, place: int) -> Written:
        table = TABLE.match(self._bytes, place)
        if table is None:
            raise NotAllowed("a cross-reference table that readers may understand differently")
        listed: dict[int, tuple[int, int]] = {}
        seen: set[int] = set()
        freed: set[int] = set()
        for first, count, entries in SUBSECTION.findall(table[1]):
            if len(entries) != int(count) * ENTRY_BYTES:
                raise NotAllowed("a cross-reference table of another length than it says")
            for index in range(int(count)):
                number, line = int(first) + index, entries[index * ENTRY_BYTES : (index + 1) * ENTRY_BYTES]
                if number in seen:
                    raise NotAllowed(f"object {number} twice in a table")
                seen.add(number)
                if line[17:18] == b"n" and number:
                    listed[number] = (int(line[11:16]), int(line[:10]))
                elif number:
                    freed.add(number)
                    if line[11:16] == b"65535":  # some readers take this entry for object 0 and renumber the others
                        raise NotAllowed("a table that begins with another object than 0")
        if listed != update.listed or freed != update.freed:
            raise NotAllowed("a cross-reference table that is understood differently")
        return read_value(self._bytes, table.end())

    def _check_rows(self, update: _Update, written: Written) -> None:
        """Require that each row of a cross-reference stream has a known type: some readers take other types
        for null."""
        index = written.entries.get(b"/Index", b"[0 %b]" % written.entries.get(b"/Size", b"0")).strip(b"[ ]").split()
        widths = written.entries.get(b"/W", b"").strip(b"[ ]").split()
        if not all(map(bytes.isdigit, (*index, *widths))) or len(index) % 2 or len(widths) != 3:
            raise NotAllowed("a cross-reference stream without sound rows")
        ranges = [(int(first), int(count)) for first, count in zip(index[::2], index[1::2], strict=True)]
        if sum(count for _first, count in ranges) > 2 * MAX_OBJECTS:
            raise NotAllowed("more objects than are looked at")
        rows = [first + place for first, count in ranges for place in range(count)]
        stream = referred(update.stream or 0, 0, self._reader)
        if len(content_of(stream)) != len(rows) * sum(map(int, widths)):
            raise NotAllowed("a cross-reference stream of another length than it says")
        known = [*update.listed, *update.in_streams, *update.freed]
        if sorted(known) != sorted(set(rows) - {0}) or len(rows) != len(set(rows)):
            raise NotAllowed("a cross-reference stream with rows that readers may understand differently")

    def _read_object_streams(self, update: _Update) -> None:
        members: dict[int, dict[int, int]] = {}
        for number, place in update.in_streams.items():
            members.setdefault(place.obj_stream_id, {})[place.ix_in_stream] = number
        for container, numbers in members.items():
            if container not in update.listed or update.listed[container][1] < self._first:
                raise NotAllowed("an object stream that is not part of its update")
            self._read_object_stream(container, update.listed[container][0], numbers)

    def _read_object_stream(self, container: int, generation: int, numbers: Mapping[int, int]) -> None:
        stream = referred(container, generation, self._reader)
        if not is_stream(stream) or entry(stream, "/Type") != "/ObjStm" or "/Extends" in stream:
            raise NotAllowed(f"object stream {container} is none")
        content, first, count = content_of(stream), int(stream["/First"]), int(stream["/N"])
        header = content[:first].split()
        if count > MAX_OBJECTS or len(header) != 2 * count or not all(map(bytes.isdigit, header)):
            raise NotAllowed(f"object stream {container} has no sound header")
        offsets = [first + int(each) for each in header[1::2]] + [len(content)]
        if {index: int(number) for index, number in enumerate(header[::2])} != dict(numbers):
            raise NotAllowed(f"object stream {container} holds others than are listed")
        for start, end in pairwise(offsets):
            written = read_value(content[:end], start)
            self.references |= written.references
            if content[written.end : end].strip(b"\0\t\n\f\r "):
                raise NotAllowed(f"object stream {container} holds more than is listed")

    def _check_between_objects(self) -> None:
        """Require that every byte belongs to an object, a cross-reference section, white space or a harmless
        comment."""
        place = 0
        for start, end in [*sorted(self._regions), (len(self._bytes), len(self._bytes))]:
            between = self._bytes[place:start]
            if start < place or BETWEEN.fullmatch(between) is None or SUSPECT.search(between):
                raise NotAllowed("bytes between objects, or objects one in another")
            place = end

    def _check_inside_objects(self) -> None:
        """Require that no stream or string contains what looks like an object, a trailer or an end of file."""
        for match in ANY_OBJECT.finditer(self._bytes):
            if match.start() + self._first not in self._at:
                raise NotAllowed("an object inside another")
        tables = sum(update.stream is None for update in self._updates)
        if self._bytes.count(b"startxref") != len(self._updates) or self._bytes.count(b"trailer") != tables:
            raise NotAllowed("a trailer inside an object")


def _updates(reader: PdfFileReader, revision: int, first: int) -> list[_Update]:
    """The updates, oldest first. Raises NotAllowed if sections are out of order, of a mixed kind, or if a signed
    revision is behind the signed bytes."""
    updates = []
    xrefs = reader.xrefs
    starts = [xrefs.get_startxref_for_revision(index) for index in range(xrefs.total_revisions)]
    if any(start >= first for start in starts[: revision + 1]):
        raise NotAllowed("a cross-reference section of what was signed lies behind it")
    for index in range(revision + 1, xrefs.total_revisions):
        meta, section = xrefs.get_xref_container_info(index), xrefs.get_xref_data(index)
        if meta.xref_section_type not in (XRefSectionType.STANDARD, XRefSectionType.STREAM):
            raise NotAllowed("a cross-reference section of two kinds")
        if starts[index] < max(first, starts[index - 1] + 1):
            raise NotAllowed("cross-reference sections out of order")
        stream = None if meta.stream_ref is None else int(meta.stream_ref.idnum)
        updates.append(
            _Update(
                starts[index],
                starts[index - 1],
                section.standard_xrefs,
                section.xrefs_in_objstm,
                frozenset(section.freed),
                stream,
            )
        )
    return updates
