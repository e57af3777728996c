"""Forms for patients, one question each."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from patients.birth_dates import SUCH_AS, birth_date_of


class BirthDateForm(forms.Form):
    """Three fields, as GOV.UK and the DSFR advise; the month may be its name."""

    day = forms.CharField(label=_("Jour"), required=False, max_length=20)
    month = forms.CharField(label=_("Mois"), required=False, max_length=20)
    year = forms.CharField(label=_("Année"), required=False, max_length=20)

    parts = ("day", "month", "year")
    of_oneself = False  # whether it is the user's own birth date, which a browser may then fill in

    @property
    def example_year(self) -> int:
        """A year that somebody of this form may be born in, for its examples."""
        return SUCH_AS

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
            typed = [self.cleaned_data.get(name, "") for name in self.parts]
            self.cleaned_data["birth_date"] = birth_date_of(*typed, example_year=self.example_year)
        except ValidationError as error:
            self.refuse(error)
        return self.cleaned_data

    @property
    def birth_date_parts(self) -> list[forms.BoundField]:
        return [self[name] for name in self.parts]

    @property
    def birth_date_errors(self) -> list[str]:
        """Errors of the date or of one of its fields."""
        return [*self.non_field_errors(), *(error for part in self.birth_date_parts for error in part.errors)]

    def refuse(self, error: ValidationError) -> None:
        """Add an error of the date: one sentence for all three fields."""
        self.add_error(None, error)

    def add_error(self, field: str | None, error: Any) -> None:
        """Errors of no other field become errors of the date, tied to its three fields."""
        super().add_error(field, error)
        for name in self.parts if field is None or field in self.parts else ():
            self.fields[name].widget.attrs |= {"aria-invalid": "true", "aria-describedby": "birth-help birth-error"}
