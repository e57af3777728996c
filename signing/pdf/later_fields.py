"""Checks changes of a document's form after it was signed: fields filled in, signature fields filled or added.
Imports no Django."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pyhanko.pdf_utils import generic

from signing.pdf.comparison import Use
from signing.pdf.later_signatures import LaterWidget, check_flags, check_later_signature, check_new_widget
from signing.pdf.not_allowed import NotAllowed
from signing.pdf.review import Review
from signing.pdf.values import (
    ELEMENT,
    STRINGS,
    Path,
    differing,
    entry,
    is_dictionary,
    is_stream,
    items,
    number_of,
    paths,
    raw,
    resolved,
    same,
)  # fmt: skip

MAX_FIELDS = 50_000
MAX_DEPTH = 50
SIGNATURE = "/Sig"
FORM_KEYS = {"/Fields", "/SigFlags", "/NeedAppearances", "/DA", "/DR", "/Q"}
SIGNED_WITH = {"/V", "/AP", "/F", "/M", "/P", "/Type", "/Ff", "/DA"}  # what signing changes in a field
FILLED_WITH = {"/V", "/AP", "/AS", "/F", "/M", "/I", "/RV", "/TI", "/DA", "/Q", "/Ff", "/Type"}
HARMLESS = {"/Ff", "/Type", "/M"}  # Acrobat rewrites these as a side effect
PLACES = {ELEMENT, "/Parent", "/Obj"}  # of references to fields: in /Fields, /Kids, /Annots, from kids, from tags
NO_FIELD_KEYS = {"/MediaBox", "/Resources", "/Annots", "/Count", "/OCGs", "/VE"}
GROUP_KEYS = {"/T", "/Kids", "/FT", "/Parent", "/Ff", "/V", "/Lock", "/SV", "/TU", "/TM", "/DA"}


@dataclass(frozen=True)
class _Field:
    """A field or a widget as it was when the document was signed."""

    name: str
    kind: str  # /Sig, /Tx, …
    filled: bool
    is_widget: bool  # one that is not its own field


def check_form(review: Review, before: Any, now: Any, root: int) -> list[LaterWidget]:
    """Check the changed form, and return the widgets of later signatures. `before`, `now`: the catalog's /AcroForm as
    written; `root`: the catalog's number. Raises NotAllowed."""
    old, new = resolved(before), resolved(now)
    if new is None and old is None:
        return []
    if not is_dictionary(new):
        raise NotAllowed("the form was removed")
    painted = list(_changed_fields(review, old))
    role: Use = (root, ("/AcroForm",))
    fields = raw(new, "/Fields")
    if old is None or not same(before, now) or review.is_changed(now) or review.is_changed(fields):
        _check_form_dictionary(old, new)
        for each in (before, now):
            review.require_only_used_as(number_of(each), {role}, "form")
        review.explain_if_only_used_as(now, {role}, "form")
    holder, path = role if number_of(before) is None else (number_of(before) or 0, ())
    review.explain_if_only_used_as(fields, {(holder, (*path, "/Fields"))}, "list of fields")
    old_fields = items(raw(old, "/Fields"))
    added = items(fields)[len(old_fields) :]
    if not all(same(a, b) for a, b in zip(old_fields, items(fields), strict=False)) or len(old_fields) > len(
        items(fields)
    ):
        raise NotAllowed("fields removed, or in another order")
    seen: set[int] = set()
    for field in added:
        painted += _added_field(review, field, "", None, seen, MAX_DEPTH)
    return painted


def _check_form_dictionary(old: Any, new: Any) -> None:
    changed = differing(old if old is not None else {}, new)
    if changed - FORM_KEYS:
        raise NotAllowed(f"the form has other {', '.join(sorted(changed - FORM_KEYS))}")
    kinds: dict[str, tuple[type, ...]] = {
        "/Fields": (generic.ArrayObject,),
        "/DR": (generic.DictionaryObject,),
        "/DA": STRINGS,
        "/SigFlags": (generic.NumberObject,),
        "/Q": (generic.NumberObject,),
        "/NeedAppearances": (generic.BooleanObject,),
    }
    for key in changed:
        value = entry(new, key)
        if is_stream(value) or not (value is None or isinstance(value, kinds[key])):
            raise NotAllowed(f"a form whose {key} is of another kind")
    wanted = [_asks_for_appearances(form) for form in (old, new)]
    if wanted[1] and not wanted[0]:
        raise NotAllowed("viewers are asked to draw the fields anew")
    defaults = changed & {"/DA", "/DR", "/Q"} or wanted[0] != wanted[1]
    if defaults and any(field.kind != SIGNATURE for field in _tree(old).values()):
        raise NotAllowed("fields look different by other defaults of the form")


