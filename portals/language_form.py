"""The language of one's own account, wherever it is chosen."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class LanguageForm(forms.Form):
    language = forms.ChoiceField(
        label=_("Langue"),
        choices=[("fr", "Français"), ("en", "English")],
        widget=forms.Select(attrs={"class": "form-select"}),
    )
