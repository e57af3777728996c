"""The form for the language of one's own account."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


class LanguageSelect(forms.Select):
    """Each language by its own name, marked as being in that language."""

    def create_option(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(*args, **kwargs)
        return option | {"attrs": {**option["attrs"], "lang": str(option["value"])}}


class LanguageForm(forms.Form):
    language = forms.ChoiceField(
        label=_("Langue"),
        choices=[("fr", "Français"), ("en", "English")],
        widget=LanguageSelect(attrs={"class": "form-select", "autocomplete": "language"}),
    )
