"""Later signatures."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from typing import Any

import pikepdf
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, append_signature_field

from tests.signing.changed import documents as d
from tests.signing.changed.documents import Update, current, document, form
from tests.signing.changed.kinds import Kind, approved, certified, changed, store, whole
from tests.signing.changed.signers import BESIDE, Look, parsed, signers

PLAIN = pikepdf.ObjectStreamMode.disable
EXISTING = (300, 60, 450, 120)
WIDE = (0, 0, 595, 842)


def by_stranger(
    look: Look | None = None, name: str = "Second", base: Callable[[], bytes] = whole
) -> Callable[[], bytes]:
    return lambda: signers().sign_again(base(), signers().stranger, name, look)


def by_bob(look: Look | None = None, name: str = "Second", base: Callable[[], bytes] = whole) -> Callable[[], bytes]:
    return lambda: signers().sign_again(base(), signers().bob, name, look)


def widget_with(key: str, value: bytes) -> Callable[[Any, Any], None]:
    def change(_writer: Any, field: Any) -> None:
        field[pdf_name(key)] = parsed(value)

    return change


def signed_again_here() -> bytes:
    return signers().sign_here(whole(), signers().bob, page=1)


def signed_again_here_as_wide_as_the_page() -> bytes:
    return signers().sign_here(whole(), signers().bob, page=1, width=1.0)


def tampered() -> bytes:
    """One digit of the signature's value, which ends its CMS."""
    content = bytearray(by_bob(Look())())
    end = content.index(b">", content.rindex(b"/Contents <"))
    place = len(content[:end].rstrip(b"0")) - 20
    content[place] = ord("0") if content[place] != ord("0") else ord("1")
    return bytes(content)


def prepared(box: bytes) -> bytes:
    return d.parts()[d.EMPTY_FIELD].replace(b"[300 60 450 120]", box)


def in_wide_field() -> bytes:
    base = approved(o8=prepared(b"[0 0 595 842]"))
    return signers().sign_again(base, signers().stranger, "confrere", Look(box=WIDE, content=d.WHITE_SQUARE))


def in_many_fields() -> bytes:
    """Two prepared fields, each of a stamp's usual size, that together cover a third of the page."""
    field = d.parts()[d.EMPTY_FIELD]
    low, high = (field.replace(b"[300 60 450 120]", box) for box in (b"[0 0 297 280]", b"[297 0 594 280]"))
    form_with = d.parts()[d.FORM].replace(b"8 0 R]", b"8 0 R 25 0 R]")
    base = approved(
        o3=form_with, o8=low, o25=high.replace(b"(confrere)", b"(autre)"), o13=b"[7 0 R 8 0 R 9 0 R 25 0 R]"
    )
    once = signers().sign_again(base, signers().stranger, "confrere", Look(box=(0, 0, 297, 280)))
    return signers().sign_again(once, signers().stranger, "autre", Look(box=(297, 0, 594, 280)))


def moved_field(box: bytes) -> Callable[[], bytes]:
    def make() -> bytes:
        update = Update(signers().sign_again(whole(), signers().stranger, "confrere", Look(box=EXISTING)))
        body = current(update.content, d.EMPTY_FIELD)
        update.put(d.EMPTY_FIELD, re.sub(rb"/Rect \[[^\]]*\]", b"/Rect [%b]" % box, body))
        return update.done()

    return make


def moved_before_it_was_signed() -> bytes:
    update = Update(whole())
    update.edit(d.EMPTY_FIELD, b"[300 60 450 120]", b"[72 740 222 800]")
    return signers().sign_again(update.done(), signers().bob, "confrere", Look(box=EXISTING))


def on_two_pages() -> bytes:
    second = by_bob(Look())()
    number = int(re.findall(rb"/Fields \[.*? (\d+) 0 R *\]", second, re.DOTALL)[-1])
    update = Update(second)
    update.put(d.SECOND, re.sub(rb"(/Annots \[[^\]]*)\]", rb"\g<1> %d 0 R]" % number, current(second, d.SECOND)))
    return update.done()


def empty_field() -> bytes:
    content = io.BytesIO(whole())
    writer = IncrementalPdfFileWriter(content)
    append_signature_field(writer, SigFieldSpec("Plus tard", on_page=0, box=BESIDE))
    writer.write_in_place()
    return content.getvalue()


def own_look_swapped() -> bytes:
    update = Update(whole())
    widget = next(
        number
        for number in range(25, 60)
        if b"\n%d 0 obj" % number in whole() and b"/FT /Sig" in current(whole(), number)
    )
    look = update.put(None, form(b"0 g 0 0 150 60 re f"))
    update.put(widget, re.sub(rb"/N \d+ 0 R", b"/N %d 0 R" % look, current(whole(), widget)))
    return update.done()


