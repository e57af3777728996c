"""Checks additions that serve later validation and are invisible. Imports no Django.

These are the document security store (ISO 32000-2, 12.8.4.3), extension levels and metadata.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree

from pyhanko.pdf_utils import generic

from signing.pdf.comparison import Use
from signing.pdf.not_allowed import NotAllowed
from signing.pdf.review import Review, Roles
from signing.pdf.values import (  # fmt: skip
    PLAIN,
    STRINGS,
    entry,
    is_dictionary,
    is_stream,
    items,
    number_of,
    raw,
    resolved,
    same,
)

PROOFS = ("/Certs", "/CRLs", "/OCSPs")
PROOFS_OF_ONE = ("/Cert", "/CRL", "/OCSP")
STORE_KEYS = {"/Type", "/VRI", *PROOFS}
RECORD_KEYS = {"/Type", "/TU", "/TS", *PROOFS_OF_ONE}
MAX_RECORDS = 1_000
WORDS = ("/Title", "/Author", "/Subject", "/Keywords")
DUBLIN_CORE = "{http://purl.org/dc/elements/1.1/}"
VERSION = re.compile(r"/[12]\.[0-9]\Z")


@dataclass
class _Store:
    """The parts of the security store when the document was signed: numbers of its dictionaries and arrays, and the
    places of the references to them."""

    objects: set[int] = field(default_factory=set)
    roles: set[Use] = field(default_factory=set)

    def enter(self, value: Any, use: Use) -> Use:
        """The place of the entries of the dictionary behind `value`: in an object of its own, or within its owner."""
        self.roles.add(use)
        number = number_of(value)
        if number is None:
            return use
        self.objects.add(number)
        return number, ()


def check_store(review: Review, before: Any, now: Any, root: int) -> None:
    """`before`, `now`: the catalog's /DSS as written; `root`: the catalog's number. Raises NotAllowed."""
    was = _store_as_it_was(before, root)
    if same(before, now) and not was.objects & review.comparison.changed:
        return
    review.comparison.search(was.objects)
    for number in was.objects:
        review.require_only_used_as(number, was.roles, "security store")
    store = resolved(now)
    if store is None:
        raise NotAllowed("the security store was removed")
    if not is_dictionary(store):
        raise NotAllowed("a security store that is none")
    review.explain_if_only_used_as(now, was.roles, "security store")
    if set(store) - STORE_KEYS:
        review.note("not_judged")  # invisible, but its purpose is unknown here
    for key in PROOFS:
        _check_streams(review, raw(store, key), was.roles)
    records = raw(store, "/VRI")
    review.explain_if_only_used_as(records, was.roles, "list of validation records")
    found = resolved(records)
    if found is None:
        return
    if not is_dictionary(found) or len(found) > MAX_RECORDS:
        raise NotAllowed("validation records that are none")
    for name in found:
        if name != "/Type":
            _check_record(review, raw(found, name), was.roles)


def _check_record(review: Review, value: Any, roles: Roles) -> None:
    review.explain_if_only_used_as(value, roles, "validation record")
    record = resolved(value)
    if not is_dictionary(record):
        raise NotAllowed("a validation record that is none")
    if set(record) - RECORD_KEYS:
        review.note("not_judged")
    if not isinstance(raw(record, "/TU"), (*STRINGS, type(None))):
        raise NotAllowed("a validation record of no time")
    for key in PROOFS_OF_ONE:
        _check_streams(review, raw(record, key), roles)
    _check_proof(review, raw(record, "/TS"))


def _check_streams(review: Review, value: Any, roles: Roles) -> None:
    if value is None:
        return
    review.explain_if_only_used_as(value, roles, "list of proofs")
    if not isinstance(resolved(value), generic.ArrayObject):
        raise NotAllowed("a list of proofs that is none")
    numbers = [number_of(proof) for proof in items(value)]
    if len(set(numbers)) < len(numbers):
        raise NotAllowed("a list that names a proof twice: a changed reference leaves another proof out")
    for proof in items(value):
        _check_proof(review, proof)


def _check_proof(review: Review, value: Any) -> None:
    """Require a new stream: an existing one that changed may be part of a page."""
    if value is None:
        return
    if number_of(value) is None or not is_stream(resolved(value)) or review.is_changed(value):
        raise NotAllowed("a proof that is none")


def _store_as_it_was(before: Any, root: int) -> _Store:
    signed_store = _Store()
    store = resolved(before)
    owner, path = signed_store.enter(before, (root, ("/DSS",)))
    for key in PROOFS:
        signed_store.enter(raw(store, key), (owner, (*path, key)))
    records = raw(store, "/VRI")
    owner, path = signed_store.enter(records, (owner, (*path, "/VRI")))
    opened = resolved(records)
    for name in list(opened)[:MAX_RECORDS] if is_dictionary(opened) else ():
        record = raw(opened, name)
        holder, place = signed_store.enter(record, (owner, (*path, str(name))))
        for key in PROOFS_OF_ONE:
            signed_store.enter(raw(resolved(record), key), (holder, (*place, key)))
    return signed_store


def check_extensions(review: Review, value: Any, root: int) -> None:
    """Check extension levels: only names, numbers and texts, in objects without another role. Raises NotAllowed."""
    review.explain_if_only_used_as(value, {(root, ("/Extensions",))}, "list of extensions")
    extensions = resolved(value)
    if not is_dictionary(extensions):
        raise NotAllowed("extensions that are none")
    for developer in extensions:
        level = raw(extensions, developer)
        for extension in items(level) if isinstance(level, generic.ArrayObject) else [level]:
            parts = [raw(extension, key) for key in extension] if is_dictionary(extension) else [extension]
            if not all(isinstance(part, (*PLAIN, *STRINGS)) for part in parts):
                raise NotAllowed("an extension that is more than a level")


def check_version(value: Any) -> None:
    if not isinstance(value, generic.NameObject) or not VERSION.match(value):
        raise NotAllowed("a version that is none")


def check_metadata(review: Review, value: Any, root: int) -> None:
    """Check a change of the document's metadata (XMP), which no page shows; other words about the document than were
    signed are not judged, because a window's title bar shows them. Raises NotAllowed."""
    metadata = resolved(value)
    if not is_stream(metadata) or (entry(metadata, "/Type"), entry(metadata, "/Subtype")) != ("/Metadata", "/XML"):
        raise NotAllowed("metadata that is none")
    review.explain_if_only_used_as(value, {(root, ("/Metadata",))}, "metadata")
    _note_new_words(review)


