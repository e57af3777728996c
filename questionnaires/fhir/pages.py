"""The pages of a questionnaire: one for each section, and one for each run of questions outside of sections."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from questionnaires.fhir.conditions import Answers, enabled_items
from questionnaires.fhir.items import Item, Questions
from questionnaires.fhir.values import Kind


@dataclass(frozen=True)
class Page:
    """`number` stays the same whichever pages are asked."""

    number: int
    title: str
    items: tuple[Item, ...]

    def holds(self, link_id: str) -> bool:
        return any(one.link_id == link_id for item in self.items for one in item.walk())


def pages_of(questions: Questions) -> tuple[Page, ...]:
    found: list[Page] = []
    for is_section, run in groupby(questions.items, key=lambda item: item.kind is Kind.GROUP):
        items = tuple(run)
        parts = [(one.text, (one,)) for one in items] if is_section else [("", items)]
        for title, part in parts:
            found.append(Page(len(found) + 1, title, part))
    return tuple(found)


def asked_pages(questions: Questions, answers: Answers) -> tuple[Page, ...]:
    """Those with an item that is enabled."""
    enabled = enabled_items(questions, answers)
    return tuple(page for page in pages_of(questions) if any(item.link_id in enabled for item in page.items))
