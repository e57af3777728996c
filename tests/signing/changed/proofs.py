"""Proofs for later validation, and other things on no page."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.validation.dss import DocumentSecurityStore

from tests.signing.changed import documents as d
from tests.signing.changed.documents import Update, current, document, form, stream
from tests.signing.changed.kinds import PROOF, Kind, approved, changed, more, packed, put, store, whole
from tests.signing.changed.signatures import signed_again_here
from tests.signing.changed.signers import Look, signers

GARBAGE_TIME = (
    b"<< /Type /DocTimeStamp /Filter /Adobe.PPKLite /SubFilter /ETSI.RFC3161 "
    b"/Contents <3000> /ByteRange [0 10 20 30] >>"
)


def unused(update: Update) -> None:
    update.put(None, d.parts()[d.FONT])
    update.freed.add(d.UNUSED)


def store_of_acrobat(update: Update) -> None:
    proofs = [update.put(None, PROOF) for _ in range(3)]
    certs, crls, ocsps = (update.put(None, b"[%d 0 R]" % proof) for proof in proofs)
    record = update.put(None, b"<< /Cert %d 0 R /CRL %d 0 R /OCSP %d 0 R /TU (D:20261128) >>" % (certs, crls, ocsps))
    records = update.put(None, b"<< /%b %d 0 R >>" % (b"0A" * 20, record))
    entries = b"/Certs %d 0 R /CRLs %d 0 R /OCSPs %d 0 R /VRI %d 0 R" % (certs, crls, ocsps, records)
    update.add(d.CATALOG, b"/DSS %d 0 R" % update.put(None, b"<< /Type /DSS %b >>" % entries))
    extended(update, b"/1.7", b"/ADBE << /BaseVersion /1.7 /ExtensionLevel 8 >>")


def extended(update: Update, version: bytes, levels: bytes) -> None:
    body = update.objects.get(d.CATALOG) or current(update.content, d.CATALOG)
    bare = re.sub(rb"/Version /[0-9.]+|/Extensions <<(?:[^<>]|<<[^<>]*>>)*>>", b"", body)
    update.put(d.CATALOG, bare)
    update.add(d.CATALOG, b"/Version %b /Extensions << %b >>" % (version, levels))


def store_of_pyhanko() -> bytes:
    content = io.BytesIO(whole())
    writer = IncrementalPdfFileWriter(content)
    writer.root["/DSS"] = writer.add_object(DocumentSecurityStore(writer).as_pdf_object())
    writer.update_root()
    writer.write_in_place()
    return content.getvalue()


def store_twice() -> bytes:
    first = Update(whole())
    store_of_acrobat(first)
    second = Update(first.done())
    arrays = [number for number, body in first.objects.items() if body.startswith(b"[")]
    for number in arrays:
        second.edit(number, b"]", b" %d 0 R]" % second.put(None, PROOF))
    return second.done()


def store_with_paint() -> bytes:
    """The list of certificates was also the second page's list of contents when the document was signed."""
    base = document(o6=b"<< /Type /Page /Parent 2 0 R /Contents 25 0 R /Resources 12 0 R >>", o25=b"[14 0 R]",
                    o26=b"<< /Certs 25 0 R >>", o1=d.parts()[1][:-2] + b"/DSS 26 0 R >>")  # fmt: skip
    update = Update(signers().sign_again(base, signers().alice, "Alice"))
    update.put(25, b"[14 0 R %d 0 R]" % update.put(None, stream(d.PAINT)))
    return update.done()


def proof_with_paint() -> bytes:
    """A page's content was also declared as a certificate when the document was signed."""
    base = document(o26=b"<< /Certs [11 0 R] >>", o1=d.parts()[1][:-2] + b"/DSS 26 0 R >>")
    update = Update(signers().sign_again(base, signers().alice, "Alice"))
    update.put(d.CONTENT, stream(d.PAINT))
    return update.done()


def garbage_time(look: bytes, box: bytes) -> Callable[[Update], None]:
    def change(update: Update) -> None:
        value = update.put(None, GARBAGE_TIME)
        appearance = b"/AP << /N %d 0 R >>" % update.put(None, form(look, b"[0 0 595 842]")) if look else b""
        widget = update.put(None, b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (Time) /F 4 /Rect [%b] /V %d 0 R %b "
                            b"/P 5 0 R >>" % (box, value, appearance))  # fmt: skip
        body = update.objects.get(d.FORM) or current(update.content, d.FORM)
        update.put(d.FORM, re.sub(rb"(/Fields \[[^\]]*)\]", rb"\g<1> %d 0 R]" % widget, body))
        update.edit(d.ANNOTATIONS, b"]", b" %d 0 R]" % widget)

    return change


def xmp(update: Update) -> None:
    update.put(d.METADATA, stream(d.XMP.replace(b'about=""', b'about="x"'), b"/Type /Metadata /Subtype /XML"))


TITLE = b'<dc:title xmlns:dc="http://purl.org/dc/elements/1.1/"><rdf:Alt><rdf:li>%b</rdf:li></rdf:Alt></dc:title>'


