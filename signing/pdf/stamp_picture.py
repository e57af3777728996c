"""The picture of a stamp, for previews."""

from __future__ import annotations

import logging
import tempfile
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext_lazy

from files import answers, sandbox
from files.reencoding import PNG
from refusals import Kind, Refusal
from signing.pdf.sign import CannotSign, stamp_of, stamp_sentence, stamp_without
from signing.pdf.stamp import StampContent
from signing.pdf.stamp_drawing import draw_stamp

logger = logging.getLogger(__name__)
PIXELS = 900
MAX_BYTES = 2 << 20
MIN_WIDTH, MAX_WIDTH = 0.01, 1e8  # points: a tenth of the smallest unit of a page, and beyond its largest page


class NoStampPicture(Refusal):
    """The stamp can't be drawn now, or not at that width."""

    code = "no_stamp_picture"
    kind = Kind.NOT_FOUND
    words = gettext_lazy("Le cachet ne peut pas être affiché.")


def stamp_picture(appearance: StampContent, *, width: float, at: datetime) -> bytes:
    """A PNG, PIXELS wide, of what `signing.pdf.sign.sign` would draw `width` points of paper wide at that time.

    Raises NoStampPicture, CannotSign (letters that no font has).
    """
    if missing := stamp_without(appearance):
        raise CannotSign("letters_missing", stamp_sentence(missing))
    if not MIN_WIDTH <= width <= MAX_WIDTH:  # not NaN
        raise NoStampPicture
    Path(settings.FILE_UPLOAD_TEMP_DIR).mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR, suffix=".png") as output:
        try:
            stamp = stamp_of(appearance, at)
            sandbox.run(draw_stamp, stamp, width, PIXELS, output.name, reads=stamp.fonts, writes=[output.name])
            return answers.written(Path(output.name), PNG, most=MAX_BYTES)
        except sandbox.SandboxError as error:
            logger.warning("A stamp could not be drawn: %s %s", type(error).__name__, error)
            raise NoStampPicture from error
