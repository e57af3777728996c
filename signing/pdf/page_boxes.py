"""The geometry of a page as pyHanko reads it, with what it inherits from the page tree. Imports no Django."""

from __future__ import annotations

from typing import Any

from pyhanko.pdf_utils import generic

from signing.pdf.geometry import PageGeometry, page_geometry
from signing.pdf.values import entry, items, raw, resolved

MAX_PARENTS = 200  # of a page tree; deeper is a loop


def geometry_of(page: Any) -> PageGeometry:
    return page_geometry(
        _numbers(_inherited(page, "/MediaBox")),
        _numbers(_inherited(page, "/CropBox")),
        _inherited(page, "/Rotate"),
        entry(page, "/UserUnit"),
    )


def _inherited(page: Any, key: str) -> Any:
    """The page's entry, or its nearest ancestor's."""
    node = page
    for _ in range(MAX_PARENTS):
        if not isinstance(node, generic.DictionaryObject):
            return None
        value = entry(node, key)
        if value is not None:
            return value
        node = resolved(raw(node, "/Parent"))
    return None


def _numbers(value: Any) -> list[object] | None:
    return [resolved(item) for item in items(value)] if isinstance(value, generic.ArrayObject) else None
