"""Several photographs of pages become one PDF: in their order, upright, without metadata.

A hostile picture may have taken over the child that makes the PDF, so other children check the result as if it were
an upload.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext_lazy

from files import answers, binding, sandbox
from files.content import content_sentences
from files.intake import Intake, judge, too_large_sentence
from files.limits import MAX_BYTES, PDF
from files.upload import Refused
from refusals import Kind, Refusal

logger = logging.getLogger(__name__)
MAX_PAGES = 40  # of all pictures together


class TooManyPages(Refusal):
    code = "too_many_pages"
    kind = Kind.INVALID
    field = "file"
    words = gettext_lazy("Quarante pages au plus à la fois. Envoyez les autres ensuite.")


def as_one_pdf(pictures: Sequence[Intake], *, name: str) -> Intake:
    """Bind accepted pictures into one PDF of this name, which replaces them. Raises Refused, TooManyPages."""
    if sum(one.page_count for one in pictures) > MAX_PAGES:
        raise TooManyPages
    with tempfile.NamedTemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR, suffix=".made", delete=False) as output:
        made = Path(output.name)
    try:
        _bound(pictures, made, name)
        if made.stat().st_size > MAX_BYTES:
            raise Refused("too_large", too_large_sentence(name, str(made.stat().st_size >> 20)))
        upload = judge(made, name=name)
    except BaseException:
        made.unlink(missing_ok=True)
        raise
    for one in pictures:
        one.path.unlink(missing_ok=True)
    return Intake(
        path=made,
        name=upload.name,
        media_type=PDF,
        size=made.stat().st_size,
        page_count=upload.page_count,
        notices=tuple(dict.fromkeys(notice for one in pictures for notice in one.notices)),
        opening_text=upload.opening_text,
    )


def _bound(pictures: Sequence[Intake], made: Path, name: str) -> None:
    """Raises Refused."""
    given = [[str(one.path), one.media_type] for one in pictures]
    try:
        answer = sandbox.run(
            binding.bind, given, str(made), reads=[one.path for one in pictures], writes=[made], cpu_seconds=60
        )
        if answers.refusal(answer, ["unreadable"]) is None:
            return
    except sandbox.SandboxError as error:
        logger.warning("Pictures could not become one PDF: %s", type(error).__name__)
        raise Refused("too_complex", content_sentences()["too_complex"] % {"name": name}) from error
    raise Refused("unreadable", content_sentences()["unreadable"] % {"name": name})
