"""What patients are asked, one question a form."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class BirthDateForm(forms.Form):
    """Three fields, as GOV.UK and the DSFR advise; month as a number."""

    day = forms.CharField(label=_("Jour"), required=False, max_length=2)
    month = forms.CharField(label=_("Mois"), required=False, max_length=2)
    year = forms.CharField(label=_("Année"), required=False, max_length=4)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, complete in (("day", "bday-day"), ("month", "bday-month"), ("year", "bday-year")):
            self.fields[name].widget.attrs |= {
                "inputmode": "numeric",
                "autocomplete": complete,
                "class": "form-control year" if name == "year" else "form-control",
            }

    def clean(self) -> dict[str, Any]:
        given = [self.cleaned_data.get(name, "") for name in ("day", "month", "year")]
        try:
            self.cleaned_data["birth_date"] = date(int(given[2]), int(given[1]), int(given[0]))
        except ValueError:
            raise ValidationError(
                _("Donnez le jour, le mois et l’année en chiffres, par exemple 3, 2 et 1941."), code="not_a_date"
            ) from None
        return self.cleaned_data


class PasswordForm(forms.Form):
    password = forms.CharField(
        label=_("Choisissez un mot de passe"),
        help_text=_("Au moins 12 caractères. Une phrase dont vous vous souviendrez convient très bien."),
        max_length=128,
        strip=False,
        error_messages={"required": _("Choisissez un mot de passe d’au moins 12 caractères.")},
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "class": "form-control"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._user = user

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        validate_password(password, self._user)
        return password
