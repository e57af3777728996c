"""Fields of a form by name, with the type that the form declares."""

from __future__ import annotations

from typing import Any

from django import forms


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