def in_another_generation(writer: Any, field: Any) -> None:
    """Viewers find the form by its number; a search by generation finds nothing."""
    reference = writer.add_object(parsed(form(d.WHITE_SQUARE)[: -len(b"endstream")].split(b"stream")[0]))
    field[pdf_name("/AP")] = generic.IndirectObject(reference.idnum, 1, writer)


def under_the_same_name() -> bytes:
    """A field with the name and the signature of the field in which Bob signs."""
    second = by_bob(Look())()
    update = Update(second)
    number = int(re.findall(rb"/Fields \[.*? (\d+) 0 R *\]", second, re.DOTALL)[-1])
    twin = re.sub(rb"/Rect \[[^\]]*\]", b"/Rect [72 740 222 800]", current(second, number))
    twin = re.sub(rb"/N \d+ 0 R", b"/N %d 0 R" % update.put(None, form(d.WHITE_SQUARE)), twin)
    added = b" %d 0 R]" % update.put(None, twin)
    update.put(d.FORM, re.sub(rb"(/Fields \[[^\]]*)\]", rb"\g<1>" + added, current(second, d.FORM)))
    update.put(d.ANNOTATIONS, re.sub(rb"\]", added, current(second, d.ANNOTATIONS)))
    return update.done()


def encrypted_once() -> bytes:
    """Encrypted without a password, as most encrypted documents are; signed by this site."""
    content, page = io.BytesIO(), d.parts()[d.SECOND].replace(b" 900 0 R", b"")
    with pikepdf.open(io.BytesIO(document(o6=page))) as pdf:
        pdf.save(content, encryption=pikepdf.Encryption(owner="x", user=""), object_stream_mode=PLAIN)
    return signers().sign_here(content.getvalue())


def encrypted() -> bytes:
    return signers().sign_here(encrypted_once(), signers().bob, page=1)


def with_a_dangling_trailer() -> bytes:
    """A trailer that refers to a missing object, as LibreOffice may write."""
    base = document().replace(b"/Info 23 0 R", b"/Info 23 0 R /AdditionalStreams [/x 950 0 R]")
    return signers().sign_here(signers().sign_again(base, signers().alice, "Alice"), signers().bob)


def in_a_layer() -> bytes:
    """An optional-content membership that is also a signature field: the key that shows it is the field's page."""
    layer = b"<< /OCGs [25 0 R] /P /AnyOn /FT /Sig /T (couche) /Subtype /Widget /Rect [0 0 0 0] >>"
    base = approved(
        o3=d.parts()[d.FORM].replace(b"8 0 R]", b"8 0 R 20 0 R]"), o20=layer, o25=b"<< /Type /OCG /Name (Couche) >>"
    )
    look = Look(box=(0, 0, 0, 0), content=b"", widget=widget_with("/P", b"/AllOff"))
    return signers().sign_again(base, signers().stranger, "couche", look)


SECTION = "Later signatures"


def allowed() -> Iterator[Kind]:
    yield Kind(SECTION, "a second practitioner signs here", "signatures", signed_again_here)
    yield Kind(
        SECTION,
        "a second practitioner signs here and asks for a stamp as wide as the page (it is made smaller)",
        "signatures",
        signed_again_here_as_wide_as_the_page,
    )
    yield Kind(
        SECTION,
        "another program signs for a signer known here: a new field, a stamp of usual size",
        "signatures",
        by_bob(Look()),
    )
    yield Kind(SECTION, "a second practitioner signs an encrypted document here", "signatures", encrypted)
    yield Kind(
        SECTION,
        "a document whose trailer names what is not there, signed again",
        "signatures",
        with_a_dangling_trailer,
    )
    yield Kind(SECTION, "a stranger signs and paints nothing", "signatures", by_stranger())
    yield Kind(
        SECTION,
        "a stranger signs in a field that was there",
        "signatures",
        by_stranger(Look(box=EXISTING), "confrere"),
    )
    yield Kind(
        SECTION,
        "a document signed before this site certified, signed again",
        "signatures",
        by_bob(Look(), base=approved),
    )


def painting_too_much() -> Iterator[Kind]:
    yield Kind(
        SECTION,
        "a stranger signs in a new field and paints, with a doctor’s name",
        "other",
        by_stranger(Look()),
        "its signer is not known here",
    )
    yield Kind(
        SECTION,
        "a stranger signs over the whole page",
        "other",
        by_stranger(Look(box=WIDE, content=d.WHITE_SQUARE)),
        "its signer is not known here",
    )
    yield Kind(
        SECTION,
        "a stranger signs over the whole page of a document signed before this site certified",
        "other",
        by_stranger(Look(box=WIDE, content=d.WHITE_SQUARE), base=approved),
        "its signer is not known here",
    )
    yield Kind(
        SECTION,
        "a signer known here signs over the whole page",
        "other",
        by_bob(Look(box=WIDE, content=d.WHITE_SQUARE)),
        "larger than a stamp",
    )
    yield Kind(
        SECTION,
        "a signature wider than half the page",
        "other",
        by_bob(Look(box=(100, 150, 410, 200))),
        "larger than a stamp",
    )
    yield Kind(
        SECTION,
        "a signature higher than a third of the page",
        "other",
        by_bob(Look(box=(300, 150, 450, 440))),
        "larger than a stamp",
    )
    yield Kind(
        SECTION,
        "a stranger signs in a field over the whole page, prepared before",
        "other",
        in_wide_field,
        "larger than a stamp",
    )
    yield Kind(
        SECTION,
        "strangers sign in prepared fields that together cover more than a stamp",
        "other",
        in_many_fields,
        "together cover more",
    )


