"""What a PDF would run, open, send or carry beside its pages. Runs in the sandbox; imports no Django.

Looks where ISO 32000-2 lets such things stand: the catalogue and its name trees, pages, annotations, form fields,
outlines (12.6.2, 12.6.3, 7.11.4, 12.7.8). A file that qpdf can't read is searched by its bytes instead.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import pikepdf

MAX_OBJECTS = 200_000  # annotations, fields and outline entries looked at
MAX_ACTIONS = 20  # of one chain (/Next)
ACTIONS = {
    "/JavaScript": "javascript",
    "/SubmitForm": "sends_form",
    "/ImportData": "sends_form",
    "/Rendition": "media",
    "/Movie": "media",
    "/Sound": "media",
    "/RichMediaExecute": "media",
}
ANNOTATIONS = {
    "/FileAttachment": "attachments",
    "/RichMedia": "media",
    "/Screen": "media",
    "/Movie": "media",
    "/Sound": "media",
    "/3D": "media",
}
PROGRAMS = {
    *(".exe", ".com", ".scr", ".pif", ".bat", ".cmd", ".ps1", ".vbs", ".vbe", ".js", ".jse", ".wsf", ".wsh", ".hta"),
    *(".msi", ".jar", ".lnk", ".dll", ".app", ".sh", ".apk", ".iso"),
}
# What a double click on an attachment would run, scripts and macros with it.
EXECUTABLE = PROGRAMS | {".html", ".htm", ".svg", ".docm", ".xlsm"}
IN_BYTES = {
    "opens_file": rb"/S\s*/Launch\b",
    "launch": rb"/S\s*/Launch\b[^>]{0,400}\.(?i:exe|com|scr|pif|bat|cmd|ps1|vb[se]|js|wsf|hta|msi|jar|lnk|sh)\b",
    "javascript": rb"/JavaScript\b",
    "sends_form": rb"/S\s*/(SubmitForm|ImportData)\b",
    "attachments": rb"/EmbeddedFiles?\b",
    "xfa": rb"/XFA\b",
    "dynamic_form": rb"/NeedsRendering\s+true\b",
    "media": rb"/(RichMedia|Rendition)\b",
}
# A password error: encrypted in a way that viewers know and qpdf does not.
DAMAGED = (
    pikepdf.PdfError,
    pikepdf.PasswordError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    RuntimeError,
)


def contents(path: str) -> list[str]:
    """Codes of what was found, in order: the keys of documents.files.content.POLICY."""
    try:
        with pikepdf.open(path) as pdf:
            return sorted(set(_walk(pdf)))
    except DAMAGED:
        return sorted(_in_bytes(path))


def _walk(pdf: pikepdf.Pdf) -> Iterator[str]:
    root = pdf.Root
    yield from _actions(_at(root, "/OpenAction"), by_itself=True)
    yield from _additional(root)
    names = _at(root, "/Names")
    if _at(names, "/JavaScript") is not None:
        yield "javascript"
    if _at(names, "/EmbeddedFiles") is not None or _at(root, "/AF") is not None:
        yield "attachments"
        yield from _attached(pdf)
    form = _at(root, "/AcroForm")
    if _at(form, "/XFA") is not None:
        yield "dynamic_form" if _at(root, "/NeedsRendering") is True else "xfa"
    left = MAX_OBJECTS
    for page in pdf.pages:
        yield from _additional(page.obj)
        for annotation in _items(_at(page.obj, "/Annots")):
            left -= 1
            if left < 0:
                return
            kind = ANNOTATIONS.get(str(_at(annotation, "/Subtype")))
            if kind:
                yield kind
            if kind == "attachments":
                yield from _executable(_at(annotation, "/FS"))
            yield from _actions(_at(annotation, "/A"))
            yield from _additional(annotation)
    yield from _below(_at(form, "/Fields"), left)
    yield from _outline(_at(root, "/Outlines"), left)


def _actions(action: Any, *, by_itself: bool = False) -> Iterator[str]:
    """An action and those chained to it; `by_itself`: it runs without a click."""
    for _step in range(MAX_ACTIONS):
        if not isinstance(action, pikepdf.Dictionary):
            return
        kind = str(_at(action, "/S"))
        if code := _code(action):
            yield code
        elif kind == "/URI" and by_itself:
            yield "opens_address"
        following = _at(action, "/Next")
        if isinstance(following, pikepdf.Array):
            for one in list(_items(following))[:MAX_ACTIONS]:
                if code := _code(one):
                    yield code
            return
        action = following


def _code(action: Any) -> str | None:
    kind = str(_at(action, "/S"))
    if kind != "/Launch":
        return ACTIONS.get(kind)
    # Sets of documents link to each other so; a program, or a file with parameters, is another matter (12.6.4.6).
    windows = _at(action, "/Win")
    targets = [_at(action, "/F"), _at(windows, "/F")]
    targets += [_at(target, key) for target in targets for key in ("/F", "/UF")]
    names = {PurePosixPath(str(target).replace("\\", "/")).suffix.lower() for target in targets if target is not None}
    return "launch" if names & PROGRAMS or _at(windows, "/P") is not None else "opens_file"


def _additional(of: Any) -> Iterator[str]:
    """Actions on opening, closing, showing, typing (12.6.3): none waits for a click on something that says so."""
    additional = _at(of, "/AA")
    if isinstance(additional, pikepdf.Dictionary):
        for key in additional.keys():  # noqa: SIM118  # a pikepdf.Dictionary iterates over nothing else
            yield from _actions(_at(additional, key), by_itself=True)


def _below(fields: Any, left: int) -> Iterator[str]:
    waiting = list(_items(fields))
    seen: set[tuple[int, int]] = set()
    while waiting and left > 0:
        left -= 1
        field = waiting.pop()
        if not isinstance(field, pikepdf.Dictionary) or (field.is_indirect and field.objgen in seen):
            continue
        seen.add(field.objgen)
        yield from _actions(_at(field, "/A"))
        yield from _additional(field)
        waiting += _items(_at(field, "/Kids"))


def _outline(outlines: Any, left: int) -> Iterator[str]:
    waiting = [_at(outlines, "/First")]
    seen: set[tuple[int, int]] = set()
    while waiting and left > 0:
        left -= 1
        entry = waiting.pop()
        if not isinstance(entry, pikepdf.Dictionary) or entry.objgen in seen:
            continue
        seen.add(entry.objgen)
        yield from _actions(_at(entry, "/A"))
        waiting += [_at(entry, "/Next"), _at(entry, "/First")]


def _attached(pdf: pikepdf.Pdf) -> Iterator[str]:
    for name in pdf.attachments:
        if PurePosixPath(name).suffix.lower() in EXECUTABLE:
            yield "executable"
    for specification in _items(_at(pdf.Root, "/AF")):
        yield from _executable(specification)


def _executable(specification: Any) -> Iterator[str]:
    for key in ("/UF", "/F"):
        if PurePosixPath(str(_at(specification, key) or "")).suffix.lower() in EXECUTABLE:
            yield "executable"


def _at(of: Any, key: str) -> Any:
    """An entry, or None where there is none or the holder is something else."""
    if not isinstance(of, pikepdf.Dictionary | pikepdf.Stream):
        return None
    return of.get(key)


def _items(array: Any) -> list[Any]:
    return list(array) if isinstance(array, pikepdf.Array) else []


def _in_bytes(path: str) -> Iterator[str]:
    if not Path(path).stat().st_size:
        return
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        for code, pattern in IN_BYTES.items():
            if re.search(pattern, content):
                yield code
