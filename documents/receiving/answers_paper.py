"""Answers to a questionnaire as a tagged PDF: for the practice's own files, never stored here."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.template.loader import render_to_string

from documents.library.writing.printing import print_text
from practices.models import Practice


@dataclass(frozen=True)
class AnsweredLine:
    """A question and its answers in words; without one, it is unanswered."""

    question: str
    answers: tuple[str, ...]


@dataclass(frozen=True)
class AnsweredSection:
    title: str
    lines: list[AnsweredLine]


@dataclass(frozen=True)
class ChangedLine:
    question: str
    before: tuple[str, ...]
    now: tuple[str, ...]


@dataclass(frozen=True)
class AnswerSummary:
    """All in words. `facts`: names and values about the whole. `score`: "" without one. `since`: the day of the
    answers that `changes` compares with, "" if there are none."""

    title: str
    facts: list[tuple[str, str]]
    sections: list[AnsweredSection]
    score: str = ""
    score_words: str = ""
    score_is_complete: bool = True
    since: str = ""
    changes: list[ChangedLine] = field(default_factory=list)

    @property
    def unanswered(self) -> list[str]:
        return [line.question for one in self.sections for line in one.lines if not line.answers]


def pdf_of_answers(summary: AnswerSummary, *, practice: Practice) -> bytes:
    """In the language in which the summary is written, which the caller has activated. Raises CannotWrite."""
    body = render_to_string("paper/answers.html", {"summary": summary})
    with print_text(body, practice=practice, title=summary.title, replacing_letters=True) as paper:
        return paper.path.read_bytes()
