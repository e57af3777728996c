"""Checks a signature field that was filled after the document was signed: whether it is allowed, and what it paints.
Imports no Django.

No later signature may be invalid. A valid one may paint within its own box, which must have a usual stamp's size, if
the field existed already or this site confirms the signer. Time-stamps and signatures that can't be judged must paint
nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from signing.pdf.geometry import Box
from signing.pdf.not_allowed import NotAllowed
from signing.pdf.plain_streams import decoded
from signing.pdf.review import Review
from signing.pdf.values import entry, floats, integer, is_dictionary, is_stream, number_of, raw

# ISO 32000-1, 12.5.3: Invisible, Hidden, Print, NoView, ReadOnly, Locked, LockedContents. The others let an
# annotation leave its rectangle (NoZoom, NoRotate) or appear under the pointer (ToggleNoView).
FLAGS = 1 | 2 | 4 | 32 | 64 | 128 | 512
WIDGET_KEYS = {
    *("/Type", "/Subtype", "/FT", "/T", "/TU", "/TM", "/V", "/P", "/Rect", "/F", "/AP", "/Ff", "/DA", "/Q", "/Lock"),
    *("/SV", "/M", "/NM", "/Parent", "/StructParent", "/MK", "/Border", "/BS"),
}
FORM_KEYS_REFUSED = {"/OC", "/Ref", "/PS"}  # visibility by a layer; content from another file; PostScript
BLANK = (b"", b"% DSBlank")  # what Acrobat paints for an invisible signature
TINY = 1e-6


@dataclass(frozen=True)
class LaterWidget:
    """The widget of a later signature, which check_pages then looks for."""

    number: int
    box: Box
    paints: bool
    was_there: bool
    confirmed: bool


def check_later_signature(
    review: Review, *, name: str, value: Any, widget: Any, number: int, was_there: bool
) -> LaterWidget:
    """Raises NotAllowed if the signature is not allowed, or paints what it may not."""
    fact = review.facts.get(name)
    if fact is None or fact.judgement == "not_valid" or fact.revision <= review.comparison.revision:
        raise NotAllowed(f"field {name} was added and holds no valid signature")
    _check_value(review, name, value, number)
    box = _box(widget)
    paints = _paints(widget, box)
    later = LaterWidget(number, box, paints, was_there, fact.confirmed)
    if fact.is_time_stamp or fact.judgement == "not_judged":
        if paints:
            raise NotAllowed(f"field {name} paints, and is no signature that is valid")
        review.note("validation" if fact.judgement == "valid" else "not_judged")
        return later
    review.note("signatures")
    if was_there or paints:
        review.refuse_locked(name)
    if paints and not was_there and not fact.confirmed:
        raise NotAllowed(f"field {name} was added, paints, and its signer is not known here")
    if paints:
        _check_appearance(widget)
    return later


def _check_value(review: Review, name: str, value: Any, number: int) -> None:
    """Require that one field alone has this signature, and this name: a second field would pass for the first. Raises
    NotAllowed."""
    if not review.is_new(value) and not is_dictionary(value):
        raise NotAllowed(f"the signature of field {name} is no new object")
    for key in (name, number_of(value)):
        if key is not None and review.fields.setdefault(key, number) != number:
            raise NotAllowed(f"field {name} is there twice, or its signature is")


def check_new_widget(widget: Any) -> None:
    """Require that a widget has only the entries that a signature needs. Raises NotAllowed."""
    if not is_dictionary(widget) or set(widget) - WIDGET_KEYS:
        raise NotAllowed("a widget with more than a signature needs")
    if entry(widget, "/Subtype") != "/Widget" or entry(widget, "/Type") not in (None, "/Annot"):
        raise NotAllowed("a signature that is another kind of annotation")
    characteristics = entry(widget, "/MK")
    if characteristics is not None and (not is_dictionary(characteristics) or set(characteristics) - {"/R"}):
        raise NotAllowed("a widget with colours or captions of its own")
    border = raw(widget, "/Border")
    if border is not None and (floats(border) or [])[2:3] != [0]:
        raise NotAllowed("a widget with a border")
    style = entry(widget, "/BS")
    if style is not None and (not is_dictionary(style) or entry(style, "/W") != 0):
        raise NotAllowed("a widget with a border")


def check_flags(before: Any, now: Any) -> None:
    """Require that a widget stays in its rectangle. Raises NotAllowed."""
    if (integer(before) ^ integer(now)) & ~FLAGS:
        raise NotAllowed("a widget that leaves its rectangle")


def _box(widget: Any) -> Box:
    numbers = floats(raw(widget, "/Rect"))
    if numbers is None or len(numbers) != 4:
        raise NotAllowed("a widget without rectangle")
    x0, x1 = sorted((numbers[0], numbers[2]))
    y0, y1 = sorted((numbers[1], numbers[3]))
    return (x0, y0, x1, y1)


def _paints(widget: Any, box: Box) -> bool:
    appearance = entry(widget, "/AP")
    if appearance is None or (is_dictionary(appearance) and not appearance):
        return False
    if box[0] < box[2] or box[1] < box[3]:
        return True  # a line counts, too: it strikes out what it crosses
    # Readers disagree about a form without an area, unless it is empty.
    form = entry(appearance, "/N")
    return not (_only_normal(appearance) and is_stream(form) and (_has_area(form) or _is_blank(form)))


def _check_appearance(widget: Any) -> None:
    """Require one form, clipped to its own box, which viewers fit to the rectangle (ISO 32000-1, 12.5.5).

    Raises NotAllowed.
    """
    appearance = entry(widget, "/AP")
    form = entry(appearance, "/N")
    if not _only_normal(appearance) or not is_stream(form) or entry(form, "/Subtype") != "/Form":
        raise NotAllowed("an appearance that is more than a form")
    if set(form) & FORM_KEYS_REFUSED:
        raise NotAllowed("an appearance that is not always the same")
    if not _has_area(form) or not _has_matrix(form):
        raise NotAllowed("an appearance without a box of its own")


def _only_normal(appearance: Any) -> bool:
    return is_dictionary(appearance) and set(appearance) == {"/N"}


def _has_area(form: Any) -> bool:
    numbers = floats(raw(form, "/BBox"))
    if numbers is None or len(numbers) != 4:
        return False
    return abs(numbers[2] - numbers[0]) > TINY and abs(numbers[3] - numbers[1]) > TINY


def _has_matrix(form: Any) -> bool:
    if raw(form, "/Matrix") is None:
        return True
    numbers = floats(raw(form, "/Matrix"))
    if numbers is None or len(numbers) != 6:
        return False
    a, b, c, d, *_moved = numbers
    return abs(a * d - b * c) > TINY


def _is_blank(form: Any) -> bool:
    try:
        return decoded(form).strip() in BLANK
    except NotAllowed:
        return False  # readers may decode it differently, so it may paint
