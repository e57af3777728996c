"""The forms of booking about the person it is for."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from appointments.models import BookedFor
from appointments.online import wrong_age
from patients.birth_dates import ImpossibleBirthDate, check_birth_date
from patients.models.patient import MAJORITY
from patients.names import kept
from patients.ownership import CONTACTS
from patients.relatives import Person, contact_to_add
from portals.clock import today_on_page
from portals.contact_fields import EmailField, MobileField
from portals.patient.forms import BirthDateForm


def _text(**attrs: str) -> forms.TextInput:
    return forms.TextInput(attrs={"class": "form-control", **attrs})


class PersonForm(BirthDateForm):
    """Names and birth date. Reports all errors at once; "today" is the practice's (portals.clock)."""

    first_name = forms.CharField(
        label=_("Prénom"), max_length=100, widget=_text(), error_messages={"required": _("Donnez son prénom.")}
    )
    last_name = forms.CharField(
        label=_("Nom"), max_length=100, widget=_text(), error_messages={"required": _("Donnez son nom.")}
    )

    field_order = ["first_name", "last_name", "day", "month", "year"]
    booked_for = BookedFor.SELF

    def clean(self) -> dict[str, Any]:
        asked = super().clean()
        born, today = asked.get("birth_date"), today_on_page()
        if born is None:
            return asked
        try:
            check_birth_date(born, today=today)
        except ImpossibleBirthDate as error:
            self.refuse(error)
            return asked
        if self.booked_for != BookedFor.SELF and (
            refused := wrong_age(born, booked_for=self.booked_for, today=today)
        ):
            self.refuse(ValidationError(refused))
        return asked

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

    booked_for = BookedFor.MINOR_RELATIVE

    @property
    def example_year(self) -> int:
        return today_on_page().year - MAJORITY // 2


class AdultForm(PersonForm):
    email = EmailField(label=_("Son adresse e-mail"), required=False)
    mobile = MobileField(label=_("Son mobile"), required=False)

    field_order = ["first_name", "last_name", "day", "month", "year", "email", "mobile"]
    booked_for = BookedFor.ADULT_RELATIVE

    def clean(self) -> dict[str, Any]:
        asked = super().clean()
        given = {name: asked[name] for name in CONTACTS if name in asked}  # the others have their own errors
        born = asked.get("birth_date")
        is_child = born and wrong_age(born, booked_for=self.booked_for, today=today_on_page())
        if len(given) == len(CONTACTS) and not is_child:
            for name, sentences in contact_to_add(**given).items():
                self.add_error(name, sentences)
        return asked


class IdentityForm(PersonForm):
    """The holder's own names and birth date, if the account lacks them. Asked once."""

    of_oneself = True

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"first_name": user.first_name, "last_name": user.last_name})
        super().__init__(*args, **kwargs)
        self.fields["first_name"].widget.attrs["autocomplete"] = "given-name"
        self.fields["last_name"].widget.attrs["autocomplete"] = "family-name"

    def keep(self, user: User) -> None:
        user.first_name = user.first_name or kept(self.cleaned_data["first_name"])
        user.last_name = user.last_name or kept(self.cleaned_data["last_name"])
        user.birth_date = user.birth_date or self.cleaned_data["birth_date"]
        user.save(update_fields=["first_name", "last_name", "birth_date"])
