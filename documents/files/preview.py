"""Pictures of pages, and their text, for looking at a document without opening it. Made in the sandbox."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path

from django.conf import settings

from documents.files import decoding, sandbox, storage
from documents.files.limits import PDF
from documents.models.stored_file import StoredFile

logger = logging.getLogger(__name__)
MAX_TEXT = 20_000  # characters of a page
MAX_WIDTH = 1600  # pixels
IMAGE_TYPE = "image/webp"


class NoPreview(Exception):
    """There is no such page, or it can't be drawn; the document itself can still be downloaded."""


def page_image(stored: StoredFile, *, page: int, width: int) -> bytes:
    """A WebP of the page (from 1), `width` pixels wide, as IMAGE_TYPE. Raises NoPreview, storage.BytesChanged."""
    storage.check_unchanged(stored)
    with (
        storage.local_copy(stored) as path,
        tempfile.NamedTemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR, suffix=".webp") as output,
    ):
        arguments = (str(path), stored.media_type, page, min(width, MAX_WIDTH), output.name)
        try:
            answer = sandbox.run(decoding.render_page, *arguments)
        except sandbox.SandboxError as error:
            logger.warning("No preview of stored file %s: %s", stored.pk, error)
            raise NoPreview from error
        if "refused" in answer:
            raise NoPreview
        return Path(output.name).read_bytes()


def page_texts(stored: StoredFile, *, pages: int) -> list[str]:
    """The text of each of the first `pages` pages, at most MAX_TEXT characters each; "" for pictures and scans.
    Raises storage.BytesChanged."""
    if stored.media_type != PDF:
        return [""] * pages
    storage.check_unchanged(stored)
    with storage.local_copy(stored) as path:
        try:
            answer = sandbox.run(decoding.page_texts, str(path), pages, MAX_TEXT)
        except sandbox.SandboxError as error:
            logger.warning("No text of stored file %s: %s", stored.pk, error)
            return [""] * pages
    texts = [str(text) for text in answer["texts"]]
    return texts + [""] * (pages - len(texts))
