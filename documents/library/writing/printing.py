"""Prints written documents: the page (letterhead, type, margins) and its PDF."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from practices.models import Practice, PracticeLogo
from refusals import Kind, Refusal

logger = logging.getLogger(__name__)
FONT = "docshare:font/{}"
LOGO = "docshare:logo"
LATIN = ("Regular", "Bold", "Italic", "BoldItalic")  # the styles of the document's own typeface
OPENING_TEXT = 20_000  # characters of a text that are compared with names: as of an upload
_TAG = re.compile(r"<[^>]*>")


class CannotWrite(Refusal):
    """The text cannot become a PDF within bounds of time and memory, or no font has the `letters`."""

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
    answers: Mapping[str, str] | None = None,
    replacing_letters: bool = False,
) -> Intake:
    """A stored body as a PDF, in a temporary file on the store's file system. Raises CannotWrite.

    `answers`: what was filled into its blanks, by label; None for a specimen, which shows the labels.

    `replacing_letters`: print a sign instead of a letter that no font has, for automatic documents, where nobody can
    correct the text.
    """
    with translation.override(language):
        text = fill(body, values, answers)
        # WeasyPrint resolves the addresses of pictures against its base.
        for pk in set(pictures(text)):
            text = text.replace(f'src="/pro/library/{pk}/picture/"', f'src="docshare:picture/{pk}"')
        shown = LibraryDocument.objects.filter(practice=practice, pk__in=pictures(body))
        return print_text(
            text,
            practice=practice,
            title=title,
            shown=shown.prefetch_related("versions__file"),
            replacing_letters=replacing_letters,
        )


def print_text(
    text: str,
    *,
    practice: Practice,
    title: str,
    shown: Iterable[LibraryDocument] = (),
    replacing_letters: bool = False,
) -> Intake:
    """HTML of our own on the practice's paper, as a PDF in a temporary file. `shown`: the pictures that it names.
    Raises CannotWrite."""
    logo = PracticeLogo.objects.filter(practice=practice).first() if practice.logo_version else None
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
            "logo": LOGO if logo else "",
        },
    )
    html = replaced(html, missing)
    files = {FONT.format(name): str(settings.PAPER_FONTS[name]) for name in {*LATIN, *needed}}
    with contextlib.ExitStack() as copies:
        if logo:
            files[LOGO] = copies.enter_context(_copy_of(logo))
        for document in shown:
            copy = copies.enter_context(storage.local_copy(document.newest.file))
            files[f"docshare:picture/{document.pk}"] = str(copy)
        return _print(html, files, name=download_name(title, PDF), text=plain_text(text))


def plain_text(body: str) -> str:
    """What the beginning of a filled body says, without elements and letterhead."""
    return unescape(_TAG.sub(" ", body))[:OPENING_TEXT]


@contextlib.contextmanager
def _copy_of(logo: PracticeLogo) -> Iterator[str]:
    """The path of a temporary file with the logo, for the sandbox."""
    folder = Path(settings.FILE_UPLOAD_TEMP_DIR)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".logo.png") as copy:
        copy.write(bytes(logo.png))
        copy.flush()
        yield copy.name


def _print(html: str, files: dict[str, str], *, name: str, text: str) -> Intake:
    folder = Path(settings.FILE_UPLOAD_TEMP_DIR)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(suffix=".written", dir=folder)
    os.close(descriptor)
    path = Path(draft)
    with contextlib.ExitStack() as on_failure:
        on_failure.callback(path.unlink, missing_ok=True)
        page_count = _render(html, files, draft)
        printed = Intake(
            path=path,
            name=name,
            media_type=PDF,
            size=path.stat().st_size,
            page_count=page_count,
            opening_text=text,
        )
        on_failure.pop_all()
    return printed


def _render(html: str, files: dict[str, str], draft: str) -> int:
    """Write the PDF to `draft`; returns its number of pages. Raises CannotWrite."""
    from documents.library.writing import rendering  # takes half a second to import; only printing needs it

    try:
        answer = sandbox.run(
            rendering.render,
            html,
            files,
            draft,
            reads=list(files.values()),
            writes=[draft],
            scratch=True,  # fonts are copied there
        )
        return answers.count(answers.entry(answers.fields(answer), "page_count"))
    except sandbox.SandboxError as error:
        logger.warning("A written document was not printed: %s", error)
        raise CannotWrite from error