def _asks_for_appearances(form: Any) -> bool:
    value = entry(form, "/NeedAppearances")
    return isinstance(value, generic.BooleanObject) and bool(value.value)


def _changed_fields(review: Review, old: Any) -> Iterator[LaterWidget]:
    """Check the changed fields and widgets that existed when the document was signed."""
    candidates = {
        number: was for number in review.comparison.changed if _is_field(was := review.comparison.was(number))
    }
    if not candidates:
        return
    tree = _tree(old)
    for number, was in candidates.items():
        if number in tree:
            yield from _changed_field(review, tree[number], number, was, review.comparison.now(number))
            review.explain(number)


def _is_field(value: Any) -> bool:
    return is_dictionary(value) and any(key in value for key in ("/FT", "/T", "/Parent", "/Subtype"))


def _changed_field(review: Review, field: _Field, number: int, was: Any, now: Any) -> Iterator[LaterWidget]:
    if not is_dictionary(now):
        raise NotAllowed(f"field {field.name} is none any more")
    changed = differing(was, now)
    _check_stays_a_field(was, now)
    review.require_only_under(number, PLACES, f"field {field.name}")
    _check_kinds(changed, now)
    if changed <= HARMLESS and (field.kind == SIGNATURE or changed <= {"/M", "/Type"}):
        return
    if field.kind != SIGNATURE:
        _check_filled(review, field, changed)
    elif field.filled or changed - SIGNED_WITH:
        raise NotAllowed(f"signature field {field.name} has other {', '.join(sorted(changed))}")
    check_flags(raw(was, "/F"), raw(now, "/F"))
    _check_appearances(review, number, raw(now, "/AP"))
    if field.kind == SIGNATURE and (entry(now, "/V") is not None or field.is_widget):
        yield _signed_field(review, field, number, now)
    elif field.kind == SIGNATURE:
        raise NotAllowed(f"signature field {field.name} changed, and is not signed")


def _signed_field(review: Review, field: _Field, number: int, now: Any) -> LaterWidget:
    """Check a field that existed and is signed now, or its widget if that is a separate object."""
    is_shown = "/Rect" in now
    return check_later_signature(
        review,
        name=field.name,
        value=raw(resolved(raw(now, "/Parent")), "/V") if field.is_widget else raw(now, "/V"),
        widget=now if is_shown else _only_widget(now),
        number=number if is_shown else number_of(items(raw(now, "/Kids"))[0]) or 0,
        was_there=True,
    )


def _check_stays_a_field(was: Any, now: Any) -> None:
    """Require that nothing in the object makes it a page, a layer or resources as well. Raises NotAllowed."""
    if any(entry(value, "/Type") not in (None, "/Annot") for value in (was, now)) or set(was) & NO_FIELD_KEYS:
        raise NotAllowed("a field that is something else, too")
    page = raw(now, "/P")
    if not same(raw(was, "/P"), page) and (number_of(page) is None or entry(resolved(page), "/Type") != "/Page"):
        raise NotAllowed("a field on something that is no page")


def _check_kinds(changed: set[str], now: Any) -> None:
    """Require that each entry of the field has the type that the standard gives it. Raises NotAllowed."""
    kinds: dict[str, tuple[type, ...]] = {
        "/M": STRINGS,
        "/DA": STRINGS,
        "/F": (generic.NumberObject,),
        "/Ff": (generic.NumberObject,),
        "/Type": (generic.NameObject,),
    }
    for key in changed & set(kinds):
        value = raw(now, key)
        if not (value is None or isinstance(value, kinds[key])):
            raise NotAllowed(f"a field whose {key} is of another kind")
    appearance = entry(now, "/AP")
    if "/AP" in changed and not (appearance is None or is_dictionary(appearance)):
        raise NotAllowed("a field whose /AP is of another kind")


