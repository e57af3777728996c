"""Fields of a form, filled in or changed."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, MDPPerm, SigFieldSpec, append_signature_field

from tests.signing.changed import documents as d
from tests.signing.changed.documents import Update, current, document, form, stream
from tests.signing.changed.kinds import Kind, certified, changed, edit, more, put, whole
from tests.signing.changed.signers import Look, signers


def filled(update: Update) -> None:
    update.edit(d.TEXT_FIELD, b"(1 g)", b"(10 g)")
    look = update.put(None, form(b"/Tx BMC BT /F1 12 Tf 2 8 Td (10 g) Tj ET EMC", b"[0 0 200 30]"))
    update.edit(d.TEXT_FIELD, b"/N 15 0 R", b"/N %d 0 R" % look)


def redrawn(update: Update) -> None:
    update.edit(d.TEXT_FIELD, b"(1 g)", b"(9 g)")
    update.put(d.FIELD_LOOK, form(b"BT /F1 12 Tf 2 8 Td (9 g) Tj ET", b"[0 0 200 30]"))


def filled_behind(base: Callable[[], bytes]) -> Callable[[], bytes]:
    return changed(filled, base)


def locked() -> bytes:
    lock = FieldMDPSpec(FieldMDPAction.INCLUDE, ["dose"])
    field = SigFieldSpec("Alice", field_mdp_spec=lock, doc_mdp_update_value=MDPPerm.FILL_FORMS)
    content = io.BytesIO(document())
    writer = IncrementalPdfFileWriter(content)
    append_signature_field(writer, field)
    writer.write_in_place()
    return signers().sign_again(content.getvalue(), signers().alice, "Alice")


def field_added(update: Update) -> None:
    field = update.put(None, d.parts()[d.TEXT_FIELD].replace(b"(dose)", b"(autre)").replace(b"500", b"400"))
    update.put(d.FORM, re.sub(rb"(/Fields \[[^\]]*)\]", rb"\g<1> %d 0 R]" % field, current(update.content, d.FORM)))
    update.edit(d.ANNOTATIONS, b"]", b" %d 0 R]" % field)


SECTION = "Forms"


def filled_in() -> Iterator[Kind]:
    yield Kind(SECTION, "a text field filled in", "fields", changed(filled))
    yield Kind(
        SECTION,
        "a text field’s look swapped, its value as it was",
        "fields",
        edit(d.TEXT_FIELD, b"/N 15 0 R", b"/N 16 0 R"),
    )
    yield Kind(
        SECTION,
        "a text field’s look redrawn in place",
        "fields",
        changed(redrawn),
    )
    yield Kind(
        SECTION,
        "a text field’s look redrawn in place, its value as it was",
        "other",
        put(d.FIELD_LOOK, form(d.WHITE_SQUARE)),
        "object 15 changed",
    )
    yield Kind(
        SECTION,
        "a field filled in, signed by the one who filled it in",
        "fields",
        lambda: signers().sign_again(changed(filled)(), signers().bob, look=Look()),
    )
    yield Kind(SECTION, "a field filled in that the signature locks", "other", filled_behind(locked), "locked")
    yield Kind(
        SECTION,
        "a field filled in where the certification allows no changes",
        "other",
        filled_behind(lambda: certified(MDPPerm.NO_CHANGES)),
        "allows no changes",
    )


def changed_otherwise() -> Iterator[Kind]:
    yield Kind(
        SECTION,
        "a text field moved",
        "other",
        edit(d.TEXT_FIELD, b"[72 500 272 530]", b"[72 750 272 780]"),
        "has other /Rect",
    )
    yield Kind(
        SECTION,
        "a text field with an action",
        "other",
        more(d.TEXT_FIELD, b"/AA << /F << /S /JavaScript /JS (x) >> >>"),
        "has other /AA",
    )
    yield Kind(SECTION, "a text field added", "other", changed(field_added), "no signature")
    yield Kind(
        SECTION,
        "a field removed",
        "other",
        changed(lambda u: u.put(d.FORM, re.sub(rb"7 0 R", b"", current(whole(), d.FORM)))),
        "removed",
    )
    yield Kind(
        SECTION,
        "viewers asked to draw the fields anew (/NeedAppearances)",
        "other",
        more(d.FORM, b"/NeedAppearances true"),
        "draw the fields anew",
    )
    yield Kind(
        SECTION,
        "other defaults of the form’s fields (/DA, /DR)",
        "other",
        edit(d.FORM, b"Helv 10 Tf 0 g", b"Helv 99 Tf 1 g"),
        "other defaults",
    )
    yield Kind(
        SECTION,
        "an XFA form",
        "other",
        changed(lambda u: u.add(d.FORM, b"/XFA %d 0 R" % u.put(None, stream(b"<xdp/>")))),
        "/XFA",
    )
    yield Kind(SECTION, "another order of calculation (/CO)", "other", more(d.FORM, b"/CO [7 0 R]"), "/CO")


def rows() -> Iterator[Kind]:
    yield from filled_in()
    yield from changed_otherwise()