def check_information(review: Review, value: Any) -> None:
    """The document information dictionary: text, dates, names; its words as those of metadata. Raises NotAllowed."""
    information = resolved(value)
    if information is None:
        return
    if not is_dictionary(information):
        raise NotAllowed("document information that is none")
    if any(
        items(part) or is_dictionary(part) or is_stream(part) for part in (entry(information, k) for k in information)
    ):
        raise NotAllowed("document information that is more than text")
    review.explain_if_only_used_as(value, set(), "document information")
    _note_new_words(review)


def _note_new_words(review: Review) -> None:
    comparison = review.comparison
    information = number_of(raw(comparison.signed.trailer_view, "/Info"))
    signed = _words_about(comparison.signed.root, None if information is None else comparison.was(information))
    now = _words_about(comparison.reader.root, entry(comparison.reader.trailer_view, "/Info"))
    if now - signed:
        review.note("not_judged")


def _words_about(root: Any, information: Any) -> set[str]:
    """Title, author, subject and keywords of the document, from both of their places: the document information
    dictionary, and Dublin Core in XMP (ISO 16684-1). XMP that cannot be read is one word."""
    words = {str(entry(information, key) or "") for key in WORDS} if is_dictionary(information) else set()
    metadata = entry(root, "/Metadata")
    if is_stream(metadata):
        words |= set(_words_of_xmp(bytes(metadata.data)))
    return words - {""}


def _words_of_xmp(packet: bytes) -> Iterator[str]:
    try:
        tree = ElementTree.fromstring(packet)  # noqa: S314 (in the sandbox, which bounds memory and time)
    except ElementTree.ParseError:
        yield packet.decode("latin-1")
        return
    for element in tree.iter():
        if element.tag.startswith(DUBLIN_CORE) and element.tag != f"{DUBLIN_CORE}format":
            yield from (text.strip() for text in element.itertext())
        yield from (text for name, text in element.attrib.items() if name.startswith(DUBLIN_CORE))
