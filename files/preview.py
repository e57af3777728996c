"""Previews of a document: pictures and text of its pages, made in the sandbox and kept (kept_pages.py)."""

from __future__ import annotations

import logging
import re
import tempfile
from base64 import b64decode, b64encode
from functools import partial
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext_lazy

from files import answers, decoding, kept_pages, sandbox, storage
from files.limits import PDF
from files.models import StoredFile
from refusals import Kind, Refusal

logger = logging.getLogger(__name__)
MAX_TEXT = 20_000  # characters of a page
MAX_WIDTH = 1600  # pixels
PNG = b"\x89PNG\r\n\x1a\n"  # RFC 2083, 3.1
PICTURE = re.compile(rb"RIFF.{4}WEBP|" + re.escape(PNG), re.DOTALL)  # RFC 9649, 2.4
MAX_PICTURE_BYTES = 40_000  # of a page: less than a second over 50 kB/s


class NoPreview(Refusal):
    """There is no such page, or it can't be drawn; the document itself can still be downloaded."""

    code = "no_preview"
    kind = Kind.NOT_FOUND
    words = gettext_lazy("Cette page ne peut pas être affichée. Le document peut toujours être téléchargé.")


def page_image(stored: StoredFile, *, page: int, width: int) -> bytes:
    """A PNG or a WebP of the page (from 1), at most `width` pixels wide; kept once it is drawn.

    Raises NoPreview, storage.BytesChanged.
    """
    if stored.refused_as or not 1 <= page <= answers.MAX_COUNT:
        raise NoPreview
    storage.check_unchanged(stored)
    if kept := kept_pages.kept(stored, width=width, numbers=range(page, page + 1)).get(page):
        return b64decode(kept)
    with storage.local_copy(stored) as path:
        picture = drawn_page(path, stored.media_type, page=page, width=width)
    kept_pages.keep(stored, width=width, contents={page: b64encode(picture).decode()})
    return picture


def image_type(picture: bytes) -> str:
    """Its media type."""
    return "image/png" if picture.startswith(PNG) else "image/webp"


def drawn_page(path: Path, media_type: str, *, page: int, width: int) -> bytes:
    """The same of a file that is not stored. Raises NoPreview."""
    with tempfile.NamedTemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR, suffix=".picture") as output:
        arguments = (str(path), media_type, page, min(width, MAX_WIDTH), MAX_PICTURE_BYTES, output.name)
        try:
            answer = sandbox.run(decoding.render_page, *arguments, reads=[path], writes=[output.name])
            if answers.refusal(answer, ["no_such_page"]):
                raise NoPreview
            picture = answers.written(Path(output.name), PICTURE, most=MAX_PICTURE_BYTES)
        except sandbox.SandboxError as error:
            logger.warning("No preview of %s: %s", path.name, error)
            raise NoPreview from error
        return picture


def page_texts(stored: StoredFile, *, pages: int) -> list[str]:
    """The text of each of the first `pages` pages, at most MAX_TEXT characters each; "" for pictures and scans; kept
    once it is read. Raises storage.BytesChanged."""
    if stored.media_type != PDF or stored.refused_as:
        return [""] * pages
    storage.check_unchanged(stored)
    numbers = range(1, pages + 1)
    kept = kept_pages.kept(stored, width=kept_pages.TEXT, numbers=numbers)
    if len(kept) == pages:
        return [kept[number] for number in numbers]
    with storage.local_copy(stored) as path:
        texts = _texts_of(path, pages=pages)
    if texts is None:
        return [""] * pages
    kept_pages.keep(stored, width=kept_pages.TEXT, contents=dict(zip(numbers, texts, strict=True)))
    return texts


def texts_of(path: Path, *, pages: int) -> list[str]:
    """The same of a PDF that is not stored."""
    return _texts_of(path, pages=pages) or [""] * pages


def _texts_of(path: Path, *, pages: int) -> list[str] | None:
    """None if they cannot be read: another time they may be."""
    try:
        answer = sandbox.run(decoding.page_texts, str(path), pages, MAX_TEXT, reads=[path])
        texts = answers.sequence(
            answers.entry(answers.fields(answer), "texts"), partial(answers.text, longest=MAX_TEXT), most=pages
        )
    except sandbox.SandboxError as error:
        logger.warning("No text of %s: %s", path.name, error)
        return None
    return texts + [""] * (pages - len(texts))
