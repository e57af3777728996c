"""Making a picture ready to be kept: HEIC becomes JPEG, and what is personal beside the picture is taken out."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path, PurePosixPath
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from documents.files import decoding, metadata, sandbox
from documents.files.draft import Draft, Refused
from documents.files.limits import HEIC, JPEG

logger = logging.getLogger(__name__)
CUT_OUT = (JPEG, "image/png")


def convert_heic(draft: Draft) -> None:
    """Most computers and telephones show JPEG; hardly any browser shows HEIC."""
    if draft.media_type != HEIC:
        return
    _rewrite(draft, decoding.to_jpeg, str(draft.path))
    draft.media_type = JPEG
    draft.name = f"{PurePosixPath(draft.name).stem}.jpg"
    draft.page_count = 1
    draft.notices.append("heic_converted")


def remove_metadata(draft: Draft) -> None:
    """Place, telephone, time, names: out of JPEG and PNG, byte for byte the same picture (docs/decisions/0021).

    TIFF, GIF and BMP stay as they are; a TIFF that says where it was taken is told.
    """
    if draft.media_type in CUT_OUT:
        answer = _rewrite(draft, metadata.strip_file, str(draft.path), draft.media_type)
        if answer.get("malformed"):
            draft.notices.append("metadata_kept")
        elif answer["removed"]:
            draft.notices.append("metadata_removed")
    elif draft.media_type == "image/tiff" and _in_sandbox(draft, metadata.has_position, str(draft.path)):
        draft.notices.append("metadata_kept")


def _rewrite(draft: Draft, function: Any, *arguments: str) -> Any:
    """Run `function(*arguments, output)` and put what it wrote, if anything, in the file's place."""
    with tempfile.NamedTemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR, suffix=".made", delete=False) as output:
        made = Path(output.name)
    try:
        answer = _in_sandbox(draft, function, *arguments, str(made))
        if made.stat().st_size:
            made.replace(draft.path)
        return answer
    finally:
        made.unlink(missing_ok=True)


def _in_sandbox(draft: Draft, function: Any, *arguments: str) -> Any:
    try:
        return sandbox.run(function, *arguments)
    except sandbox.SandboxError as error:
        logger.warning("A picture was refused: it could not be made ready (%s)", type(error).__name__)
        raise Refused(
            "unreadable",
            _(
                "« %(name)s » est endommagé ou incomplet : il ne s’ouvre pas. "
                "Enregistrez-le de nouveau depuis votre logiciel, puis ajoutez-le."
            )
            % {"name": draft.name},
        ) from error
