"""Form fields for contacts and birth dates: their errors are reported together with all others of the form."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from patients.birth_dates import birth_date_in, check_birth_date
from patients.contacts import clean_email, clean_mobile
from patients.misspelt_domains import did_you_mean
from patients.names import ascii_digits
from portals.clock import today_on_page

LONGEST_DATE = 100  # characters; longer texts are not searched for a date


class ContactField(forms.CharField):
    """Cleaned as `patients` does; "" if empty. Autofill is off by default: it would offer another person's
    contacts."""

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        own = {"class": "form-control", "autocomplete": "off"}
        if isinstance(widget, forms.widgets.Input):
            own["inputmode"] = str(widget.input_type)
        return super().widget_attrs(widget) | own | widget.attrs


class BoundEmail(forms.BoundField):
    @property
    def doubt(self) -> str:
        """A question about an address that is probably misspelt, on a page that is shown again for other faults; ""
        otherwise."""
        if not self.form.is_bound or not self.form.errors or self.errors:
            return ""
        return did_you_mean(self.form.cleaned_data.get(self.name) or "")

    @property
    def aria_describedby(self) -> str | None:
        own = super().aria_describedby
        return f"{own or ''} {self.auto_id}_doubt".strip() if self.doubt else own


class EmailField(ContactField):
    """Cleans to lower case."""

    widget = forms.EmailInput
    bound_field_class = BoundEmail

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"label": _("Adresse e-mail")} | kwargs)

    def clean(self, value: Any) -> str:
        return clean_email(super().clean(value)) or ""


class MobileField(ContactField):
    """Cleans to E.164."""

    widget = forms.TelInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"label": _("Mobile")} | kwargs)

    def clean(self, value: Any) -> str:
        return clean_mobile(super().clean(value)) or ""


class BirthDateField(forms.DateField):
    """A date from the browser's calendar, or as people write it in a browser without one."""

    widget = forms.DateInput(
        format="%Y-%m-%d", attrs={"type": "date", "class": "form-control", "autocomplete": "off"}
    )
    input_formats = ["%Y-%m-%d"]
    default_error_messages = {
        "invalid": _("Cette date n’existe pas, ou est mal écrite. Écrivez le jour, le mois et l’année : 12/03/1950."),
    }
    today: date | None = None  # the current day at the practice; None: in the time zone active for the request

    def to_python(self, value: Any) -> date | None:
        if isinstance(value, str) and len(value) > LONGEST_DATE:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        if isinstance(value, str):
            born, rest = birth_date_in(value)
            value = ascii_digits(value) if born is None or rest.strip() else born
        return super().to_python(value)

    def validate(self, value: date | None) -> None:
        super().validate(value)
        if value is not None:
            check_birth_date(value, today=self.today or today_on_page())
