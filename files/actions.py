"""Judges one action of a PDF (ISO 32000-2, 12.6.4): harmless, reported to staff, or refused. Imports no Django.

Only known harmless actions pass: moving within the document, and addresses of the web, mail and telephone. Every
other kind is refused, whatever the name of its file; so are kinds that no standard defines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pikepdf

LAUNCH, OUTSIDE = "launch", "leads_outside"
WITHIN = {  # within the document: jumps, layers, fields
    *("/GoTo", "/Named", "/Hide", "/SetOCGState", "/ResetForm", "/Trans", "/GoTo3DView", "/GoToDp", "/Thread"),
    "/NoOp",  # PDF 1.2
}
MEDIA = {"/Rendition", "/Movie", "/Sound", "/RichMediaExecute"}
OTHERS = {"/Launch", "/GoToR", "/GoToE", "/ImportData", "/URI", "/SubmitForm", "/JavaScript"}
KINDS = WITHIN | MEDIA | OTHERS
SAFE_SCHEMES = {"http", "https", "mailto", "tel"}
SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):")
QUERY = re.compile(r"[?#]")
IGNORED_IN_ADDRESSES = re.compile(
    r"[\x00-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202e\ufeff]"
)  # characters that some readers skip


def judged(action: Any) -> Iterator[str]:
    """Codes of one action, without the actions chained to it; none if it is harmless."""
    kind = text_of(entry(action, "/S"))
    if kind in WITHIN:
        if kind == "/Thread" and entry(action, "/F") is not None:
            yield OUTSIDE  # an article of another document
    elif kind == "/URI":
        if not is_safe_target(entry(action, "/URI")):
            yield OUTSIDE
    elif kind == "/SubmitForm":
        yield "sends_form" if is_safe_address(_address_of(entry(action, "/F"))) else OUTSIDE
    elif kind == "/JavaScript":
        yield "javascript"
    elif kind in MEDIA:
        yield "media"
        if entry(action, "/JS") is not None:
            yield "javascript"
    elif kind == "/Launch":
        yield LAUNCH
    elif kind or any(entry(action, key) is not None for key in ("/F", "/Win", "/Mac", "/Unix", "/URI", "/JS")):
        yield OUTSIDE  # GoToR, GoToE, ImportData, and kinds of no standard


def is_safe_address(written: str) -> bool:
    """http, https, mailto, tel; www.… without a scheme; a place in this document. Not a path, UNC or relative."""
    address = IGNORED_IN_ADDRESSES.sub("", written).lower()
    if "\\" in QUERY.split(address, maxsplit=1)[0]:
        return False  # http:\\server\share: programs interpret such an address differently
    if scheme := SCHEME.match(address):
        return scheme[1] in SAFE_SCHEMES
    return not address or address.startswith(("#", "www."))


def is_safe_target(written: Any) -> bool:
    """Whether a /URI entry is missing, or a string with a safe address. Readers treat other types unpredictably."""
    return written is None or (isinstance(written, pikepdf.String) and is_safe_address(text_of(written)))


def is_safe_base(written: Any) -> bool:
    """Whether the base of the document's relative addresses (12.6.4.8) is missing, or an address of the web."""
    if not is_safe_target(written):
        return False
    scheme = SCHEME.match(IGNORED_IN_ADDRESSES.sub("", text_of(written)).lower())
    return scheme[1] in {"http", "https"} if scheme else not text_of(written)


def external_file(of: Any) -> bool:
    """Whether a stream's data, or a part of a page, is in another file (7.3.8.2, 8.10.4)."""
    return isinstance(of, pikepdf.Stream) and (
        entry(of, "/F") is not None or entry(entry(of, "/Ref"), "/F") is not None
    )


def outside_clip(specification: Any) -> bool:
    """Whether a file specification (7.11) names a file that the document does not carry."""
    if specification is None or entry(specification, "/EF") is not None or isinstance(specification, pikepdf.Stream):
        return False
    return not is_safe_address(_address_of(specification))


def _address_of(specification: Any) -> str:
    """The address in a file specification, which is a string or a dictionary."""
    if not isinstance(specification, pikepdf.Dictionary):
        return text_of(specification)
    names = [text_of(entry(specification, key)) for key in ("/UF", "/F", "/DOS", "/Mac", "/Unix")]
    present = [name for name in names if name]
    if text_of(entry(specification, "/FS")) in ("", "/URL") and all(map(is_safe_address, present)):
        return present[0] if present else ""
    return "file:"


def entry(of: Any, key: str) -> Any:
    """An entry; None if it is missing or the holder is no dictionary."""
    if not isinstance(of, (pikepdf.Dictionary, pikepdf.Stream)):
        return None
    return of.get(key)


def text_of(value: Any) -> str:
    """The text of a name or a string, whatever its bytes; "" for any other type."""
    if isinstance(value, pikepdf.Name):
        return bytes(value).decode("latin-1")
    if not isinstance(value, pikepdf.String):
        return ""
    raw = bytes(value)
    for mark, encoding in ((b"\xfe\xff", "utf-16-be"), (b"\xff\xfe", "utf-16-le"), (b"\xef\xbb\xbf", "utf-8")):
        if raw.startswith(mark):
            return raw[len(mark) :].decode(encoding, "replace")
    return raw.decode("latin-1")
