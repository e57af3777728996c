"""The page that a written document is printed on: letterhead, type, margins; and the way to its PDF."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from html import unescape
from pathlib import Path

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from documents.library.writing.body import fill, pictures
from documents.models import LibraryDocument
from files import answers, sandbox, storage
from files.intake import Intake
from files.letters import missing_letters, missing_sentence, needed_fonts, replaced
from files.limits import PDF
from files.names import download_name
from practices.models import Practice
from refusals import Kind, Refusal

logger = logging.getLogger(__name__)
FONT = "docshare:font/{}"
LATIN = ("Regular", "Bold", "Italic", "BoldItalic")  # the faces of the paper's own type
_TAG = re.compile(r"<[^>]*>")


class CannotWrite(Refusal):
    """The text can't be made a PDF: within bounds of time and memory, or with the `letters` that no font has."""

    code = "cannot_write"
    kind = Kind.INVALID
    field = "body"

    def __init__(self, letters: Sequence[str] = ()) -> None:
        super().__init__()
        self.letters = list(letters)

    def __str__(self) -> str:
        return f"{len(self.letters)} letters without a glyph"

    @property
    def sentence(self) -> str:
        if self.letters:
            return missing_sentence(self.letters)
        return _("Ce texte n’a pas pu être mis en page. Simplifiez-le (tableaux, images), puis réessayez.")


def print_body(
    body: str,
    *,
    practice: Practice,
    title: str,
    values: Mapping[str, str],
    language: str,
    replacing_letters: bool = False,
) -> Intake:
    """A kept body as a PDF, in a temporary file on the store's file system. Raises CannotWrite.

    `replacing_letters`: print a sign in place of a letter that no font has; nobody is there to write it otherwise.
    """
    with translation.override(language):
        text = fill(body, values)
        # WeasyPrint resolves the addresses of pictures against its base.
        for pk in set(pictures(text)):
            text = text.replace(f'src="/pro/library/{pk}/picture/"', f'src="docshare:picture/{pk}"')
        printed = unescape(_TAG.sub(" ", "\n".join([text, practice.name, practice.address, practice.email])))
        missing = missing_letters(printed, settings.PAPER_FONTS.values())
        if missing and not replacing_letters:
            raise CannotWrite(missing)
        needed = needed_fonts(printed, settings.PAPER_FONTS)
        html: str = render_to_string(
            "paper/written.html",
            {
                "practice": practice,
                "title": title,
                "body": text,
                "language": practice.language,
                "scripts": [name for name in needed if name not in LATIN],
            },
        )
    html = replaced(html, missing)
    files = {FONT.format(name): str(settings.PAPER_FONTS[name]) for name in {*LATIN, *needed}}
    shown = LibraryDocument.objects.filter(practice=practice, pk__in=pictures(body)).prefetch_related(
        "versions__file"
    )
    with contextlib.ExitStack() as copies:
        for document in shown:
            copy = copies.enter_context(storage.local_copy(document.newest.file))
            files[f"docshare:picture/{document.pk}"] = str(copy)
        return _print(html, files, name=download_name(title, PDF))


def _print(html: str, files: dict[str, str], *, name: str) -> Intake:
    folder = Path(settings.FILE_UPLOAD_TEMP_DIR)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(suffix=".written", dir=folder)
    os.close(descriptor)
    path = Path(draft)
    from documents.library.writing import rendering  # half a second, paid by whoever prints

    try:
        answer = sandbox.run(
            rendering.render,
            html,
            files,
            draft,
            reads=list(files.values()),
            writes=[draft],
            scratch=True,  # fonts are put there
        )
        page_count = answers.count(answers.entry(answers.fields(answer), "page_count"))
    except sandbox.SandboxError as error:
        path.unlink(missing_ok=True)
        logger.warning("A written document was not printed: %s", error)
        raise CannotWrite from error
    return Intake(path=path, name=name, media_type=PDF, size=path.stat().st_size, page_count=page_count)
