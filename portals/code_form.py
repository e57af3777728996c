"""The form for the six digits of an SMS."""

from __future__ import annotations

import string

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from patients.names import ascii_digits


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("Code reçu par SMS"),
        help_text=_("Six chiffres."),
        error_messages={"required": _("Saisissez le code à six chiffres reçu par SMS.")},
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "class": "form-control code-input"}
        ),
    )

    def clean_code(self) -> str:
        return digits_of(self.cleaned_data["code"])

    def refuse(self) -> None:
        """Report that the digits do not match the current code."""
        self.add_error(
            "code",
            _now(
                "Ce code n’est pas le bon, ou il a expiré. Vérifiez le SMS le plus récent, ou "
                "demandez un nouveau code."
            ),
        )


def digits_of(typed: str) -> str:
    """The six digits of what was typed, in any script, with or without spaces. Raises ValidationError."""
    digits = "".join(one for one in ascii_digits(typed) if one in string.digits)
    if len(digits) != 6:
        raise ValidationError(_("Le code a six chiffres. Vérifiez le message le plus récent."))
    return digits
