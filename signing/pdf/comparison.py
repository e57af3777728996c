"""The objects of a file as they were when it was signed, and as they are now. Imports no Django."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

from pyhanko.pdf_utils.reader import PdfFileReader

from signing.pdf.not_allowed import NotAllowed
from signing.pdf.reference_hits import Definition, member, reference_hits, written_at
from signing.pdf.values import Path, integer, paths, raw, references, referred, same

MAX_TOUCHED = 20_000  # objects that later updates write, counted for each signature of a file
MAX_STEPS = 500_000  # through the lists of object streams: pyHanko starts again for each object
UNCLEAR = 0  # not a valid object number
TRAILER_REFERENCES = ("/Root", "/Info", "/Encrypt")
Use = tuple[int, Path]  # the object that refers to another, and the place of the reference in it


@dataclass(frozen=True)
class _Place:
    generation: int
    offset: int | None  # None in an object stream
    container: int | None


class Comparison:
    """`revision`: the last that the signature covers, up to byte `signed_end`. Objects are named by their number
    alone: viewers do not look at generations."""

    def __init__(self, reader: PdfFileReader, revision: int, signed_end: int) -> None:
        self.reader, self.revision, self.signed_end = reader, revision, signed_end
        self.signed = reader.get_historical_resolver(revision)
        self._uses: dict[int, frozenset[Use]] = {}
        last = reader.xrefs.total_revisions - 1
        self.touched = {number for index in range(revision + 1, last + 1) for number in _numbers(reader, index)}
        _spend(reader, len(self.touched), MAX_TOUCHED)
        self._before = {number: self._place(number, revision) for number in self.touched}
        self._after = {number: self._place(number, last) for number in self.touched}
        self._check_numbers()
        self._check_cost()

    def _check_numbers(self) -> None:
        for number, before in self._before.items():
            after = self._after[number]
            if before and after and before.generation != after.generation:
                raise NotAllowed(f"object {number} in another generation")
        replaced = self.touched & self._containers
        if any(self._before[number] != self._after[number] for number in replaced):
            raise NotAllowed("an object stream replaced, and with it the objects that it holds")

    def _check_cost(self) -> None:
        places = [place for place in (*self._before.values(), *self._after.values()) if place and place.container]
        containers = {place.container for place in places}
        sizes = {number: integer(raw(referred(number or 0, 0, self.reader), "/N")) for number in containers}
        if sum(max(0, sizes[place.container]) for place in places) > MAX_STEPS:
            raise NotAllowed("more objects than are looked at")

    @cached_property
    def _containers(self) -> set[int]:
        sections = [self.reader.xrefs.get_xref_data(index) for index in range(self.revision + 1)]
        hybrids = [section.hybrid.xref_data for section in sections if section.hybrid]
        return {container for data in [*sections, *hybrids] for container in data.obj_streams_used}

    def _place(self, number: int, revision: int) -> _Place | None:
        """The place of an object in a revision; None if it is free or never existed."""
        for index in range(revision, -1, -1):
            section = self.reader.xrefs.get_xref_data(index)
            for data in (section, section.hybrid.xref_data if section.hybrid else None):
                if data is None:
                    continue
                if number in data.xrefs_in_objstm:
                    return _Place(0, None, data.xrefs_in_objstm[number].obj_stream_id)
                if number in data.standard_xrefs:
                    return _Place(*data.standard_xrefs[number], None)
                if number in data.freed:
                    return None
        return None

    @cached_property
    def signed_size(self) -> int:
        """The /Size that the trailer stated when it was signed."""
        return integer(raw(self.signed.trailer_view, "/Size"))

    @cached_property
    def highest_signed(self) -> int:
        """The highest number of an object that was there when it was signed."""
        return max(
            (
                number
                for index in range(self.revision + 1)
                for number in _numbers(self.reader, index)
                if self._place(number, self.revision) is not None
            ),
            default=0,
        )

    @cached_property
    def signed_offsets(self) -> dict[int, int]:
        """Offsets at signing time of the objects that a later update rewrites."""
        return {number: place.offset for number, place in self._before.items() if place and place.offset is not None}

    def was(self, number: int) -> Any:
        """The object when it was signed; None if there was none."""
        place = self._before[number] if number in self._before else self._place(number, self.revision)
        return None if place is None else self._read(number, place.generation, self.signed)

    def now(self, number: int) -> Any:
        place = self._after[number] if number in self._after else self._place(number, self.revision)
        return None if place is None else self._read(number, place.generation, self.reader)

    def _read(self, number: int, generation: int, handler: Any) -> Any:
        return referred(number, generation, handler)

    @cached_property
    def changed(self) -> frozenset[int]:
        """Numbers of objects that existed when the document was signed and have changed since."""
        there = {number for number in self.touched if self._before[number] is not None}
        return frozenset(
            number
            for number in there
            if self._before[number] != self._after[number] and not same(self.was(number), self.now(number))
        )

    def check_generations(self, references: Iterable[tuple[int, int]]) -> None:
        """Require that references name existing generations: viewers find an object by its number, whatever the
        generation."""
        last = self.reader.xrefs.total_revisions - 1
        for number, generation in references:
            place = self._after[number] if number in self._after else self._place(number, last)
            if place is not None and place.generation != generation:
                raise NotAllowed(f"a reference to object {number} in another generation")

    def check_was_clear(self) -> None:
        """Require that all readers understood the rewritten objects alike when they were signed: a dictionary with an
        entry written twice means different things to different readers."""
        for number, place in self._before.items():
            if place is not None and place != self._after[number]:
                written_at(self.reader, self._definition(number, place))

    def _definition(self, number: int, place: _Place) -> Definition:
        if place.offset is not None:
            return Definition(number, place.offset)
        return member(self.reader, place.container or 0, number)

    @cached_property
    def new(self) -> frozenset[int]:
        return frozenset(number for number in self.touched if self._before[number] is None)

    def search(self, numbers: Iterable[int | None]) -> None:
        """Search for the references to all of these objects at once: each search reads the whole file."""
        reference_hits(self.reader, self.touched | {number for number in numbers if number is not None})

    def users(self, number: int) -> frozenset[int]:
        """The objects that referred to this one when it was signed; UNCLEAR among them if there may be more."""
        return frozenset(user for user, _path in self.uses(number))

    def uses(self, number: int) -> frozenset[Use]:
        """Like `users`, with the place of each reference: one object may refer to another in two roles."""
        if number not in self._uses:
            hits = reference_hits(self.reader, self.touched | {number})
            result: set[Use] = set()
            for definition, places in hits.of(number).items():
                if not self._is_signed(definition):
                    continue
                if not hits.are_clear(definition, places):
                    result.add((UNCLEAR, ()))
                else:
                    result |= {(definition.number, path) for path in self._refers(definition, number)}
            self._uses[number] = frozenset(result)
        return self._uses[number]

    def _is_signed(self, definition: Definition) -> bool:
        """Whether it lies within the signed bytes."""
        if definition.container is None:
            return definition.offset < self.signed_end
        return definition.container in self._containers

    def _refers(self, definition: Definition, number: int) -> set[Path]:
        place = self._place(definition.number, self.revision)
        if place is None or place.container != definition.container:
            return set()
        if place.offset not in (None, definition.offset):
            return set()  # an outdated definition
        references = set(paths(self._read(definition.number, place.generation, self.signed), number))
        if definition.number in self._section_streams:
            return {path for path in references if path[0] not in TRAILER_REFERENCES}
        return references

    @cached_property
    def _section_streams(self) -> set[int]:
        """Cross-reference streams: objects, and trailers too."""
        return {int(reference.idnum) for reference in self.reader.xrefs.xref_stream_refs}

    def still_used(self, number: int) -> bool:
        """Whether anything that was there when it was signed refers to the object now."""
        return any(
            user == UNCLEAR or user not in self.changed or number in references(self.now(user))
            for user in self.users(number)
            if user == UNCLEAR or self.now(user) is not None
        )


_spent: WeakKeyDictionary[PdfFileReader, int] = WeakKeyDictionary()


def _spend(reader: PdfFileReader, objects: int, most: int) -> None:
    """Bound what all signatures of a file cost together. Raises NotAllowed."""
    _spent[reader] = _spent.get(reader, 0) + objects
    if _spent[reader] > most:
        raise NotAllowed("more objects than are looked at")


def _numbers(reader: PdfFileReader, index: int) -> Iterator[int]:
    section = reader.xrefs.get_xref_data(index)
    for data in (section, section.hybrid.xref_data if section.hybrid else None):
        if data is not None:
            yield from (*data.standard_xrefs, *data.xrefs_in_objstm, *data.freed)
