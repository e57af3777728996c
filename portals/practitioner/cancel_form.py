"""Why staff cancel an appointment: for staff alone."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from appointments.models import CancelReason


class CancelForm(forms.Form):
    """Both fields are optional."""

    reason = forms.ChoiceField(
        label=_("Pourquoi ?"),
        help_text=_("Lu par le cabinet seul : ni le patient ni aucun message ne le disent."),
        required=False,
        choices=[("", _("Sans précision")), *CancelReason.choices],
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    note = forms.CharField(
        label=_("Précision"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
    )
