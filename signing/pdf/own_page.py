"""Gives the signed page an object and a list of annotations of its own. Imports no Django.

Some documents use one object for several pages, or one list of annotations: the stamp would show on all of them.
"""

from __future__ import annotations

from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

ANNOTATIONS = generic.pdf_name("/Annots")


def make_own(writer: IncrementalPdfFileWriter, page: int) -> None:
    """Own object and own list of annotations for `page`, from 0."""
    node, place, _resources = writer.find_page_container(page)
    kids = node.get_object()["/Kids"]
    reference = kids.raw_get(place)
    if sum(kid == reference for kid in map(kids.raw_get, range(len(kids)))) > 1:
        kids[place] = reference = writer.add_object(_copy_of(reference.get_object()))
        writer.update_container(kids)
    own = reference.get_object()
    shared = own.raw_get(ANNOTATIONS) if ANNOTATIONS in own else None
    if isinstance(shared, generic.IndirectObject) and isinstance(own[ANNOTATIONS], generic.ArrayObject):
        annotations = own[ANNOTATIONS]
        own[ANNOTATIONS] = generic.ArrayObject(map(annotations.raw_get, range(len(annotations))))
        writer.update_container(own)


def _copy_of(page: Any) -> generic.DictionaryObject:
    return generic.DictionaryObject({key: page.raw_get(key) for key in page})
