"""The forms of a patient's record: a new one, and a visit of today without appointment."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext

from appointments.doubts import Doubt
from patients.duplicates import Likeness, likenesses
from patients.misspelt_domains import did_you_mean
from portals.practitioner.forms import PERSON, BookingForm, asked_about
from practices.models import Practice


class PatientForm(forms.Form):
    """The fields of a new patient when booking, with the same questions about likely duplicates."""

    def __init__(self, *args: Any, practice: Practice, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.practice = practice
        booking = BookingForm(practice=practice)
        required = {
            "first_name": gettext("Saisissez son prénom."),
            "last_name": gettext("Saisissez son nom."),
            "birth_date": gettext("Saisissez sa date de naissance."),
        }
        for name in (*BookingForm.of_a_person, "somebody_else"):
            self.fields[name] = booking.fields[name]
            if name in required:
                self.fields[name].error_messages["required"] = required[name]
                self.fields[name].required = True
        self.alike: list[Likeness] = []

    @property
    def of_the_person(self) -> list[forms.BoundField]:
        return [self[name] for name in BookingForm.of_a_person]

    def doubts(self) -> list[Doubt]:
        """Doubts about the patient as typed in, each with the key that confirms it."""
        doubts = [Doubt("looks_like", asked_about(self.alike[0]), key="looks_like")] if self.alike else []
        address = self.cleaned_data["email"]
        if question := did_you_mean(address):
            sentence = gettext("L’adresse e-mail %(address)s est peut-être mal écrite.") % {"address": address}
            doubts.append(Doubt("misspelt_email", f"{sentence} {question}", key=f"misspelt_email/{address}"))
        return doubts

    def clean(self) -> dict[str, Any]:
        asked = self.cleaned_data
        person: dict[str, Any] = {name: asked.get(name) for name in PERSON}
        if all(person.values()) and not asked.get("somebody_else"):
            records = self.practice.patients.all()
            self.alike = likenesses(records, **person, email=asked.get("email"), mobile=asked.get("mobile"))
        return asked


class VisitForm(forms.Form):
    """The agenda and the reason of a visit of today."""

    def __init__(self, *args: Any, practice: Practice, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        booking = BookingForm(practice=practice)
        for name in ("agenda", "visit_reason"):
            self.fields[name] = booking.fields[name]
