"""Finds what a PDF would run, open, send or carry beside its pages. Runs in the sandbox; imports no Django.

Every object of the file is examined, wherever it is: an action is recognised by its kind (files.actions), not by the
place where a reader would look for it. A file that qpdf can't read is searched by its bytes instead.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import pikepdf

from files.actions import KINDS, LAUNCH, OUTSIDE, entry, external_file, is_safe_base, judged, outside_clip, text_of

MAX_DEPTH = 300  # of dictionaries and arrays within one object
MANY = 100  # elements of an array, from which on each is searched as text before it is parsed
MAX_ACTIONS = 200  # of the chains (/Next) that run when the document opens
ANNOTATIONS = {
    "/FileAttachment": "attachments",
    "/RichMedia": "media",
    "/Screen": "media",
    "/Movie": "media",
    "/Sound": "media",
    "/3D": "media",
}
# As qpdf writes them, keys in order. An object without any of these contains no action, annotation or file.
INTERESTING = re.compile(
    rb"/(?:A|PA|AA|Next|OpenAction|Movie|Filespec|FileSpec|FileAttachment|RichMedia|Screen|Sound|3D|JS)\b"
    rb"|/F (?!\d+ (?:/|>>))"  # a file, and not the flags of an annotation
    rb"|/S \d|/S /(?:" + b"|".join(kind[1:].encode() for kind in sorted(KINDS)) + rb")\b"
)
# Plain links, of which documents have thousands: full parsing would take twenty times as long.
PLAIN_LINK = re.compile(
    rb"(?:/A )?<< (?:/IsMap \w+ )?/S /URI (?:/Type /Action )?/URI \((?:https?|mailto|tel):[^()\\<>]*\) >>"
    rb"|(?:/A )?<< /D (?:\([^()\\<>]*\)|\[[^\[\]()<>]*\]) /S /GoTo (?:/Type /Action )?>>"
)
# All keys of a structure element (14.7.2). Its /S is a role and its /A are attributes, not actions.
ELEMENT_KEYS = {
    *("/Type", "/S", "/P", "/ID", "/Ref", "/Pg", "/K", "/A", "/C", "/R", "/T", "/Lang", "/Alt", "/E", "/ActualText"),
    *("/AF", "/NS", "/PhoneticAlphabet", "/Phoneme"),
}
# Dictionaries whose /A is an action: annotations, outline entries, fields.
RUNS_ITS_ACTION = {"/Rect", "/Subtype", "/Title", "/Dest", "/FT", "/Kids"}
# Readers disagree about which of two entries of one name counts; qpdf warns and takes the last.
TWICE = re.compile(r"duplicated key /(?:A|PA|AA|S|URI|Base|F|UF|JS|Win|Next|OpenAction|Names|EF|FS)\b")
# Allowed types of attachments. Any other may be run by a double click, and a list of programs is never complete.
READABLE = {
    *(".pdf", ".txt", ".csv", ".tsv", ".xml", ".json", ".md", ".tex", ".bib", ".log", ".rtf", ".ics", ".vcf"),
    *(".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".heic", ".dcm"),
    *(".odt", ".ods", ".odp", ".odg", ".docx", ".xlsx", ".pptx", ".doc", ".xls", ".ppt"),
    *(".p7s", ".p7m", ".sig", ".asc", ".tsr", ".ots", ".fdf", ".xfdf"),
    *(".mp3", ".mp4", ".m4a", ".m4v", ".mov", ".wav", ".ogg", ".avi", ".u3d", ".prc", ".swf"),
}
IN_BYTES = {
    LAUNCH: rb"/S\s*/Launch\b",
    OUTSIDE: rb"/S\s*/(?:GoToR|GoToE|ImportData)\b"
    rb"|/URI\s*\((?!\s*(?:https?:|mailto:|tel:|www\.|#|\)))"
    rb"|/URI\s*\([^()?#]{0,200}?\\\\"  # a backslash is written twice (7.3.4.2)
    rb"|/Base\s*\((?!\s*(?:https?:|\)))",
    "javascript": rb"/JavaScript\b",
    "sends_form": rb"/S\s*/SubmitForm\b",
    "attachments": rb"/EmbeddedFiles?\b",
    "xfa": rb"/XFA\b",
    "dynamic_form": rb"/NeedsRendering\s+true\b",
    "media": rb"/(?:RichMedia|Rendition)\b",
}
ESCAPED = re.compile(rb"#([0-9a-fA-F]{2})")  # in names: /L#61unch (7.3.5)
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
    """Codes of what was found, in order: the keys of files.content.POLICY."""
    codes: set[str] = set()
    try:
        with pikepdf.open(path) as pdf:
            codes.update(_in_catalogue(pdf))
            for value in pdf.objects:
                codes.update(_in_object(value))
            if any(TWICE.search(warning) for warning in pdf.get_warnings()):
                codes.add("too_complex")
    except DAMAGED:  # the results so far count
        codes.update(_in_bytes(path))
    return sorted(codes)


def _in_catalogue(pdf: pikepdf.Pdf) -> Iterator[str]:
    root = pdf.Root
    if _opens_address(entry(root, "/OpenAction")):
        yield "opens_address"
    if not is_safe_base(entry(entry(root, "/URI"), "/Base")):
        yield OUTSIDE
    names = entry(root, "/Names")
    if entry(names, "/JavaScript") is not None:
        yield "javascript"
    if entry(names, "/EmbeddedFiles") is not None or entry(root, "/AF") is not None:
        yield "attachments"
    for name in pdf.attachments:
        if _may_run(name):
            yield "executable"
    if entry(entry(root, "/AcroForm"), "/XFA") is not None:
        yield "dynamic_form" if entry(root, "/NeedsRendering") is True else "xfa"


def _in_object(value: Any) -> Iterator[str]:
    """Codes of one object and its direct values; indirect objects are examined separately."""
    if isinstance(value, pikepdf.Stream):
        if external_file(value):
            yield OUTSIDE
        value = value.stream_dict
    if not isinstance(value, (pikepdf.Dictionary, pikepdf.Array)):
        return
    if not _may_hold_findings(value):
        return
    waiting: list[tuple[Any, int]] = [(value, 0)]
    while waiting:
        part, depth = waiting.pop()
        if depth > MAX_DEPTH:
            yield "too_complex"
            return
        if isinstance(part, pikepdf.Array):
            inner = _direct(part)
            if len(inner) >= MANY:
                inner = [each for each in inner if _may_hold_findings(each)]
        else:
            yield from _in_dictionary(part)
            inner = _direct(part.values())
        waiting += [(each, depth + 1) for each in inner]


def _direct(values: Iterable[Any]) -> list[Any]:
    return [one for one in values if isinstance(one, (pikepdf.Dictionary, pikepdf.Array)) and not one.is_indirect]


def _may_hold_findings(value: Any) -> bool:
    return INTERESTING.search(PLAIN_LINK.sub(b"", value.unparse(resolved=True))) is not None


def _in_dictionary(part: Any) -> Iterator[str]:
    keys = part.keys()  # called once, because files have hundreds of thousands of dictionaries
    kind = text_of(part["/S"]) if "/S" in keys else ""
    of_type = text_of(part["/Type"]) if "/Type" in keys else ""
    subtype = text_of(part["/Subtype"]) if "/Subtype" in keys else ""
    if kind in KINDS and not (of_type == "/StructElem" and "/P" in keys and keys <= ELEMENT_KEYS):
        yield from judged(part)
    holds_attributes = {"/S", "/P"} <= keys and not keys & RUNS_ITS_ACTION
    for key in keys & {"/A", "/PA", "/Next", "/OpenAction"}:
        action = part[key]
        if isinstance(action, pikepdf.Dictionary) and not (key == "/A" and holds_attributes and "/O" in action):
            yield from _in_place(action, chain=key == "/Next" and not kind)
    if "/AA" in keys and isinstance(part["/AA"], pikepdf.Dictionary):
        for action in part["/AA"].values():
            yield from judged(action)
            if _opens_address(action):
                yield "opens_address"
    if subtype in ANNOTATIONS and "/Rect" in keys:
        yield ANNOTATIONS[subtype]
    if subtype == "/FileAttachment":
        yield from _of_file(entry(part, "/FS"))
    if of_type in ("/Filespec", "/FileSpec", "/F"):
        yield from _of_file(part)
    if "/Movie" in keys and outside_clip(entry(part["/Movie"], "/F")):
        yield OUTSIDE
    if kind == "/MCD" and outside_clip(entry(part, "/D")):  # media clip data (13.2.4.2)
        yield OUTSIDE


def _in_place(action: Any, *, chain: bool) -> Iterator[str]:
    """Judge a value in the place of an action as an action, even if it calls itself a structure element or has an
    unknown kind. `chain`: a /Next whose owner may not be an action: outline entries have that key, too."""
    kind = entry(action, "/S")
    named = text_of(entry(action, "/Type")) == "/StructElem"  # other known kinds are judged as objects of their own
    if (named or text_of(kind) not in KINDS) and not (chain and kind is None):
        yield from judged(action)


def _of_file(specification: Any) -> Iterator[str]:
    if outside_clip(specification):
        yield OUTSIDE
    for key in ("/UF", "/F"):
        name = text_of(entry(specification, key))
        if name and entry(specification, "/EF") is not None and _may_run(name):
            yield "executable"


def _may_run(name: str) -> bool:
    """Whether a double click on an attachment of this name could do more than show it."""
    return PurePosixPath(name.replace("\\", "/").rstrip(". \x00")).suffix.lower() not in READABLE


def _opens_address(action: Any) -> bool:
    """Whether an action that waits for no click, or one chained to it, opens an address."""
    waiting, remaining = [action], MAX_ACTIONS
    while waiting and remaining:
        remaining -= 1
        current = waiting.pop()
        if text_of(entry(current, "/S")) == "/URI":
            return True
        following = entry(current, "/Next")
        if following is not None:
            waiting += list(following) if isinstance(following, pikepdf.Array) else [following]
    return bool(waiting)


def _in_bytes(path: str) -> Iterator[str]:
    if not Path(path).stat().st_size:
        return
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        content: Any = mapped
        if ESCAPED.search(mapped):
            content = ESCAPED.sub(lambda escape: bytes([int(escape[1], 16)]), mapped)
        for code, pattern in IN_BYTES.items():
            if re.search(pattern, content):
                yield code
