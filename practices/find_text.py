"""The words by which people find a practice, stored beside its name: without accents, case or hyphens."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import models

from practices.plain_text import plain

# Both spellings are stored, so that either finds the other.
SPELLINGS = (("st", "saint"), ("ste", "sainte"), ("dr", "docteur"), ("pr", "professeur"))
BOTH = {one: pair for pair in SPELLINGS for one in pair}


class FindText(models.TextField[str, str]):
    """A search text, computed from the columns `source` at every save. Words are surrounded by spaces, so that " mar"
    finds the words that begin with "mar"."""

    def __init__(self, *args: Any, source: Iterable[str] = (), **kwargs: Any) -> None:
        self.source = tuple(source)
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> tuple[str, str, list[object], dict[str, object]]:
        name, path, args, kwargs = super().deconstruct()
        return name, path, list(args), {**kwargs, "source": self.source}

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        text = find_text(*(getattr(model_instance, name) for name in self.source))
        setattr(model_instance, self.attname, text)
        return text


def find_text(*parts: str) -> str:
    words = dict.fromkeys(spelling for word in plain(" ".join(parts)).split() for spelling in BOTH.get(word, (word,)))
    return f" {' '.join(words)} " if words else ""
