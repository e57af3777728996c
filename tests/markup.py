"""Pages as tests compare them: however their templates break lines."""

from __future__ import annotations

import re
from html import unescape
from typing import Protocol


class Answer(Protocol):
    """An answer with a whole page: of a view or of the test client."""

    @property
    def content(self) -> bytes: ...


def one_line(page: bytes | str) -> str:
    """The page with one space where its markup has white space, and none beside its tags."""
    text = page.decode() if isinstance(page, bytes) else page
    text = re.sub(r"\s+", " ", text)
    return re.sub(r"(?<=>) | (?=[<>])", "", text)


def page_text(answer: Answer) -> str:
    """The answer's page with one space where its markup has white space."""
    return " ".join(answer.content.decode().split())


def visible_text(page: str) -> str:
    """The words that a reader sees, without tags and styles; white space stays as it is written."""
    body = re.sub(r"(?s)<style>.*?</style>|<head>.*?</head>", "", page)
    return unescape(re.sub(r"<[^>]+>", " ", body))