def moved_or_resized() -> Iterator[Kind]:
    yield Kind(SECTION, "a later signature that does not fit", "other", tampered, "holds no valid signature")
    yield Kind(
        SECTION, "a signature field moved after it was signed", "other", moved_field(b"72 740 222 800"), "has other"
    )
    yield Kind(
        SECTION,
        "a signature field made larger after it was signed",
        "other",
        moved_field(b"0 60 595 800"),
        "has other",
    )
    yield Kind(
        SECTION,
        "a signature field moved, then signed by a signer known here",
        "other",
        moved_before_it_was_signed,
        "has other /AP, /Rect, /V",
    )
    yield Kind(
        SECTION,
        "a signature that keeps its size when the page is turned or enlarged",
        "other",
        by_bob(Look(flags=4 | 8 | 16)),
        "leaves its rectangle",
    )


def drawn_otherwise() -> Iterator[Kind]:
    yield Kind(
        SECTION, "a signature whose form has no area", "other", by_bob(Look(bbox=b"[0 0 0 0]")), "without a box"
    )
    yield Kind(
        SECTION,
        "a signature whose form is flattened by its matrix",
        "other",
        by_bob(Look(form_more=b"/Matrix [1 1 1 1 0 0]")),
        "without a box",
    )
    yield Kind(
        SECTION,
        "a signature that a layer shows or hides",
        "other",
        by_bob(Look(form_more=b"/OC 20 0 R")),
        "not always the same",
    )
    yield Kind(
        SECTION,
        "a signature that looks otherwise under the pointer",
        "other",
        by_bob(Look(widget=lambda _w, f: f["/AP"].update({pdf_name("/R"): f["/AP"].raw_get("/N")}))),
        "more than a form",
    )
    yield Kind(
        SECTION,
        "a signature with a background and border of its own",
        "other",
        by_bob(Look(widget=widget_with("/MK", b"<< /BG [1 1 1] >>"))),
        "colours or captions",
    )
    yield Kind(
        SECTION,
        "a signature with a border",
        "other",
        by_bob(Look(widget=widget_with("/Border", b"[0 0 400]"))),
        "with a border",
    )


def shown_or_used_elsewhere() -> Iterator[Kind]:
    yield Kind(
        SECTION,
        "a signature with an action",
        "other",
        by_bob(Look(widget=widget_with("/AA", b"<< /PO << /S /JavaScript /JS (x) >> >>"))),
        "more than a signature needs",
    )
    yield Kind(
        SECTION,
        "a signature whose form is referred to in another generation",
        "other",
        by_stranger(Look(content=b"", widget=in_another_generation)),
        "in another generation",
    )
    yield Kind(
        SECTION,
        "a second field of the name of one in which a signer known here signs",
        "other",
        under_the_same_name,
        "twice",
    )
    yield Kind(
        SECTION,
        "a signature flattened to a line, across what was signed",
        "other",
        by_stranger(Look(box=(50, 700, 500, 700))),
        "its signer is not known here",
    )
    yield Kind(
        SECTION,
        "a stranger signs in a layer that is a signature field, too",
        "other",
        in_a_layer,
        "something else, too",
    )
    yield Kind(SECTION, "a signature shown on a second page, too", "other", on_two_pages, "several pages")
    yield Kind(SECTION, "a signature field added and left empty", "other", empty_field, "holds no valid signature")
    yield Kind(SECTION, "the signature’s own appearance swapped", "other", own_look_swapped, "has other /AP")
    yield Kind(
        SECTION,
        "a signature where the certification allows no changes",
        "other",
        by_bob(Look(), base=lambda: certified(MDPPerm.NO_CHANGES)),
        "allows no changes",
    )
    yield Kind(
        SECTION,
        "proofs where the certification allows no changes",
        "validation",
        changed(store, lambda: certified(MDPPerm.NO_CHANGES)),
    )


def rows() -> Iterator[Kind]:
    yield from allowed()
    yield from painting_too_much()
    yield from moved_or_resized()
    yield from drawn_otherwise()
    yield from shown_or_used_elsewhere()
