"""What staff type."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Practice
from appointments.models import Agenda, AppointmentKind, VisitReason
from patients.models import Patient


def _text(**attrs: str) -> forms.TextInput:
    return forms.TextInput(attrs={"class": "form-control", **attrs})


class ContactsForm(forms.Form):
    """The contacts that a record lacks, or all of them."""

    email = forms.CharField(
        label=_("Adresse e-mail"), required=False, widget=_text(type="email", inputmode="email", autocomplete="off")
    )
    mobile = forms.CharField(
        label=_("Mobile"), required=False, widget=_text(type="tel", inputmode="tel", autocomplete="off")
    )

    def __init__(self, *args: Any, only: list[str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in list(self.fields):
            if only is not None and name not in only:
                del self.fields[name]
            elif only is not None:
                self.fields[name].required = True
                self.fields[name].error_messages["required"] = (
                    _("Saisissez l’adresse e-mail du patient.") if name == "email" else _("Saisissez son mobile.")
                )


class BookingForm(forms.Form):
    agenda = forms.ModelChoiceField(
        Agenda.objects.none(), label=_("Agenda"), widget=forms.Select(attrs={"class": "form-select"})
    )
    visit_reason = forms.ModelChoiceField(
        VisitReason.objects.none(), label=_("Motif"), widget=forms.Select(attrs={"class": "form-select"})
    )
    starts_at = forms.DateTimeField(
        label=_("Date et heure"),
        widget=forms.DateTimeInput(
            format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local", "class": "form-control", "step": "300"}
        ),
        input_formats=["%Y-%m-%dT%H:%M"],
    )
    kind = forms.ChoiceField(
        label=_("Où"), choices=AppointmentKind.choices, widget=forms.Select(attrs={"class": "form-select"})
    )
    patient = forms.ModelChoiceField(
        Patient.objects.none(),
        label=_("Patient déjà connu"),
        required=False,
        empty_label=_("Nouveau patient"),
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    first_name = forms.CharField(label=_("Prénom"), required=False, max_length=100, widget=_text(autocomplete="off"))
    last_name = forms.CharField(label=_("Nom"), required=False, max_length=100, widget=_text(autocomplete="off"))
    birth_date = forms.DateField(
        label=_("Date de naissance"),
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "class": "form-control"}),
    )
    email = forms.CharField(label=_("Adresse e-mail"), required=False, widget=_text(type="email", autocomplete="off"))
    mobile = forms.CharField(label=_("Mobile"), required=False, widget=_text(type="tel", autocomplete="off"))

    def __init__(self, *args: Any, practice: Practice, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices: dict[str, Any] = {
            "agenda": practice.agendas.filter(is_active=True),
            "visit_reason": practice.visit_reasons.filter(is_active=True),
            "patient": practice.patients.order_by("last_name", "first_name"),
        }
        for name, queryset in choices.items():
            self.fields[name].queryset = queryset  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        asked = self.cleaned_data
        if not asked.get("patient"):
            for name in ("first_name", "last_name", "birth_date"):
                if not asked.get(name) and name not in self.errors:
                    self.add_error(name, _("À remplir pour un nouveau patient, ou choisissez un patient déjà connu."))
        return asked


class MoveForm(forms.Form):
    """When, on which agenda, for which reason."""

    def __init__(self, *args: Any, practice: Practice, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        asked = BookingForm(practice=practice)
        for name in ("starts_at", "agenda", "visit_reason"):
            self.fields[name] = asked.fields[name]
