"""Judges the changes made to a file after a signature, by rules of our own. Imports no Django.

Only listed changes are allowed: proofs for later validation, further signatures that are valid and stay in their box,
form fields that were filled in, objects rewritten unchanged. Everything else may be visible and counts as an
alteration: a list of forbidden changes would always lack the next attack.

The rules compare the objects that later revisions write, free or redefine with the same objects at the time of
signing. signing.pdf.appended checks the bytes of those revisions first, since viewers read bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation import EmbeddedPdfSignature

from signing.pdf.appended import Appended
from signing.pdf.comparison import Comparison
from signing.pdf.field_facts import FieldFact
from signing.pdf.later_fields import check_form
from signing.pdf.later_pages import check_pages
from signing.pdf.not_allowed import NotAllowed
from signing.pdf.review import Came, Review
from signing.pdf.validation_material import (
    check_extensions,
    check_information,
    check_metadata,
    check_store,
    check_version,
)  # fmt: skip
from signing.pdf.values import (
    differing,
    entry,
    integer,
    is_dictionary,
    items,
    number_of,
    raw,
    references,
    resolved,
    same,
)

INVISIBLE = {"/MarkInfo", "/PieceInfo"}  # catalog entries that no viewer shows
TRAILER_KEYS = {"/Size", "/Root", "/Info", "/ID", "/Prev", "/Encrypt", "/XRefStm", "/DocChecksum"}


def changes_after(signature: EmbeddedPdfSignature, facts: Mapping[str, FieldFact]) -> Came:
    """ "nothing", "validation" (proofs, and what can't be seen), "signatures", "fields" (of a form), "not_judged"
    (a change not known here, which can't show on a page), "other".

    `facts`: of every filled signature field, document time-stamps too, by fully qualified name.
    """
    try:
        return review_of(signature, facts)
    except NotAllowed:
        return "other"
    except MemoryError:
        raise
    except Exception:
        return "other"  # damaged updates raise anything; what can't be read may be visible


def review_of(signature: EmbeddedPdfSignature, facts: Mapping[str, FieldFact]) -> Came:
    """Like changes_after, but raises NotAllowed with the reason instead of returning "other"."""
    reader, revision = signature.reader, int(signature.signed_revision)
    end = _end_of_signed(signature)
    if reader.stream.seek(0, 2) == end:
        return "nothing"
    comparison = Comparison(reader, revision, end)
    appended = Appended(reader, revision, end)
    appended.check(comparison.signed_offsets)
    comparison.check_generations(appended.references)
    comparison.check_was_clear()
    review = Review(comparison, facts, _permission(signature, comparison), signature.fieldmdp)
    _check_trailers(review, appended)
    _check_catalog(review)
    _check_rest(review)
    if review.permission == MDPPerm.NO_CHANGES and review.found not in ("validation", "not_judged"):
        raise NotAllowed("whoever certified the document allows no changes")
    return review.found


def _end_of_signed(signature: EmbeddedPdfSignature) -> int:
    """The first unsigned byte. Raises NotAllowed unless the signature covers everything before it except its own
    value."""
    ranges = [int(number) for number in signature.byte_range]
    if len(ranges) != 4 or ranges[0] != 0 or min(ranges) < 0:
        raise NotAllowed("a signature that does not cover what stands before it")
    _zero, start, rest, length = ranges
    stream, end = signature.reader.stream, rest + length
    stream.seek(start)
    gap = stream.read(max(0, rest - start))
    digits = gap[1:-1].translate(None, b"\0\t\n\f\r ").lower()
    digits += b"0" * (len(digits) % 2)  # ISO 32000-1, 7.3.4.3
    if gap[:1] != b"<" or gap[-1:] != b">" or digits != signature.pkcs7_content.hex().encode():
        raise NotAllowed("a gap among what is signed that is not the signature")
    if stream.seek(0, 2) == end:
        return end
    xrefs = signature.reader.xrefs
    stated = xrefs.get_startxref_for_revision(signature.signed_revision)
    stream.seek(max(0, end - 64))
    last = stream.read(min(64, end))
    if last.split()[-3:] != [b"startxref", b"%d" % stated, b"%%EOF"]:
        raise NotAllowed("a signature that does not cover its revision")
    return end


def _permission(signature: EmbeddedPdfSignature, comparison: Comparison) -> MDPPerm | None:
    """The permission that applies: the stricter of this signature's and the certification's (ISO 32000-1,
    12.8.2.2)."""
    permissions = [signature.docmdp_level]
    certifying = entry(entry(comparison.signed.root, "/Perms"), "/DocMDP")
    for reference in items(raw(certifying, "/Reference")):
        stated = integer(raw(entry(resolved(reference), "/TransformParams"), "/P"))
        permissions.append(MDPPerm(stated) if stated in (1, 2, 3) else MDPPerm.FILL_FORMS)
    levels = [level for level in permissions if level is not None]
    return min(levels, key=lambda level: int(level.value)) if levels else None


def _check_trailers(review: Review, appended: Appended) -> None:
    reader, signed = review.comparison.reader, review.comparison.signed
    before, now = signed.trailer_view, reader.trailer_view
    root = f"{signed.root_ref.idnum} {signed.root_ref.generation} R".encode()
    encrypted = "/Encrypt" in before
    for trailer in appended.trailers:
        if trailer.get(b"/Root") != root:
            raise NotAllowed("another catalog")
        if (b"/Encrypt" in trailer) != encrypted:
            raise NotAllowed("encryption added or removed")
    _check_sizes(review, appended)
    if encrypted and not (
        same(raw(before, "/Encrypt"), raw(now, "/Encrypt")) and same(raw(before, "/ID")[0], raw(now, "/ID")[0])
    ):
        raise NotAllowed("another encryption")
    # Only the trailer refers to these, which the search for users does not count. A change here would change how
    # every object is decrypted.
    read_with = {number for key in ("/Encrypt", "/ID") for number in references(raw(before, key))}
    if read_with & review.comparison.touched:
        raise NotAllowed("what the document is decrypted with was written again")
    unknown = {key for key in now if key not in TRAILER_KEYS and not same(raw(before, key), raw(now, key))}
    if unknown:
        review.note("not_judged")
    if review.is_changed(raw(now, "/Info")) or not same(raw(before, "/Info"), raw(now, "/Info")):
        check_information(review, raw(now, "/Info"))


def _check_sizes(review: Review, appended: Appended) -> None:
    """Viewers drop objects behind the last that a trailer counts: a smaller /Size takes some away, a larger one may
    bring some back. Raises NotAllowed."""
    size, highest = review.comparison.signed_size, review.comparison.highest_signed
    if size <= highest:
        raise NotAllowed("signed objects behind the last that the trailer counts")
    for trailer, own in zip(appended.trailers, appended.highest, strict=True):
        stated = trailer.get(b"/Size", b"")
        highest = max(highest, own)
        if not stated.isdigit() or int(stated) < size or int(stated) <= highest:
            raise NotAllowed("objects behind the last that the trailer counts")
        size = int(stated)


def _check_catalog(review: Review) -> None:
    comparison = review.comparison
    root = int(comparison.signed.root_ref.idnum)
    before, now = comparison.was(root), comparison.now(root)
    if not is_dictionary(before) or not is_dictionary(now):
        raise NotAllowed("a catalog that is none")
    changed = differing(before, now)
    allowed = {"/AcroForm", "/DSS", "/Extensions", "/Metadata", "/Version"} | INVISIBLE
    if changed - allowed:
        raise NotAllowed(f"the catalog has other {', '.join(sorted(changed - allowed))}")
    if changed & INVISIBLE:
        review.note("not_judged")
    if "/Version" in changed:
        check_version(raw(now, "/Version"))
    for key, check in (("/Extensions", check_extensions), ("/Metadata", check_metadata)):
        if key in changed or review.is_changed(raw(now, key)):
            check(review, raw(now, key), root)
    if "/DSS" in before or "/DSS" in now:
        check_store(review, raw(before, "/DSS"), raw(now, "/DSS"), root)
    comparison.search({root, number_of(raw(before, "/AcroForm"))})
    # The references of a signature name the object that they apply to (/Data): the catalog.
    review.require_only_under(root, {"/Data"}, "catalog")
    review.explain(root)
    widgets = check_form(review, raw(before, "/AcroForm"), raw(now, "/AcroForm"), root)
    check_pages(review, widgets)


def _check_rest(review: Review) -> None:
    """Check changed objects that no rule explained, and new objects that a signed object referred to before they
    existed.

    They are harmless if nothing refers to them. Raises NotAllowed otherwise.
    """
    comparison = review.comparison
    for number in comparison.changed - review.explained:
        if comparison.still_used(number):
            raise NotAllowed(f"object {number} changed: {_kind(comparison.was(number))}")
    for number in comparison.new:
        if comparison.users(number):
            raise NotAllowed(f"object {number} fills a place that was left open when the document was signed")


def _kind(value: Any) -> str:
    names = [entry(value, key) for key in ("/Type", "/Subtype")]
    return " ".join(str(name) for name in names if name is not None) or type(value).__name__
