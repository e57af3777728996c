"""Rows of a long list, of which many look alike.

What they have in common is rendered once by a template, with marks where each has values of its own. The template is
given nothing else of a row, so it can't show one row's values in another.
"""

from __future__ import annotations

import secrets
from collections.abc import Hashable, Mapping
from html import escape
from typing import Any
from uuid import uuid4

from django.http import HttpRequest
from django.template.context_processors import csrf
from django.template.loader import get_template
from django.utils.safestring import SafeString


class Mark(str):
    """Stands for a text in a row. Where a template writes a moment, it stands for the moment in words. A number that
    nobody can guess, so that no name or title contains it; in digits, so that no filter of letters changes it."""

    __slots__ = ()

    @classmethod
    def new(cls) -> Mark:
        return cls(f"{secrets.randbits(128):039}")


class AlikeRows:
    """The rows of one answer: they contain its CSRF token, and are in its language.

    `own`: what each row has of its own beside its id `pk`, by its name in the template, which must only print it.
    `common`: what all rows have in common.
    """

    def __init__(self, template_name: str, *own: str, request: HttpRequest | None = None, **common: Any) -> None:
        self._template = get_template(template_name)
        self.any_id = uuid4()  # stands for the id of a row, in addresses too
        self.marks = {name: Mark.new() for name in own}
        self._names = {str(self.any_id): "pk"} | {str(mark): name for name, mark in self.marks.items()}
        self._common = common | ({key: str(value) for key, value in csrf(request).items()} if request else {})
        self._known: dict[tuple[Hashable, ...], str] = {}

    def drawn(self, look: Mapping[str, Hashable], **own: Any) -> SafeString:
        """A row as HTML. `look`: what the template is told of it, by name. `own`: as text; what a mark stands for."""
        key = tuple(look.values())
        if key not in self._known:
            self._known[key] = self._pattern(look)
        # `str` first: an id stands several times in each.
        return SafeString(self._known[key] % {name: escape(str(value)) for name, value in own.items()})

    def _pattern(self, look: Mapping[str, Hashable]) -> str:
        html = self._template.render({**self._common, **look, "pk": self.any_id, **self.marks}).replace("%", "%%")
        for stands_for, name in self._names.items():
            html = html.replace(stands_for, f"%({name})s")
        return html
