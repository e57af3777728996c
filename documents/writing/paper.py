"""The page that a written document is printed on: letterhead, type, margins; and the way to its PDF."""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import Practice
from documents.files import sandbox, storage
from documents.files.intake import Intake
from documents.files.limits import PDF
from documents.files.names import clean_name
from documents.models import LibraryDocument
from documents.writing.body import fill, pictures

logger = logging.getLogger(__name__)
FONT = "docshare:font/{}"


class CannotWrite(Exception):
    """The text can't be made a PDF within bounds of time and memory. `sentence` for people."""

    @property
    def sentence(self) -> str:
        return _("Ce texte n’a pas pu être mis en page. Simplifiez-le (tableaux, images), puis réessayez.")


def print_body(body: str, *, practice: Practice, title: str, values: Mapping[str, str], language: str) -> Intake:
    """A kept body as a PDF, in a temporary file on the store's file system. Raises CannotWrite."""
    files = {FONT.format(name): str(path) for name, path in settings.PAPER_FONTS.items()}
    with translation.override(language):
        text = fill(body, values)
        # WeasyPrint resolves the addresses of pictures against its base.
        for pk in set(pictures(text)):
            text = text.replace(f'src="/pro/library/{pk}/picture/"', f'src="docshare:picture/{pk}"')
        html = render_to_string(
            "paper/written.html",
            {"practice": practice, "title": title, "body": text, "language": practice.language},
        )
    shown = LibraryDocument.objects.filter(practice=practice, pk__in=pictures(body)).prefetch_related(
        "versions__file"
    )
    with contextlib.ExitStack() as copies:
        for document in shown:
            copy = copies.enter_context(storage.local_copy(document.newest.file))
            files[f"docshare:picture/{document.pk}"] = str(copy)
        return _print(html, files, name=clean_name(f"{title}.pdf"))


def _print(html: str, files: dict[str, str], *, name: str) -> Intake:
    folder = Path(settings.FILE_UPLOAD_TEMP_DIR)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(suffix=".written", dir=folder)
    os.close(descriptor)
    path = Path(draft)
    from documents.writing import rendering  # half a second, paid by whoever prints

    try:
        answer = sandbox.run(rendering.render, html, files, draft)
    except sandbox.SandboxError as error:
        path.unlink(missing_ok=True)
        logger.warning("A written document was not printed: %s", error)
        raise CannotWrite from error
    return Intake(
        path=path, name=name, media_type=PDF, size=path.stat().st_size, page_count=int(answer["page_count"])
    )
