"""The state of an upload in the pipeline of intake.py, and the exceptions by which a step refuses it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import UploadedFile

from refusals import Kind, Refusal


class Refused(Refusal):
    """The file is refused."""

    kind = Kind.INVALID
    field: str | None = "file"

    def __init__(self, code: str, sentence: str) -> None:
        self.code = code
        if code == "too_large":
            self.kind = Kind.TOO_LARGE
        super().__init__(sentence)


class TryLater(Refused):
    """Nothing is wrong with the file: the same may be sent again, after `retry_after` seconds."""

    kind = Kind.TRY_LATER
    field = None
    retry_after = 10


@dataclass
class Upload:
    """The facts about an upload; each step checks it and adds facts."""

    file: UploadedFile[Any]  # as it came
    name: str = ""
    path: Path = field(default_factory=Path)  # set once the size is known to be within bounds
    media_type: str = ""
    page_count: int = 0
    signature_count: int = 0
    opening_text: str = field(default="", repr=False)  # health data: in memory only
    contains: list[str] = field(default_factory=list)  # codes of files.structure
    notices: list[str] = field(default_factory=list)  # codes of notices for staff
