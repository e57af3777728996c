"""Checks pages that gained widgets of later signatures; nothing else of a signed page may change. Imports no
Django."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pyhanko.pdf_utils import generic

from signing.pdf.comparison import UNCLEAR
from signing.pdf.geometry import largest_usual_stamp
from signing.pdf.later_signatures import LaterWidget
from signing.pdf.not_allowed import NotAllowed
from signing.pdf.page_boxes import geometry_of
from signing.pdf.review import Review
from signing.pdf.values import ELEMENT, differing, entry, is_dictionary, items, number_of, raw, same  # fmt: skip

PLACES = {ELEMENT, "/P", "/Pg", "/Parent"}  # of references to pages: /Kids, targets, annotations, tags
ROUNDING = 0.01  # of user space units


def check_pages(review: Review, widgets: Iterable[LaterWidget]) -> None:
    """Raises NotAllowed."""
    by_number = {widget.number: widget for widget in widgets}
    added = {number for number, widget in by_number.items() if not widget.was_there}
    shown_on = _places_of_added(review, added)
    filled = [w for w in by_number.values() if w.was_there and w.paints and w.number in review.comparison.changed]
    for widget in filled:
        shown_on[widget.number] = _pages_of(review, widget.number)
    painted: dict[int, float] = {}  # page: area painted by signers whom this site does not know
    for number, pages in shown_on.items():
        widget = by_number[number]
        if widget.paints and not pages:
            raise NotAllowed("a signature that paints on no page")
        if widget.paints and not widget.was_there and len(pages) > 1:
            raise NotAllowed("a signature that is shown on several pages")
        for page in pages if widget.paints else ():
            _check_size(review, widget, page, painted)


def _places_of_added(review: Review, added: set[int]) -> dict[int, set[int]]:
    """Widget → numbers of the pages to which it was added."""
    places: dict[int, set[int]] = {number: set() for number in added}
    for number in review.comparison.changed - review.explained:
        was, now = review.comparison.was(number), review.comparison.now(number)
        if is_dictionary(was) and entry(was, "/Type") == "/Page":
            if not is_dictionary(now) or differing(was, now) - {"/Annots"}:
                raise NotAllowed(f"page {number} changed")
            if not isinstance(entry(now, "/Annots"), generic.ArrayObject):
                raise NotAllowed(f"page {number} has annotations that are no list")
            page, before, after = number, items(raw(was, "/Annots")), items(raw(now, "/Annots"))
        elif isinstance(was, generic.ArrayObject) and isinstance(now, generic.ArrayObject):
            owner = _page_of_array(review, number)
            if owner is None:
                continue  # no list of annotations: this rule does not apply
            page, before, after = owner, items(was), items(now)
        else:
            continue
        review.require_only_under(page, PLACES, "page")
        for widget in _added_to(before, after, added):
            places[widget].add(page)
        review.explain(number)
    return places


def _page_of_array(review: Review, number: int) -> int | None:
    """The page whose list of annotations this array was, if it had no other role."""
    uses = list(review.comparison.uses(number))
    if len(uses) != 1 or uses[0][1] != ("/Annots",):
        return None
    page = uses[0][0]
    return page if entry(review.comparison.was(page), "/Type") == "/Page" else None


def _added_to(before: list[Any], after: list[Any], added: set[int]) -> list[int]:
    """The widgets of later signatures among annotations. Raises NotAllowed if anything else changed."""
    new = [number for each in after if (number := number_of(each)) is not None and number in added]
    rest = [each for each in after if number_of(each) not in added]
    if len(rest) != len(before) or not all(map(same, before, rest)) or len(new) != len(set(new)):
        raise NotAllowed("annotations added, removed, or in another order")
    return new


def _pages_of(review: Review, widget: int) -> set[int]:
    """The objects whose /Annots listed the widget when the document was signed."""
    pages: set[int] = set()
    users = review.comparison.users(widget)
    if UNCLEAR in users:
        raise NotAllowed("a signature that may be on other pages, too")
    for user in users:
        value = review.comparison.was(user)
        if isinstance(value, generic.ArrayObject):
            owners = review.comparison.users(user)
            pages |= {owner for owner in owners if number_of(raw(review.comparison.was(owner), "/Annots")) == user}
        elif any(number_of(each) == widget for each in items(raw(value, "/Annots"))):
            pages.add(user)
    return pages


def _check_size(review: Review, widget: LaterWidget, page: int, painted: dict[int, float]) -> None:
    geometry = geometry_of(review.comparison.was(page))
    width, height = widget.box[2] - widget.box[0], widget.box[3] - widget.box[1]
    if geometry.rotation in (90, 270):
        width, height = height, width
    most_width, most_height = largest_usual_stamp(geometry)
    if width > most_width + ROUNDING or height > most_height + ROUNDING:
        raise NotAllowed("a signature larger than a stamp's usual size")
    if not widget.confirmed:
        painted[page] = painted.get(page, 0) + width * height
        if painted[page] > most_width * most_height + 1:
            raise NotAllowed("signatures that together cover more than a stamp does")
