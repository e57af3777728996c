"""What staff type."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Practice
from appointments.models import Agenda, AppointmentKind, VisitReason
from notifications.wording import telephone_by_pairs
from patients.contacts import clean_email, clean_mobile
from patients.models import Patient


def _text(**attrs: str) -> forms.TextInput:
    return forms.TextInput(attrs={"class": "form-control", **attrs})


def _email(typed: str) -> None:
    clean_email(typed)


def _mobile(typed: str) -> None:
    clean_mobile(typed)


class ContactsForm(forms.Form):
    """The contacts that a record lacks, or all of them."""

    email = forms.CharField(
        label=_("Adresse e-mail"),
        required=False,
        validators=[_email],
        widget=_text(type="email", inputmode="email", autocomplete="off"),
    )
    mobile = forms.CharField(
        label=_("Mobile"),
        required=False,
        validators=[_mobile],
        widget=_text(type="tel", inputmode="tel", autocomplete="off"),
    )

    def __init__(self, *args: Any, only: list[str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["mobile"] = telephone_by_pairs(self.initial.get("mobile"))
        for name in list(self.fields):
            if only is not None and name not in only:
                del self.fields[name]
            elif only is not None:
                self.fields[name].required = True
                self.fields[name].error_messages["required"] = (
                    _("Saisissez l’adresse e-mail du patient.") if name == "email" else _("Saisissez son mobile.")
                )


PERSON = ("first_name", "last_name", "birth_date")


class BookingForm(forms.Form):
    agenda = forms.ModelChoiceField(
        Agenda.objects.none(),
        label=_("Agenda"),
        empty_label=_("Choisir…"),
        error_messages={"required": _("Choisissez un agenda.")},
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    visit_reason = forms.ModelChoiceField(
        VisitReason.objects.none(),
        label=_("Motif"),
        empty_label=_("Choisir…"),
        error_messages={"required": _("Choisissez un motif.")},
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    starts_at = forms.DateTimeField(
        label=_("Date et heure"),
        error_messages={"required": _("Indiquez la date et l’heure.")},
        widget=forms.DateTimeInput(
            format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local", "class": "form-control", "step": "300"}
        ),
        input_formats=["%Y-%m-%dT%H:%M"],
    )
    kind = forms.ChoiceField(
        label=_("Où"), choices=AppointmentKind.choices, widget=forms.Select(attrs={"class": "form-select"})
    )
    q = forms.CharField(label=_("Chercher un patient connu du cabinet"), required=False)
    patient = forms.ModelChoiceField(
        Patient.objects.none(),
        required=False,
        error_messages={"invalid_choice": _("Cette fiche n’existe plus : cherchez le patient de nouveau.")},
    )
    first_name = forms.CharField(label=_("Prénom"), max_length=100, widget=_text(autocomplete="off"))
    last_name = forms.CharField(label=_("Nom"), max_length=100, widget=_text(autocomplete="off"))
    birth_date = forms.DateField(
        label=_("Date de naissance"),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "class": "form-control"}),
    )
    email = forms.CharField(label=_("Adresse e-mail"), required=False, widget=_text(type="email", autocomplete="off"))
    mobile = forms.CharField(label=_("Mobile"), required=False, widget=_text(type="tel", autocomplete="off"))
    somebody_else = forms.BooleanField(label=_("C’est quelqu’un d’autre : créer une fiche"), required=False)

    def __init__(self, *args: Any, practice: Practice, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in PERSON:
            told = _("À remplir pour un nouveau patient, ou choisissez un patient déjà connu.")
            self.fields[name].error_messages["required"] = told
            self.fields[name].required = not self.data.get("patient")
        self.alike: list[Patient] = []  # records of the same names and birth date as the new patient
        choices: dict[str, Any] = {
            "agenda": practice.agendas.filter(is_active=True),
            "visit_reason": practice.visit_reasons.filter(is_active=True),
            "patient": practice.patients.all(),
        }
        for name, queryset in choices.items():
            self.fields[name].queryset = queryset  # type: ignore[attr-defined]

    @property
    def of_a_new_patient(self) -> list[forms.BoundField]:
        return [self[name] for name in ("last_name", "first_name", "birth_date", "mobile", "email")]

    @property
    def of_the_appointment(self) -> list[forms.BoundField]:
        return [self[name] for name in ("starts_at", "agenda", "visit_reason", "kind")]

    def chosen(self) -> Patient | None:
        """The record that is chosen so far, whatever else is wrong."""
        try:
            return self.fields["patient"].clean(self["patient"].value())  # type: ignore[no-any-return]
        except forms.ValidationError:
            return None

    def clean(self) -> dict[str, Any]:
        asked = self.cleaned_data
        person = {name: asked.get(name) for name in PERSON}
        if asked.get("patient") is None and all(person.values()) and not asked["somebody_else"]:
            records = self.fields["patient"].queryset  # type: ignore[attr-defined]
            self.alike = records.alike(**person)
        if self.alike:
            told = _(
                "Une fiche de ce nom, née le même jour, existe : choisissez-la, ou dites que c’est quelqu’un d’autre."
            )
            self.add_error("patient", told)
        return asked


class MoveForm(forms.Form):
    """When, on which agenda, for which reason."""

    def __init__(self, *args: Any, practice: Practice, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        asked = BookingForm(practice=practice)
        for name in ("starts_at", "agenda", "visit_reason"):
            self.fields[name] = asked.fields[name]


class WhichAppointmentsForm(forms.Form):
    """Reasons and agendas of the practice; none: all of them."""

    visit_reasons = forms.ModelMultipleChoiceField(
        VisitReason.objects.none(),
        label=_("Motifs"),
        help_text=_("Aucun coché : tous les motifs."),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    agendas = forms.ModelMultipleChoiceField(
        Agenda.objects.none(),
        label=_("Agendas"),
        help_text=_("Aucun coché : tous les agendas."),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, practice: Practice, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["visit_reasons"].queryset = practice.visit_reasons.all()  # type: ignore[attr-defined]
        self.fields["agendas"].queryset = practice.agendas.all()  # type: ignore[attr-defined]
