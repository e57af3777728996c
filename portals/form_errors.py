"""Telling in a form what a use case refuses."""

from __future__ import annotations

from copy import deepcopy
from types import TracebackType

from django import forms
from django.core.exceptions import ValidationError

from portals.answers import OF_PAGES
from refusals import Refusal


class refusals_in:  # noqa: N801  # a context manager, as contextlib names them
    """Around a use case and the answer when it goes through; after it, `form` is shown again with what was typed.

    What is refused stands beside the field it is about, or above the form. `but`: refusals that the view answers
    itself. OF_PAGES go through.
    """

    def __init__(self, form: forms.Form, *, but: tuple[type[Refusal], ...] = ()) -> None:
        self.form = form
        self.but = but

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, refused: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if isinstance(refused, ValidationError):
            say_refusal(self.form, refused)
            return True
        if not isinstance(refused, Refusal) or refused.kind in OF_PAGES or isinstance(refused, self.but):
            return False
        for one in refused.errors():
            self._ask(one.field)
            self.form.add_error(one.field if one.field in self.form.fields else None, one.sentence)
        return True

    def _ask(self, name: str | None) -> None:
        """A field that this form left out, because nothing asked for it when the page was opened."""
        if name is not None and name not in self.form.fields and name in self.form.base_fields:
            self.form.fields[name] = deepcopy(self.form.base_fields[name])


def say_refusal(form: forms.Form, refused: ValidationError) -> None:
    """What a use case refuses, beside the field it is about, or above the form."""
    for name, sentences in refused.message_dict.items():
        for sentence in sentences:
            form.add_error(name if name in form.fields else None, sentence)
