"""The fields that differ between two records: which of the two is right. Nothing is preset."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from documents.merging.choices import Difference
from notifications.wording import telephone_by_pairs
from patients.models import Patient
from portals.templatetags.presentation import short_day

LABELS = {
    "first_name": gettext_lazy("Prénom"),
    "last_name": gettext_lazy("Nom"),
    "birth_date": gettext_lazy("Date de naissance"),
    "email": gettext_lazy("Adresse e-mail"),
    "mobile": gettext_lazy("Mobile"),
}


class MergeForm(forms.Form):
    def __init__(
        self, *args: Any, differences: list[Difference], kept: Patient, other: Patient, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        for one in differences:
            self.fields[one.name] = forms.ChoiceField(
                label=LABELS[one.name],
                choices=[
                    ("kept", _value(one.name, one.kept, _giver(kept, one.name))),
                    ("other", _value(one.name, one.other, _giver(other, one.name))),
                ],
                widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
                error_messages={"required": gettext_lazy("Choisissez laquelle des deux valeurs est juste.")},
            )

    def from_other(self) -> list[str]:
        return [name for name, side in self.cleaned_data.items() if side == "other"]


def _giver(patient: Patient, name: str) -> str:
    return str(getattr(patient, f"{name}_given_by", None) or "")


def _value(name: str, value: Any, giver: str) -> str:
    shown = str(value)
    if name == "birth_date":
        shown = short_day(value)
    elif name == "mobile":
        shown = telephone_by_pairs(value) or ""
    return _("%(value)s (donné par %(giver)s, non vérifié)") % {"value": shown, "giver": giver} if giver else shown
