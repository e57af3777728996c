"""For any bytes appended after a signature: if a viewer then shows a signed page differently, outside the boxes of
later signatures, the verdict is not that the document is intact.

`PAINTED_OVER_EXAMPLES` sets the number of documents; the suite tries few.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pypdfium2 as pdfium
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw

from files.decoding import draw_fields
from tests.signing.changed import documents as d
from tests.signing.changed.documents import Update, current, form, parts, stream
from tests.signing.changed.kinds import approved, packed, whole
from tests.signing.changed.signatures import EXISTING
from tests.signing.changed.signers import BESIDE, Look, judged, signers

EXAMPLES = int(os.environ.get("PAINTED_OVER_EXAMPLES", "50"))
SCALE = 0.4
INTACT = ("nothing", "validation", "signatures", "not_judged")
BASES: dict[str, Callable[[], bytes]] = {"here": whole, "packed": packed, "elsewhere": approved}
OBJECTS = sorted(parts())
BODIES = (
    form(d.WHITE_SQUARE),
    form(d.PAINT, b"[0 0 595 842]"),
    stream(d.PAINT),
    stream(b"\x30\x03\x02\x01\x01"),
    b"null",
    b"[ ]",
    b"[11 0 R 14 0 R]",
    b"<< /Type /Page /Parent 2 0 R /Contents 14 0 R /Resources 12 0 R >>",
    b"<< /Type /Annot /Subtype /Square /Rect [50 50 500 800] /C [1 0 0] /IC [1 1 1] /F 4 >>",
    b"<< /Type /Font /Subtype /Type1 /BaseFont /ZapfDingbats >>",
    b"<< /Type /ExtGState /ca 0 >>",
    b"/DeviceRGB",
)
ENTRIES = (
    b"/Rotate 90", b"/MediaBox [0 0 300 300]", b"/CropBox [0 0 300 300]", b"/UserUnit 2", b"/F 2", b"/F 6",
    b"/AS /Off", b"/Annots [ %d 0 R ]", b"/Contents %d 0 R", b"/Resources %d 0 R", b"/Kids [%d 0 R]",
    b"/Rect [0 0 600 600]", b"/AP << /N %d 0 R >>", b"/DSS << /Certs [%d 0 R] >>", b"/DSS %d 0 R",
    b"/Metadata %d 0 R", b"/AcroForm %d 0 R", b"/NeedAppearances true", b"/Fields [%d 0 R]",
    b"/DA (/Helv 40 Tf 1 0 0 rg)", b"/V (10 g)", b"/V %d 0 R", b"/OFF []", b"/ON [%d 0 R]", b"/BaseState /OFF",
    b"/OC %d 0 R", b"/XObject << /Fm0 %d 0 R >>", b"/Font << /F1 %d 0 R >>", b"/Matrix [2 0 0 2 0 0]",
    b"/BBox [0 0 5 5]", b"/Length 3", b"/Filter /ASCIIHexDecode", b"/MarkInfo << >>", b"/Extensions << >>",
    b"/M (D:2026)", b"/Ff 2", b"/Parent %d 0 R", b"/P %d 0 R",
)  # fmt: skip


@dataclass(frozen=True)
class Step:
    """One change. `number`: the object; `other`: the object that it will refer to, 0 for a new one."""

    kind: str
    number: int
    other: int
    body: bytes
    entry: bytes


STEPS = st.builds(
    Step,
    st.sampled_from(["put", "same", "add", "refer", "free", "open", "store", "note"]),
    st.sampled_from(OBJECTS),
    st.sampled_from([0, 0, 0, *OBJECTS]),
    st.sampled_from(BODIES),
    st.sampled_from(ENTRIES),
)


def as_it_is(content: bytes, number: int) -> bytes:
    """The current object; in object streams, its state before signing."""
    return current(content, number) if b"\n%d 0 obj" % number in content else parts()[number]


def apply(update: Update, step: Step) -> None:
    """Skips steps that are impossible on their object."""
    now = as_it_is(update.content, step.number)
    other = step.other or update.put(None, step.body)
    entry = step.entry % other if b"%d" in step.entry else step.entry
    if step.kind == "put":
        update.put(step.number, step.body)
    elif step.kind == "same":
        update.put(step.number, now)
    elif step.kind == "add" and b"<<" in now:
        place = now.index(b"<<") + 2
        update.put(step.number, now[:place] + b" " + entry + now[place:])
    elif step.kind == "refer" and b" 0 R" in now:
        before = now[: now.index(b" 0 R")]
        target = before.rstrip(b"0123456789")
        update.put(step.number, target + b"%d" % other + now[len(before) :])
    elif step.kind == "free":
        update.freed.add(step.number)
    elif step.kind == "open":
        update.put(d.LEFT_OPEN, step.body)
    elif step.kind == "store":
        update.put(d.CATALOG, as_it_is(update.content, d.CATALOG)[:-2] + b"/DSS << /Certs [%d 0 R] >> >>" % other)
    elif step.kind == "note":
        update.put(d.ANNOTATIONS, as_it_is(update.content, d.ANNOTATIONS)[:-1] + b" %d 0 R]" % other)


def shown(content: bytes) -> list[Image.Image] | None:
    """Each page as pdfium shows it, with fields; None if it cannot be opened."""
    try:
        pdf = pdfium.PdfDocument(content)
        try:
            draw_fields(pdf)
            return [page.render(scale=SCALE, may_draw_forms=True).to_pil().convert("RGB") for page in pdf]
        finally:
            pdf.close()
    except (pdfium.PdfiumError, ValueError):
        return None


def without_boxes(page: Image.Image, boxes: Sequence[tuple[float, float, float, float]]) -> Image.Image:
    masked = page.copy()
    draw = ImageDraw.Draw(masked)
    for x0, y0, x1, y1 in boxes:
        rectangle = [x0 * SCALE - 2, (842 - y1) * SCALE - 2, x1 * SCALE + 2, (842 - y0) * SCALE + 2]
        draw.rectangle(rectangle, fill="black")
    return masked


def looks_the_same(before: bytes, after: bytes) -> bool:
    one, other = shown(before), shown(after)
    assert one is not None
    if other is None:
        return True  # no viewer opens it
    if len(one) != len(other) or any(a.size != b.size for a, b in zip(one, other, strict=True)):
        return False
    boxes = [[BESIDE, EXISTING], []]
    return all(
        ImageChops.difference(without_boxes(a, box), without_boxes(b, box)).getbbox() is None
        for a, b, box in zip(one, other, boxes, strict=True)
    )


def signed_once_more(content: bytes, how: str) -> bytes:
    """The author of the change may sign it, too."""
    if how == "stranger, beside":
        return signers().sign_again(content, signers().stranger, look=Look())
    if how == "stranger, in the field":
        return signers().sign_again(content, signers().stranger, "confrere", Look(box=EXISTING))
    if how == "bob":
        return signers().sign_again(content, signers().bob, look=Look())
    return signers().time_stamp(content)


@pytest.mark.lengthy
@given(
    base=st.sampled_from(sorted(BASES)),
    steps=st.lists(STEPS, max_size=3),
    as_stream=st.booleans(),
    again=st.sampled_from(["", "", "", "", "stranger, beside", "stranger, in the field", "bob", "time"]),
)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES < 100,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    database=None,
)
def test_a_page_painted_over_is_never_called_intact(
    base: str, steps: list[Step], as_stream: bool, again: str
) -> None:
    before = BASES[base]()
    update = Update(before)
    for step in steps:
        apply(update, step)
    after = update.done(as_stream=as_stream) if steps else before
    if again:
        try:
            after = signed_once_more(after, again)
        except Exception:
            event("could not be signed again")  # pyHanko raises many kinds of exceptions then
            return
    verdict, _reason = judged(after)
    same = looks_the_same(before, after)
    event(f"{verdict}, {'the same' if same else 'changed'}")
    assert same or verdict not in INTACT, (verdict, steps, again)
