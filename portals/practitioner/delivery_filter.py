"""The form above the deliveries: what to look for."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from accounts.models import User
from appointments.models import Agenda
from documents.sharing.delivery_search import DeliverySearch, Shown
from patients.models import Patient
from patients.names import SearchTooLong
from portals.form_fields import choice_field
from practices.models import Practice

FOUND_AT_MOST = 200  # records of one search


def _day(label: StrOrPromise) -> forms.DateField:
    """A day around which there are others: the first and the last that a date can hold have no midnight in UTC."""
    words = gettext_lazy("Vérifiez l’année de cette date.")
    bounds = [MinValueValidator(date(1900, 1, 1), words), MaxValueValidator(date(2999, 12, 31), words)]
    picker = forms.DateInput(attrs={"class": "form-control", "type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=False, widget=picker, validators=bounds)


class DeliveryFilterForm(forms.Form):
    q = forms.CharField(
        label=gettext_lazy("Patient"),
        help_text=gettext_lazy("Nom, date de naissance, e-mail ou mobile"),
        required=False,
        widget=forms.TextInput(attrs={"class": "form-control", "type": "search", "autocomplete": "off"}),
    )
    show = forms.ChoiceField(
        label=gettext_lazy("État"),
        choices=Shown.choices,
        required=False,
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    agenda = forms.ChoiceField(
        label=gettext_lazy("Agenda"), required=False, widget=forms.Select(attrs={"class": "form-select"})
    )
    first = _day(gettext_lazy("Partagés du"))
    last = _day(gettext_lazy("Au"))

    def __init__(self, *args: Any, practice: Practice, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._practice, self._user = practice, user
        agendas = Agenda.objects.filter(practice=practice).select_related("practitioner")
        self._agendas: dict[str, list[uuid.UUID]] = {}
        names: dict[str, str] = {}
        for one in agendas:
            self._agendas[str(one.pk)], names[str(one.pk)] = [one.pk], one.name
        for one in agendas:
            if one.practitioner is not None:  # whoever has several
                key = str(one.practitioner_id)
                self._agendas.setdefault(key, []).append(one.pk)
                if len(self._agendas[key]) > 1:
                    names[key] = _("Tous les agendas : %(name)s") % {"name": one.practitioner}
        choice_field(self, "agenda").choices = [("", _("Tous les agendas")), *names.items()]
        self.several_agendas = len(self._agendas) > 1 and len(names) > 1

    def clean_q(self) -> str:
        """Reads the patients, so that a search that is too long, or that finds too many, is told beside the field."""
        words: str = self.cleaned_data["q"]
        self._found: list[uuid.UUID] = []
        if words:
            self._found = self._records(words)
        if len(self._found) > FOUND_AT_MOST:
            raise ValidationError(_("Plus de 200 fiches correspondent : précisez la recherche."))
        return words

    def _records(self, words: str) -> list[uuid.UUID]:
        """One more than a search may find."""
        records = Patient.objects.of_staff(self._user).filter(practice=self._practice)
        try:
            return list(records.search(words).values_list("pk", flat=True)[: FOUND_AT_MOST + 1])
        except SearchTooLong as refused:
            raise ValidationError(refused.messages) from refused

    def clean(self) -> dict[str, Any]:
        asked = super().clean() or self.cleaned_data
        first, last = asked.get("first"), asked.get("last")
        if first and last and last < first:
            self.add_error("last", _("Ce jour est avant le premier : choisissez-en un autre."))
        return asked

    def search(self) -> DeliverySearch:
        """Of a valid form."""
        asked = self.cleaned_data
        return DeliverySearch(
            shown=Shown(asked["show"]),
            agendas=self._agendas[asked["agenda"]] if asked["agenda"] else None,
            first=asked["first"],
            last=asked["last"],
            patients=self._found if asked["q"] else None,
        )

    def query(self) -> str:
        """All but the words, for an address."""
        asked = {name: self.cleaned_data[name] for name in ("show", "agenda", "first", "last")}
        return urlencode({name: value for name, value in asked.items() if value})