def titled(title: bytes) -> Callable[[Update], None]:
    words = b'about="">' + TITLE % title + b"</rdf:Description>"

    def change(update: Update) -> None:
        update.put(d.METADATA, stream(d.XMP.replace(b'about=""/>', words), b"/Type /Metadata /Subtype /XML"))

    return change


def broken_xmp(update: Update) -> None:
    update.put(d.METADATA, stream(d.XMP[:-40], b"/Type /Metadata /Subtype /XML"))


def levels_after() -> bytes:
    """A second signature, then proofs, then a time-stamp over all."""
    update = Update(signed_again_here())
    store(update)
    return signers().time_stamp(update.done())


def store_in_object_stream() -> bytes:
    update = Update(packed())
    proof = update.put(None, PROOF)
    number, update.next = update.next, update.next + 1
    catalog = d.parts()[1][:-2]
    catalog = current(packed(), 1)[:-2] if b"\n1 0 obj" in packed() else catalog
    update.pack({number: b"<< /Certs [%d 0 R] >>" % proof})
    update.put(1, catalog + b"/DSS %d 0 R >>" % number)
    return update.done(as_stream=True)


SECTION = "Proofs and what is not shown"


def allowed() -> Iterator[Kind]:
    yield Kind(SECTION, "nothing", "nothing", whole)
    yield Kind(SECTION, "a security store (DSS)", "validation", changed(store))
    yield Kind(
        SECTION,
        "a security store as Acrobat writes it: indirect lists, VRI, ADBE extension level",
        "validation",
        changed(store_of_acrobat),
    )
    yield Kind(SECTION, "a security store as pyHanko writes it", "validation", store_of_pyhanko)
    yield Kind(SECTION, "a security store, and its lists extended by a further update", "validation", store_twice)
    yield Kind(SECTION, "a security store, written into object streams", "validation", store_in_object_stream)
    yield Kind(
        SECTION,
        "an entry of the security store that is not known here",
        "not_judged",
        changed(lambda u: u.add(d.CATALOG, b"/DSS << /Certs [] /Else true >>")),
    )
    yield Kind(
        SECTION,
        "a valid document time-stamp that paints nothing",
        "validation",
        lambda: signers().time_stamp(whole()),
    )
    yield Kind(SECTION, "a second signature, proofs, and a document time-stamp", "signatures", levels_after)
    yield Kind(
        SECTION,
        "document information (producer, dates)",
        "validation",
        put(d.INFORMATION, b"<< /Title (Ordonnance) /Producer (Autre) /ModDate (D:20261128) >>"),
    )
    yield Kind(SECTION, "metadata (XMP)", "validation", changed(xmp))
    yield Kind(SECTION, "metadata that repeats the signed title", "validation", changed(titled(b"Ordonnance")))
    yield Kind(SECTION, "metadata with another title", "not_judged", changed(titled(b"Morphine 10 mg")))
    yield Kind(SECTION, "metadata that cannot be read", "not_judged", changed(broken_xmp))
    yield Kind(
        SECTION,
        "another title in the document information",
        "not_judged",
        put(d.INFORMATION, b"<< /Title (Morphine 10 mg) >>"),
    )
    yield Kind(
        SECTION,
        "extension levels and a later version",
        "validation",
        changed(lambda u: extended(u, b"/2.0", b"/ESIC << /BaseVersion /1.7 /ExtensionLevel 2 >>")),
    )
    yield Kind(SECTION, "an object written again as it was", "validation", put(d.CONTENT, d.parts()[d.CONTENT]))
    yield Kind(
        SECTION,
        "an object that nothing uses, added, changed or freed",
        "validation",
        changed(unused),
    )
    yield Kind(
        SECTION,
        "marks for software in the catalog (/PieceInfo, /MarkInfo)",
        "not_judged",
        more(d.CATALOG, b"/MarkInfo << /Marked false >>"),
    )


def more_than_proofs() -> Iterator[Kind]:
    yield Kind(
        SECTION,
        "a document time-stamp of garbage",
        "other",
        changed(garbage_time(b"", b"0 0 0 0")),
        "holds no valid signature",
    )
    yield Kind(
        SECTION,
        "a document time-stamp of garbage that paints",
        "other",
        changed(garbage_time(d.PAINT, b"0 0 595 842")),
        "holds no valid signature",
    )
    yield Kind(
        SECTION,
        "a document time-stamp of garbage that paints, on a document signed before this site certified",
        "other",
        changed(garbage_time(d.PAINT, b"0 0 595 842"), approved),
        "holds no valid signature",
    )
    yield Kind(
        SECTION,
        "a valid document time-stamp that paints",
        "other",
        lambda: signers().time_stamp(whole(), Look()),
        "is no signature that is valid",
    )
    yield Kind(
        SECTION,
        "proofs whose list is also a page’s list of contents",
        "other",
        store_with_paint,
        "part of something else",
    )
    yield Kind(
        SECTION,
        "a proof that was a page’s content when it was signed",
        "other",
        proof_with_paint,
        "object 11 changed",
    )
    yield Kind(
        SECTION,
        "metadata that is something else",
        "other",
        changed(lambda u: u.edit(d.CATALOG, b"/Metadata 22 0 R", b"/Metadata 17 0 R")),
        "metadata that is none",
    )


def rows() -> Iterator[Kind]:
    yield from allowed()
    yield from more_than_proofs()
