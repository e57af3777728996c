"""Shows refusals of a use case as errors of a form."""

from __future__ import annotations

from copy import deepcopy
from types import TracebackType

from django import forms
from django.core.exceptions import ValidationError

from portals.answers import OF_PAGES
from refusals import Refusal


class refusals_in:  # noqa: N801  # a context manager, as contextlib names them
    """Wraps a use case and the answer to its success; after a refusal, the view shows `form` again as it was filled
    in.

    The refusal stands beside its field, or above the form. `but`: refusals that the view answers itself. Kinds in
    OF_PAGES propagate.
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
            add_refusal(self.form, refused)
            return True
        if not isinstance(refused, Refusal) or refused.kind in OF_PAGES or isinstance(refused, self.but):
            return False
        for one in refused.errors():
            self._ask(one.field)
            self.form.add_error(one.field if one.field in self.form.fields else None, one.sentence)
        return True

    def _ask(self, name: str | None) -> None:
        """Add a field that the form omitted because it was not needed when the page was opened."""
        if name is not None and name not in self.form.fields and name in self.form.base_fields:
            self.form.fields[name] = deepcopy(self.form.base_fields[name])


def add_refusal(form: forms.Form, refused: ValidationError) -> None:
    """Add a refusal to the form: beside its field, or above the form."""
    for name, sentences in refused.message_dict.items():
        for sentence in sentences:
            form.add_error(name if name in form.fields else None, sentence)