def _check_appearances(review: Review, number: int, appearance: Any) -> None:
    """Require that no other object shows the appearances that this field redrew in place. Raises NotAllowed."""
    forms = list(_forms(resolved(appearance)))
    if not any(review.is_changed(each) for each in (appearance, *forms)):
        return
    own: Use = (number, ("/AP",))
    review.require_only_used_as(number_of(appearance), {own}, "appearance")
    review.explain_if_only_used_as(appearance, {own}, "appearance")
    holder, path = own if number_of(appearance) is None else (number_of(appearance) or 0, ())
    states = [(*path, *place) for form in forms if number_of(form) for place in _places_of(appearance, form)]
    for form in forms:
        review.explain_if_only_used_as(form, {(holder, place) for place in states}, "appearance")


def _places_of(appearance: Any, form: Any) -> Iterator[Path]:
    return paths(resolved(appearance), number_of(form) or 0)


def _only_widget(field: Any) -> Any:
    kids = items(raw(field, "/Kids"))
    if len(kids) != 1:
        raise NotAllowed("a signature shown in several places")
    return resolved(kids[0])


def _check_filled(review: Review, field: _Field, changed: set[str]) -> None:
    if changed - FILLED_WITH:
        raise NotAllowed(f"field {field.name} has other {', '.join(sorted(changed))}")
    review.refuse_locked(field.name)
    review.note("fields")


def _forms(appearance: Any) -> Iterator[Any]:
    """The appearance streams of a widget, of all its states, as written."""
    for kind in appearance if is_dictionary(appearance) else ():
        value = raw(appearance, kind)
        if is_dictionary(resolved(value)):
            yield value
            yield from (raw(resolved(value), state) for state in resolved(value))
        else:
            yield value


def _added_field(
    review: Review, value: Any, parent: str, kind: str | None, seen: set[int], depth: int
) -> Iterator[LaterWidget]:
    """Check a new field and its kids."""
    number, field = number_of(value), resolved(value)
    if number is None or not review.is_new(value) or not is_dictionary(field) or number in seen or depth == 0:
        raise NotAllowed("an added field that is no new object")
    seen.add(number)
    kind = entry(field, "/FT") or kind
    name = _joined(parent, entry(field, "/T"))
    kids = items(raw(field, "/Kids"))
    if not kids:
        yield from _added_widget(review, name, kind, number, field, raw(field, "/V"))
        return
    if set(field) - GROUP_KEYS:
        raise NotAllowed(f"field {name} was added and is more than a signature")
    if all("/T" in (resolved(kid) or {}) for kid in kids):
        for kid in kids:
            yield from _added_field(review, kid, name, kind, seen, depth - 1)
        return
    if len(kids) != 1 or not review.is_new(kids[0]):
        raise NotAllowed("a signature shown in several places")
    yield from _added_widget(review, name, kind, number_of(kids[0]) or 0, resolved(kids[0]), raw(field, "/V"))


def _added_widget(
    review: Review, name: str, kind: str | None, number: int, widget: Any, value: Any
) -> Iterator[LaterWidget]:
    if kind != SIGNATURE:
        raise NotAllowed(f"field {name} was added and is no signature")
    check_new_widget(widget)
    check_flags(None, raw(widget, "/F"))
    yield check_later_signature(
        review,
        name=name,
        widget=widget,
        number=number,
        was_there=False,
        value=value,
    )


def _tree(form: Any) -> dict[int, _Field]:
    """Every field and widget of a form by its object number. Raises NotAllowed for a form that is too large."""
    fields: dict[int, _Field] = {}
    waiting = [(value, "", None, False, MAX_DEPTH) for value in items(raw(form, "/Fields"))]
    while waiting:
        value, parent, kind, filled, depth = waiting.pop()
        number, node = number_of(value), resolved(value)
        if not is_dictionary(node) or is_stream(node) or number in fields or depth == 0:
            continue
        kind = entry(node, "/FT") or kind
        filled = filled or entry(node, "/V") is not None
        is_widget = "/T" not in node
        name = _joined(parent, entry(node, "/T"))
        if number is not None:
            fields[number] = _Field(name, str(kind), filled, is_widget)
        waiting += [(kid, name, kind, filled, depth - 1) for kid in items(raw(node, "/Kids"))]
        if len(fields) > MAX_FIELDS:
            raise NotAllowed("more fields than are looked at")
    return fields


def _joined(parent: str, name: Any) -> str:
    if name is None:
        return parent
    return f"{parent}.{name}" if parent else str(name)
