"""Telling in a form what a use case refuses."""

from __future__ import annotations

from django import forms
from django.core.exceptions import ValidationError


def say_refusal(form: forms.Form, refused: ValidationError) -> None:
    """What a use case refuses, beside the field it is about, or above the form."""
    for name, sentences in refused.message_dict.items():
        for sentence in sentences:
            form.add_error(name if name in form.fields else None, sentence)
