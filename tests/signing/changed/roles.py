"""Documents prepared before signing: an object that rules allow to change has a second role on a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.signing.changed import documents as d
from tests.signing.changed.documents import Update, current, document, form, stream
from tests.signing.changed.kinds import PROOF, Kind
from tests.signing.changed.signers import Look, signers

TEXT = b"BT /F1 14 Tf 72 760 Td (Paracetamol 1 g) Tj ET "
WHOLE_PAGE = b"[0 0 595 842]"
FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /ZapfDingbats >>"
PLAIN_CATALOG = b"<< /Type /Catalog /Pages 2 0 R /AcroForm 3 0 R /Metadata 22 0 R %b >>"


def page(content: bytes, resources: bytes) -> dict[str, bytes]:
    """The first page, with that content and those resources."""
    listed = b"" if b"/Font" in resources else b"/Font << /F1 10 0 R >> "
    entries = b"/Resources << %b%b >> /Annots 13 0 R" % (listed, resources)
    return {"o5": b"<< /Type /Page /Parent 2 0 R /Contents 11 0 R %b >>" % entries, "o11": stream(TEXT + content)}


def prepared(change: Callable[[Update], object], **objects: bytes) -> Callable[[], bytes]:
    def make() -> bytes:
        update = Update(signers().sign_again(document(**objects), signers().alice, "Alice"))
        change(update)
        return update.done()

    return make


def put_new(number: int, old: bytes, body: bytes) -> Callable[[Update], object]:
    """Make an entry refer to a new object. `old`: the entry, ending with a reference."""

    def change(update: Update) -> None:
        key = old.rsplit(b" ", 3)[0]
        update.edit(number, old, b"%b %d 0 R" % (key, update.put(None, body)))

    return change


def pages_as_certificates() -> bytes:
    base = document(
        o1=PLAIN_CATALOG % b"/DSS << /Certs 2 0 R >>",
        o5=b"<< /Type /Page /MediaBox [0 0 595 842] /Parent 25 0 R /Contents 11 0 R /Resources 12 0 R >>",
        o6=b"<< /Type /Page /MediaBox [0 0 595 842] /Parent 25 0 R /Contents [14 0 R] /Resources 12 0 R >>",
        o25=b"<< /Type /Pages /Kids [5 0 R 6 0 R] /Count 2 >>",
    )
    update = Update(signers().sign_here(base, page=1))
    more = b"/Parent 25 0 R /Contents %d 0 R /Resources 12 0 R" % update.put(None, stream(d.PAINT))
    painted = update.put(None, b"<< /Type /Page /MediaBox [0 0 595 842] %b >>" % more)
    update.edit(d.PAGES, b"[5 0 R", b"[%d 0 R" % painted)
    return update.done()


def signed_in_a_field_that_is_a_font() -> bytes:
    """/V of the empty field is a font of the page: signing the field replaces it."""
    base = document(**page(b"BT /V 14 Tf 72 700 Td (abc) Tj ET", b"/Font 8 0 R"))
    signed = signers().sign_again(base, signers().alice, "Alice")
    return signers().sign_again(signed, signers().bob, "confrere", Look(box=(300, 60, 450, 120)))


def annotations_as_form() -> bytes:
    """The page object is also the list of what its content may paint."""
    entries = b"/Resources << /Font << /F1 10 0 R >> /XObject 5 0 R >> /Annots 17 0 R"
    base = document(
        o5=b"<< /Type /Page /Parent 2 0 R /Contents 11 0 R %b >>" % entries, o11=stream(TEXT + b"/Annots Do")
    )
    update = Update(signers().sign_here(base))
    put_new(d.FIRST, b"/Annots 17 0 R", form(d.PAINT, WHOLE_PAGE))(update)
    return update.done()


def form_in_the_place_of_resources(update: Update) -> None:
    update.put(d.RESOURCES, current(update.content, d.FORM))
    update.edit(d.CATALOG, b"/AcroForm 3 0 R", b"/AcroForm 12 0 R")


SECTION = "Objects in two roles"
TWICE, GS = "part of something else", page(b"/Extensions gs " + d.PAINT, b"/ExtGState 1 0 R")


def catalog_entries() -> Iterator[Kind]:
    yield Kind(SECTION, "the tree of pages, called a list of certificates", "other", pages_as_certificates, TWICE)
    yield Kind(
        SECTION,
        "the configuration of layers, called a list of certificates",
        "other",
        prepared(
            lambda u: u.put(d.LAYERS, b"[%d 0 R]" % u.put(None, PROOF)),
            o1=PLAIN_CATALOG % b"/OCProperties << /OCGs [20 0 R] /D 21 0 R >> /DSS << /Certs 21 0 R >>",
        ),
        TWICE,
    )
    yield Kind(
        SECTION,
        "a list of certificates whose store is a list of colour spaces",
        "other",
        prepared(
            lambda u: u.put(26, b"[%d 0 R]" % u.put(None, PROOF)),
            **page(b"/Certs cs 0.5 sc 0 0 99 99 re f", b"/ColorSpace 25 0 R"),
            o1=PLAIN_CATALOG % b"/DSS 25 0 R",
            o25=b"<< /Certs 26 0 R >>",
            o26=b"[/CalGray << /WhitePoint [0.9505 1 1.089] >>]",
        ),
        TWICE,
    )
    yield Kind(
        SECTION,
        "extension levels that are a graphics state",
        "other",
        prepared(lambda u: u.edit(1, b"/ca 0", b"/ca 1"), **GS, o1=PLAIN_CATALOG % b"/Extensions << /ca 0 >>"),
        TWICE,
    )
    yield Kind(
        SECTION,
        "extension levels that are a font",
        "other",
        prepared(
            lambda u: u.edit(1, b"/Helvetica", b"/ZapfDingbats"),
            **page(b"BT /Extensions 14 Tf 72 700 Td (abc) Tj ET", b"/Font 1 0 R"),
            o1=PLAIN_CATALOG % b"/Extensions << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        ),
        TWICE,
    )
    yield Kind(
        SECTION,
        "extension levels, an object of their own, that are a font",
        "other",
        prepared(
            lambda u: u.put(25, FONT),
            **page(b"BT /F2 14 Tf 72 700 Td (abc) Tj ET", b"/Font << /F1 10 0 R /F2 25 0 R >>"),
            o1=PLAIN_CATALOG % b"/Extensions 25 0 R",
            o25=FONT.replace(b"ZapfDingbats", b"Helvetica"),
        ),
        TWICE,
    )


def extensions_and_metadata() -> Iterator[Kind]:
    metadata = b"/Type /Metadata /Subtype /XML /BBox [0 0 595 842] /Resources << /Font << /F1 10 0 R >> >>"
    yield Kind(
        SECTION,
        "extension levels that refer to other objects",
        "other",
        prepared(
            put_new(1, b"/Level 17 0 R", b"[1]"), o1=PLAIN_CATALOG % b"/Extensions << /ADBE << /Level 17 0 R >> >>"
        ),
        "more than a level",
    )
    yield Kind(
        SECTION,
        "metadata that is an annotation’s appearance",
        "other",
        prepared(
            put_new(1, b"/Metadata 22 0 R", stream(d.PAINT, metadata)),
            o22=stream(b"% nothing", metadata),
            o9=b"<< /Type /Annot /Subtype /Stamp /Rect [0 0 595 842] /F 4 /AP << /N 1 0 R >> /AS /Metadata >>",
        ),
        TWICE,
    )
    glyph = b"/Encoding << /Differences [97 /Metadata] >> /FirstChar 97 /LastChar 97 /Widths [1] /CharProcs 1 0 R"
    glyph = b"<< /Type /Font /Subtype /Type3 /FontBBox [0 0 1 1] /FontMatrix [1 0 0 1 0 0] " + glyph + b" >>"
    yield Kind(
        SECTION,
        "metadata that is a glyph of a font",
        "other",
        prepared(
            put_new(1, b"/Metadata 22 0 R", stream(b"1 0 d0 0 0 1 1 re f", b"/Type /Metadata /Subtype /XML")),
            **page(b"BT /F2 14 Tf 72 700 Td (a) Tj ET", b"/Font << /F1 10 0 R /F2 25 0 R >>"),
            o25=glyph,
        ),
        TWICE,
    )


def fields_and_their_forms() -> Iterator[Kind]:
    field = b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (confrere) /Rect [300 60 450 120] /F 4 /P 5 0 R %b >>"
    yield Kind(
        SECTION,
        "the date of a field that is a form of the page",
        "other",
        prepared(
            put_new(8, b"/M 17 0 R", form(d.PAINT, WHOLE_PAGE)),
            **page(b"/M Do", b"/XObject 8 0 R"),
            o8=field % b"/M 17 0 R",
        ),
        TWICE,
    )
    yield Kind(
        SECTION,
        "the date of a field that is no text",
        "other",
        prepared(lambda u: u.edit(8, b"/M (D:20261128)", b"/M 17 0 R"), o8=field % b"/M (D:20261128)"),
        "of another kind",
    )
    yield Kind(
        SECTION,
        "the value of a signature field that is a font of the page",
        "other",
        signed_in_a_field_that_is_a_font,
        TWICE,
    )
    yield Kind(
        SECTION,
        "the appearances of a field that are a graphics state",
        "other",
        prepared(
            lambda u: u.edit(8, b"/ca 0", b"/ca 1"),
            **page(b"/AP GS " + d.PAINT, b"/ExtGState 8 0 R"),
            o8=field % b"/AP << /ca 0 >>",
        ),
        TWICE,
    )


def resources_and_lists() -> Iterator[Kind]:
    yield Kind(
        SECTION,
        "the form’s resources that are a form of the page",
        "other",
        prepared(
            put_new(3, b"/DR 17 0 R", form(d.PAINT, WHOLE_PAGE)),
            **page(b"/DR Do", b"/XObject 3 0 R"),
            o3=b"<< /Fields [] /DR 17 0 R >>",
        ),
        "of another kind",
    )
    yield Kind(
        SECTION,
        "the form’s resources that are a font of the page",
        "other",
        prepared(
            lambda u: u.edit(3, b"/Helvetica", b"/ZapfDingbats"),
            **page(b"BT /DR 14 Tf 72 700 Td (abc) Tj ET", b"/Font 3 0 R"),
            o3=b"<< /Fields [] /DR << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>",
        ),
        TWICE,
    )
    yield Kind(
        SECTION,
        "a form moved to where the page’s resources are",
        "other",
        prepared(form_in_the_place_of_resources),
        TWICE,
    )
    yield Kind(SECTION, "annotations that are a form of the page", "other", annotations_as_form, "no list")


def rows() -> Iterator[Kind]:
    yield from catalog_entries()
    yield from extensions_and_metadata()
    yield from fields_and_their_forms()
    yield from resources_and_lists()
