"""What booking asks of the person it is for."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from patients.birth_dates import ImpossibleBirthDate, check_birth_date
from patients.names import kept
from patients.relatives import Person
from portals.patient.forms import BirthDateForm


def _text(**attrs: str) -> forms.TextInput:
    return forms.TextInput(attrs={"class": "form-control", **attrs})


class PersonForm(BirthDateForm):
    first_name = forms.CharField(
        label=_("Prénom"), max_length=100, widget=_text(), error_messages={"required": _("Donnez son prénom.")}
    )
    last_name = forms.CharField(
        label=_("Nom"), max_length=100, widget=_text(), error_messages={"required": _("Donnez son nom.")}
    )

    field_order = ["first_name", "last_name", "day", "month", "year"]

    def person(self) -> Person:
        asked = self.cleaned_data
        return Person(
            first_name=asked["first_name"],
            last_name=asked["last_name"],
            birth_date=asked["birth_date"],
            email=asked.get("email") or None,
            mobile=asked.get("mobile") or None,
        )


class MinorForm(PersonForm):
    """A child: the holder receives."""


class AdultForm(PersonForm):
    email = forms.CharField(
        label=_("Son adresse e-mail"), required=False, widget=_text(type="email", inputmode="email")
    )
    mobile = forms.CharField(label=_("Son mobile"), required=False, widget=_text(type="tel", inputmode="tel"))

    field_order = ["first_name", "last_name", "day", "month", "year", "email", "mobile"]


class IdentityForm(PersonForm):
    """The holder's own names and birth date, where the account does not have them yet. Asked once."""

    of_oneself = True

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"first_name": user.first_name, "last_name": user.last_name})
        super().__init__(*args, **kwargs)
        self.fields["first_name"].widget.attrs["autocomplete"] = "given-name"
        self.fields["last_name"].widget.attrs["autocomplete"] = "family-name"

    def clean(self) -> dict[str, Any]:
        asked = super().clean()
        try:
            if "birth_date" in asked:
                today = timezone.localdate(timezone=timezone.get_current_timezone())
                check_birth_date(asked["birth_date"], today=today)
        except ImpossibleBirthDate as error:
            self.refuse(error)
        return asked

    def keep(self, user: User) -> None:
        user.first_name = user.first_name or kept(self.cleaned_data["first_name"])
        user.last_name = user.last_name or kept(self.cleaned_data["last_name"])
        user.birth_date = user.birth_date or self.cleaned_data["birth_date"]
        user.save(update_fields=["first_name", "last_name", "birth_date"])
