"""Removes metadata of photographs (place, telephone, time, names) without re-encoding.

JPEG by its segments (ITU-T T.81, annex B), PNG by its chunks (W3C PNG 3, 5). Runs in the sandbox; imports no Django.
The orientation stays: without it the picture would lie on its side. Bytes behind the picture's end are removed.
"""

from __future__ import annotations

import re
import struct
import zlib
from pathlib import Path
from typing import Any

from PIL import Image

# in scan data: the next marker, not a stuffed byte, a restart or a fill byte
MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
START, SCAN, END = 0xD8, 0xDA, 0xD9
JFIF, EXIF, COLOURS, ADOBE, COMMENT = 0xE0, 0xE1, 0xE2, 0xEE, 0xFE
KEPT_CHUNKS = {  # all chunks that affect how the picture looks, animation included
    *(b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"mDCV"),
    *(b"cLLI", b"bKGD", b"pHYs", b"sPLT", b"hIST", b"acTL", b"fcTL", b"fdAT"),
}
PNG_HEAD = b"\x89PNG\r\n\x1a\n"
ORIENTATION = 0x0112
GPS = 0x8825


class Malformed(Exception):
    """The file's structure violates its standard: the picture stays unchanged, and staff are informed."""


def strip_file(path: str, media_type: str, output: str) -> dict[str, Any]:
    """Write the picture without personal metadata to `output`. Answers `{"removed"}`, or `{"malformed"}`."""
    content = Path(path).read_bytes()
    try:
        stripped = strip_jpeg(content) if media_type == "image/jpeg" else strip_png(content)
    except (Malformed, struct.error, IndexError):
        return {"malformed": True}
    Path(output).write_bytes(stripped)
    return {"removed": len(stripped) < len(content)}


def has_position(path: str) -> bool:
    """Whether a TIFF contains a GPS position."""
    with Image.open(path, formats=["TIFF"]) as image:
        return bool(image.getexif().get_ifd(GPS))


def strip_jpeg(content: bytes) -> bytes:
    """Keeps JFIF, colour profile, Adobe's transform, tables and scans; of Exif the orientation. Raises Malformed."""
    if content[:2] != b"\xff\xd8":
        raise Malformed
    segments = [content[:2]]
    orientation = 1
    at = 2
    while True:
        while content[at : at + 2] == b"\xff\xff":  # fill bytes
            at += 1
        if content[at : at + 1] != b"\xff":
            raise Malformed
        marker = content[at + 1]
        if marker == END:
            break
        (length,) = struct.unpack(">H", content[at + 2 : at + 4])
        end = at + 2 + length
        if length < 2 or end > len(content):
            raise Malformed
        segment = content[at:end]
        if marker == EXIF and segment[4:10] == b"Exif\0\0":
            orientation = _orientation(segment[10:])
        elif _is_needed(marker, segment):
            segments.append(segment)
        at = end
        if marker == SCAN:
            next_marker = MARKER.search(content, at)
            if next_marker is None:  # a truncated picture: viewers show what is left
                segments.append(content[at:])
                break
            segments.append(content[at : next_marker.start()])
            at = next_marker.start()
    if orientation != 1:
        segments.insert(1 + (len(segments) > 1 and segments[1][1] == JFIF), _exif_segment(orientation))
    return b"".join(segments) + b"\xff\xd9"


def _is_needed(marker: int, segment: bytes) -> bool:
    if marker == COLOURS:
        return segment[4:16] == b"ICC_PROFILE\0"
    if marker == JFIF:
        return segment[4:9] == b"JFIF\0"
    return marker == ADOBE or not (JFIF <= marker <= 0xEF or marker == COMMENT)


def strip_png(content: bytes) -> bytes:
    """Keeps KEPT_CHUNKS; of eXIf the orientation. Raises Malformed."""
    if content[:8] != PNG_HEAD:
        raise Malformed
    chunks = [PNG_HEAD]
    orientation = 1
    at = 8
    while True:
        length, kind = struct.unpack(">I4s", content[at : at + 8])
        end = at + 12 + length
        if end > len(content):
            raise Malformed
        if kind == b"eXIf":
            orientation = _orientation(content[at + 8 : end - 4])
        elif kind in KEPT_CHUNKS:
            chunks.append(content[at:end])
        at = end
        if kind == b"IEND":
            break
    if orientation != 1:
        chunks.insert(2, _chunk(b"eXIf", _tiff_with(orientation)))
    return b"".join(chunks)


def _orientation(tiff: bytes) -> int:
    """The orientation in the first directory of an Exif block (TIFF 6.0, section 2); 1 if missing or invalid."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None or len(tiff) < 8:
        return 1
    (start,) = struct.unpack(f"{order}I", tiff[4:8])
    if start + 2 > len(tiff):
        return 1
    (count,) = struct.unpack(f"{order}H", tiff[start : start + 2])
    for number in range(count):
        entry = tiff[start + 2 + 12 * number : start + 14 + 12 * number]
        if len(entry) < 12:
            return 1
        tag, _kind, _count, value = struct.unpack(f"{order}HHIH", entry[:10])
        if tag == ORIENTATION:
            return value if 1 <= value <= 8 else 1
    return 1


def _tiff_with(orientation: int) -> bytes:
    """The smallest Exif block: one directory with one entry, of one SHORT."""
    return struct.pack(">2sHIHHHIHHI", b"MM", 42, 8, 1, ORIENTATION, 3, 1, orientation, 0, 0)


def _exif_segment(orientation: int) -> bytes:
    body = b"Exif\0\0" + _tiff_with(orientation)
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
