"""Annotations, pages, their resources, and the document as a whole."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from pyhanko.sign.fields import MDPPerm

from tests.signing.changed import documents as d
from tests.signing.changed.documents import Update, current, form, stream
from tests.signing.changed.kinds import Kind, approved, certified, changed, edit, more, put, whole
from tests.signing.changed.signers import signers

ANNOTATIONS = (
    b"/FreeText /Contents (x) /DA (/F1 12 Tf)",
    b"/Stamp",
    b"/Square",
    b"/Ink",
    b"/Highlight /QuadPoints [72 790 400 790 72 740 400 740]",
    b"/Text /Contents (x)",
    b"/Popup",
    b"/Redact",
    b"/Watermark",
    b"/Link",
    b"/Widget",
    b"/FileAttachment",
    b"/Screen",
    b"/3D",
)
PAGE_ENTRIES = (
    b"/Rotate 90",
    b"/MediaBox [0 0 300 300]",
    b"/CropBox [0 0 300 300]",
    b"/TrimBox [0 0 9 9]",
    b"/UserUnit 2",
    b"/AA << /O << /S /JavaScript /JS (x) >> >>",
    b"/Tabs /S",
    b"/Trans << /S /Wipe >>",
    b"/Dur 1",
    b"/Group << /S /Transparency >>",
    b"/VP []",
    b"/Thumb 17 0 R",
    b"/StructParents 0",
)
CATALOG_ENTRIES = (
    b"/OpenAction << /S /JavaScript /JS (x) >>",
    b"/AA << /WC << /S /JavaScript /JS (x) >> >>",
    b"/Names << /JavaScript << /Names [] >> >>",
    b"/ViewerPreferences << /HideToolbar true >>",
    b"/PageLabels << /Nums [] >>",
    b"/Outlines << /Count 0 >>",
    b"/PageMode /UseOC",
    b"/PageLayout /TwoPageLeft",
    b"/Dests << >>",
    b"/StructTreeRoot << >>",
    b"/URI << /Base (http://x) >>",
    b"/Collection << >>",
    b"/AF []",
    b"/Lang (en)",
    b"/Requirements []",
    b"/OutputIntents []",
    b"/Threads []",
    b"/NeedsRendering true",
)


def annotation(kind: bytes) -> Callable[[Update], None]:
    def change(update: Update) -> None:
        look = update.put(None, form(d.WHITE_SQUARE))
        body = b"<< /Type /Annot %b /Rect [72 740 400 790] /F 4 /AP << /N %d 0 R >> >>" % (kind, look)
        update.edit(d.ANNOTATIONS, b"]", b" %d 0 R]" % update.put(None, body))

    return change


def contents_replaced(update: Update) -> None:
    update.edit(d.FIRST, b"/Contents 11 0 R", b"/Contents %d 0 R" % update.put(None, stream(d.PAINT)))


def page_added(update: Update) -> None:
    page = update.put(None, b"<< /Type /Page /Parent 2 0 R /Contents 11 0 R /Resources 12 0 R >>")
    update.put(d.PAGES, b"<< /Type /Pages /Kids [5 0 R 6 0 R %d 0 R] /Count 3 /MediaBox [0 0 595 842] >>" % page)


def look_of_note(update: Update) -> None:
    update.edit(d.NOTE, b"/N 16 0 R", b"/N %d 0 R" % update.put(None, form(d.WHITE_SQUARE)))


def annotation_rows() -> Iterator[Kind]:
    s = "Annotations"
    for kind in ANNOTATIONS:
        name = kind.split()[0].decode()
        yield Kind(
            s, f"an annotation added: {name}", "other", changed(annotation(b"/Subtype " + kind)), "annotations added"
        )
    yield Kind(
        s,
        "an annotation, where the certification allows annotations",
        "other",
        changed(annotation(b"/Subtype /FreeText"), lambda: certified(MDPPerm.ANNOTATE)),
        "annotations added",
    )
    yield Kind(s, "an annotation removed", "other", edit(d.ANNOTATIONS, b" 9 0 R", b""), "annotations added, removed")
    yield Kind(
        s, "annotations in another order", "other", put(d.ANNOTATIONS, b"[9 0 R 8 0 R 7 0 R]"), "another order"
    )
    yield Kind(s, "an annotation’s appearance swapped", "other", changed(look_of_note), "object 9 changed")
    yield Kind(
        s,
        "an annotation’s appearance redrawn in place",
        "other",
        put(d.NOTE_LOOK, form(d.WHITE_SQUARE)),
        "object 16 changed",
    )
    yield Kind(
        s, "an annotation moved", "other", edit(d.NOTE, b"[72 300 222 360]", b"[72 740 400 800]"), "object 9 changed"
    )
    yield Kind(s, "an annotation hidden", "other", edit(d.NOTE, b"/F 4", b"/F 2"), "object 9 changed")


SECTION = "Pages and what they use"


def content_rows() -> Iterator[Kind]:
    yield Kind(SECTION, "a page’s content replaced", "other", changed(contents_replaced), "page 5 changed")
    yield Kind(
        SECTION, "a page’s content redrawn in place", "other", put(d.CONTENT, stream(d.PAINT)), "object 11 changed"
    )
    yield Kind(
        SECTION,
        "content added behind the page’s own",
        "other",
        changed(
            lambda u: u.edit(
                d.FIRST, b"/Contents 11 0 R", b"/Contents [11 0 R %d 0 R]" % u.put(None, stream(d.PAINT))
            )
        ),
        "page 5 changed",
    )
    yield Kind(
        SECTION,
        "content for a place that was left open when it was signed",
        "other",
        put(d.LEFT_OPEN, stream(d.PAINT)),
        "left open",
    )
    for what, number, body in (
        ("a font", d.FONT, b"<< /Type /Font /Subtype /Type1 /BaseFont /ZapfDingbats >>"),
        ("a shared form", d.SHARED_FORM, form(d.WHITE_SQUARE)),
        ("a graphics state", d.STATE, b"<< /Type /ExtGState /ca 0 >>"),
        ("a colour space", d.COLOURS, b"/DeviceRGB"),
        ("the resources", d.RESOURCES, b"<< /Font << /F1 10 0 R >> >>"),
    ):
        yield Kind(SECTION, f"{what} replaced", "other", put(number, body), f"object {number} changed")
    yield Kind(
        SECTION, "a font freed that a page uses", "other", changed(lambda u: u.freed.add(d.FONT)), "object 10 changed"
    )


def page_tree_rows() -> Iterator[Kind]:
    for entry in PAGE_ENTRIES:
        name = entry.split()[0].decode()
        yield Kind(SECTION, f"a page gets {name}", "other", more(d.FIRST, entry), "page 5 changed")
    yield Kind(
        SECTION,
        "other resources of a page",
        "other",
        edit(d.FIRST, b"/Resources 12 0 R", b"/Resources << >>"),
        "page 5 changed",
    )
    yield Kind(
        SECTION,
        "another box, inherited by all pages",
        "other",
        edit(d.PAGES, b"[0 0 595 842]", b"[0 0 300 300]"),
        "object 2 changed",
    )
    yield Kind(SECTION, "a page added", "other", changed(page_added), "object 2 changed")
    yield Kind(
        SECTION,
        "a page removed",
        "other",
        put(d.PAGES, b"<< /Type /Pages /Kids [6 0 R] /Count 1 /MediaBox [0 0 595 842] >>"),
        "object 2 changed",
    )
    yield Kind(
        SECTION,
        "pages in another order",
        "other",
        put(d.PAGES, b"<< /Type /Pages /Kids [6 0 R 5 0 R] /Count 2 /MediaBox [0 0 595 842] >>"),
        "object 2 changed",
    )


def page_rows() -> Iterator[Kind]:
    yield from content_rows()
    yield from page_tree_rows()


def document_rows() -> Iterator[Kind]:
    s = "The document as a whole"
    yield Kind(
        s, "a hidden layer switched on", "other", put(d.LAYERS, b"<< /ON [20 0 R] /OFF [] >>"), "object 21 changed"
    )
    yield Kind(
        s,
        "a layer shown or hidden by its use (/Usage)",
        "other",
        more(d.LAYER, b"/Usage << /View << /ViewState /ON >> >>"),
        "object 20 changed",
    )
    yield Kind(
        s,
        "a layer that becomes a membership of layers (OCMD)",
        "other",
        put(d.LAYER, b"<< /Type /OCMD /OCGs [] >>"),
        "object 20 changed",
    )
    yield Kind(
        s,
        "another configuration of the layers in the catalog",
        "other",
        edit(d.CATALOG, b"/D 21 0 R", b"/D << /BaseState /ON >>"),
        "/OCProperties",
    )
    for entry in CATALOG_ENTRIES:
        name = entry.split()[0].decode()
        yield Kind(s, f"the catalog gets {name}", "other", more(d.CATALOG, entry), f"the catalog has other {name}")
    yield Kind(
        s,
        "a certification added behind a signature",
        "other",
        lambda: signers().sign_again(approved(), signers().bob, certify=True),
        "/Perms",
    )
    yield Kind(
        s,
        "the certification removed",
        "other",
        changed(lambda u: u.put(d.CATALOG, re.sub(rb"/Perms <<.*?>>", b"", current(whole(), 1), flags=re.DOTALL))),
        "/Perms",
    )
