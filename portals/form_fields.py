"""Fields of a form by name, with the type that the form declares."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy


class WholeNumberField(forms.IntegerField):
    """From `least` to `most`, with one sentence for whatever else is typed. Its widget is no number input: browsers
    send such a one as empty if something else is typed into it, and nobody learns that it was lost."""

    def __init__(self, *, least: int, most: int, **options: Any) -> None:
        words = format_lazy(gettext_lazy("Donnez un nombre entier de {least} à {most}."), least=least, most=most)
        super().__init__(
            min_value=least,
            max_value=most,
            widget=forms.TextInput(attrs={"class": "form-control", "inputmode": "numeric", "autocomplete": "off"}),
            error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value"), words),
            **options,
        )


def model_field(form: forms.BaseForm, name: str) -> forms.ModelChoiceField[Any]:
    """A field of one or several rows; its queryset may be set. Raises TypeError for another kind of field."""
    field = form.fields[name]
    if not isinstance(field, forms.ModelChoiceField):
        raise TypeError(name)
    return field


def choice_field(form: forms.BaseForm, name: str) -> forms.ChoiceField:
    """A field of one or several values; its choices may be set. Raises TypeError for another kind of field."""
    field = form.fields[name]
    if not isinstance(field, forms.ChoiceField):
        raise TypeError(name)
    return field
