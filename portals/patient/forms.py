"""What patients are asked, one question a form."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from patients.birth_dates import birth_date_of


class BirthDateForm(forms.Form):
    """Three fields, as GOV.UK and the DSFR advise; the month may be its name."""

    day = forms.CharField(label=_("Jour"), required=False, max_length=20)
    month = forms.CharField(label=_("Mois"), required=False, max_length=20)
    year = forms.CharField(label=_("Année"), required=False, max_length=20)

    parts = ("day", "month", "year")
    of_oneself = False  # a browser offers its owner's birth date

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self.parts:
            self.fields[name].widget.attrs |= {
                "inputmode": "text" if name == "month" else "numeric",
                "autocomplete": f"bday-{name}" if self.of_oneself else "off",
                "class": "form-control year" if name == "year" else "form-control",
                "aria-describedby": "birth-help",
            }

    def clean(self) -> dict[str, Any]:
        try:
            self.cleaned_data["birth_date"] = birth_date_of(*(self.cleaned_data.get(name, "") for name in self.parts))
        except ValidationError as error:
            self.refuse(error)
        return self.cleaned_data

    @property
    def birth_date_parts(self) -> list[forms.BoundField]:
        return [self[name] for name in self.parts]

    @property
    def birth_date_errors(self) -> list[str]:
        """What is wrong with the date, or with one of its fields."""
        return [*self.non_field_errors(), *(error for part in self.birth_date_parts for error in part.errors)]

    def refuse(self, error: ValidationError) -> None:
        """Say about the date what is wrong with it: one sentence, which belongs to all three fields."""
        self.add_error(None, error)

    def add_error(self, field: str | None, error: Any) -> None:
        """What is said of no other field is said of the date, and tied to its three."""
        super().add_error(field, error)
        for name in self.parts if field is None or field in self.parts else ():
            self.fields[name].widget.attrs |= {"aria-invalid": "true", "aria-describedby": "birth-help birth-error"}


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
