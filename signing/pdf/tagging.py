"""Keeps a tagged PDF tagged: adds the signature's field to the structure tree.

ISO 32000-1, 14.7; ISO 14289-1, 7.18. A Form element at the end of the document points at the widget, and the parent
tree leads back from it. An invalid tree does not prevent signing: it is then left as it was. Runs in the sandbox;
imports no Django.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from signing.pdf.objects import array, dictionary, number, numbers

MAX_NODES = 20_000  # of a parent tree; more is a loop, or more than any reader would walk
DOCUMENT = pdf_name("/Document")


class _OddTree(Exception):
    """Not a structure tree as the standard defines it."""


@dataclass(frozen=True)
class _Place:
    root: generic.DictionaryObject
    parent: generic.DictionaryObject  # the root itself, or the element of the whole document
    parent_reference: generic.IndirectObject
    parents: generic.DictionaryObject  # the parent tree
    key: int  # the first that is free


def put_in_structure(writer: IncrementalPdfFileWriter, widget: generic.IndirectObject) -> bool:
    """Whether the new widget is now part of the structure; False for a document without one, or with an odd one."""
    try:
        place = _find_place(writer)
    except MemoryError:
        raise
    except Exception:
        return False  # any kind, on damaged files; nothing has been changed yet
    field = widget.get_object()
    page = field.raw_get("/P")
    reference = dictionary({"/Type": "/OBJR", "/Obj": widget, "/Pg": page})
    element = writer.add_object(
        dictionary(
            {"/Type": "/StructElem", "/S": "/Form", "/P": place.parent_reference, "/Pg": page, "/K": reference}
        )
    )
    field[pdf_name("/StructParent")] = number(place.key)
    _append_child(writer, place.parent, element)
    _append_key(writer, place.parents, place.key, element)
    place.root[pdf_name("/ParentTreeNextKey")] = number(place.key + 1)
    writer.update_container(place.root)
    shown_on = page.get_object()
    shown_on[pdf_name("/Tabs")] = pdf_name("/S")  # the tab key follows the reading order
    writer.update_container(shown_on)
    return True


def _find_place(writer: IncrementalPdfFileWriter) -> _Place:
    """Raises _OddTree, and what damaged objects make pyHanko raise. Changes nothing."""
    reference = writer.root.raw_get("/StructTreeRoot")
    root = _dictionary(reference)
    parents = _dictionary(root.get("/ParentTree"))
    if not isinstance(reference, generic.IndirectObject):
        raise _OddTree
    nodes = list(_nodes(parents))
    keys = [int(key) for node in nodes for key in _keys(node)]
    stated = root.get("/ParentTreeNextKey")
    free = max([int(stated) if isinstance(stated, generic.NumberObject) else 0, *(key + 1 for key in keys)])
    child = _only_child(root)
    if child is not None and _dictionary(child).get("/S") == DOCUMENT:
        _children(_dictionary(child))
        return _Place(root, _dictionary(child), child, parents, free)
    _children(root)
    return _Place(root, root, reference, parents, free)


def _only_child(root: generic.DictionaryObject) -> generic.IndirectObject | None:
    raw = root.raw_get("/K")
    children = _resolved(raw)
    if isinstance(children, generic.ArrayObject):
        raw = children.raw_get(0) if len(children) == 1 else None
    return raw if isinstance(raw, generic.IndirectObject) else None


def _children(element: generic.DictionaryObject) -> Any:
    """What /K holds: an array, one child, or nothing. Raises _OddTree for anything else."""
    children = _resolved(element.get("/K"))
    if children is not None and not isinstance(
        children, generic.ArrayObject | generic.DictionaryObject | generic.NumberObject
    ):
        raise _OddTree
    return children


def _append_child(
    writer: IncrementalPdfFileWriter, element: generic.DictionaryObject, child: generic.IndirectObject
) -> None:
    children = _children(element)
    if isinstance(children, generic.ArrayObject):
        children.append(child)
        writer.update_container(children)
        return
    element[pdf_name("/K")] = array([child] if children is None else [element.raw_get("/K"), child])
    writer.update_container(element)


def _append_key(
    writer: IncrementalPdfFileWriter, parents: generic.DictionaryObject, key: int, element: generic.IndirectObject
) -> None:
    """The key is larger than all others: it goes last (number trees are ordered, ISO 32000-1, 7.9.7)."""
    kids = _resolved(parents.get("/Kids"))
    if isinstance(kids, generic.ArrayObject):
        leaf = dictionary({"/Limits": numbers((key, key)), "/Nums": array([number(key), element])})
        kids.append(writer.add_object(leaf))
        writer.update_container(kids)
        return
    pairs = _resolved(parents.get("/Nums"))
    if isinstance(pairs, generic.ArrayObject):
        pairs.extend([number(key), element])
        writer.update_container(pairs)
        return
    parents[pdf_name("/Nums")] = array([number(key), element])
    writer.update_container(parents)


def _nodes(tree: generic.DictionaryObject) -> Iterator[generic.DictionaryObject]:
    """All nodes of a number tree. Raises _OddTree for an invalid or too large tree."""
    waiting = [tree]
    for _ in range(MAX_NODES):
        if not waiting:
            return
        node = waiting.pop()
        yield node
        kids = _resolved(node.get("/Kids"))
        if kids is not None:
            waiting += [_dictionary(kid) for kid in _array(kids)]
    raise _OddTree


def _keys(node: generic.DictionaryObject) -> list[Any]:
    pairs = _resolved(node.get("/Nums"))
    return [] if pairs is None else list(_array(pairs))[::2]


def _array(value: Any) -> generic.ArrayObject:
    resolved = _resolved(value)
    if not isinstance(resolved, generic.ArrayObject):
        raise _OddTree
    return resolved


def _dictionary(value: Any) -> generic.DictionaryObject:
    resolved = _resolved(value)
    if not isinstance(resolved, generic.DictionaryObject):
        raise _OddTree
    return resolved


def _resolved(value: Any) -> Any:
    return value.get_object() if isinstance(value, generic.IndirectObject) else value
