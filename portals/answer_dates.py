"""Dates as answers: in words, and as they are typed. A date may be of a month or of a year only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from patients.birth_dates import month_number, whole_number
from patients.names import ascii_digits
from portals.clock import today_on_page
from questionnaires.fhir.dates import AnyDate, PartialDate, any_date, first_day

SEPARATORS = re.compile(r"[\s./-]+")
NO_SUCH_DATE = "no_such_date"
LONGEST = 20  # characters of one part
PARTS: dict[str, StrOrPromise] = {
    "day": gettext_lazy("Jour"),
    "month": gettext_lazy("Mois"),
    "year": gettext_lazy("Année"),
}


def date_words(value: AnyDate) -> str:
    """29/11/2026, novembre 2026, 2026."""
    if not isinstance(value, PartialDate):
        return date_format(value, "SHORT_DATE_FORMAT")
    return f"{value.year:04}" if value.month is None else date_format(first_day(value), "F Y")


@dataclass(frozen=True)
class Typed:
    """The three parts as somebody typed them."""

    day: str = ""
    month: str = ""
    year: str = ""

    def date(self) -> AnyDate | None:
        """None if nothing is typed. Raises ValidationError, whose code is the part at fault, or NO_SUCH_DATE."""
        if not (self.day or self.month or self.year):
            return None
        day, month, year = whole_number(self.day), month_number(self.month), whole_number(self.year)
        such_as = today_on_page().year
        if not self.year:
            raise forms.ValidationError(
                _("Donnez au moins l’année, par exemple %(year)s.") % {"year": such_as}, "year"
            )
        if year is None or len(ascii_digits(self.year)) != 4:
            words = _("Écrivez l’année avec ses quatre chiffres, par exemple %(year)s.") % {"year": such_as}
            raise forms.ValidationError(words, "year")
        if self.day and not self.month:
            raise forms.ValidationError(_("Donnez le mois, ou laissez le jour vide aussi."), "month")
        if self.month and (month is None or not 1 <= month <= 12):
            raise forms.ValidationError(
                _("Écrivez le mois en chiffres ou en lettres, par exemple 2 ou février."), "month"
            )
        if self.day and day is None:
            raise forms.ValidationError(_("Écrivez le jour en chiffres, ou laissez-le vide."), "day")
        try:
            return any_date(year, month if self.month else None, day if self.day else None)
        except (ValueError, OverflowError):  # OverflowError for a day of eleven digits
            words = _("Cette date n’existe pas. Vérifiez le jour, le mois et l’année.")
            raise forms.ValidationError(words, NO_SUCH_DATE) from None


class DatePartsWidget(forms.Widget):
    """Three fields, as GOV.UK and the DSFR advise, drawn by templates/components/date_parts.html. `faulty`: the parts
    with an error."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        self.faulty: tuple[str, ...] = ()

    def value_from_datadict(self, data: Mapping[str, Any], files: object, name: str) -> Typed:
        return Typed(*(str(data.get(f"{name}-{part}", ""))[:LONGEST].strip() for part in PARTS))

    def id_for_label(self, id_: str) -> str:
        """The field that a link from the summary of errors leads to."""
        return f"{id_}-{self.faulty[0] if self.faulty else 'day'}" if id_ else id_


class DatePartsField(forms.Field):
    """A date of a day, or without its day, or without its month too."""

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=DatePartsWidget, **options)

    def clean(self, value: Typed) -> AnyDate | None:
        try:
            return value.date()
        except forms.ValidationError as refused:
            self.mark(refused.code or "")
            raise

    def mark(self, part: str = "") -> None:
        """The part at fault; anything else stands for all three."""
        assert isinstance(self.widget, DatePartsWidget)
        self.widget.faulty = (part,) if part in PARTS else tuple(PARTS)


@dataclass(frozen=True)
class Part:
    """One of the three fields on the page."""

    name: str
    id: str
    part: str
    label: StrOrPromise
    value: str
    is_faulty: bool


def parts_of(field: forms.BoundField) -> list[Part]:
    """Those of a DatePartsField; none of another one."""
    widget = field.field.widget
    if not isinstance(widget, DatePartsWidget):
        return []
    shown = field.value()
    typed = shown if isinstance(shown, Typed) else _typed(shown)
    return [
        Part(
            f"{field.html_name}-{part}",
            f"{field.auto_id}-{part}",
            part,
            label,
            getattr(typed, part),
            part in widget.faulty,
        )
        for part, label in PARTS.items()
    ]


def _typed(value: AnyDate | None) -> Typed:
    if value is None:
        return Typed()
    if isinstance(value, PartialDate):
        return Typed(month=str(value.month or ""), year=f"{value.year:04}")
    return Typed(str(value.day), str(value.month), f"{value.year:04}")


class DateLineField(forms.CharField):
    """A date in one line: 29/11/2026, 29 novembre 2026, 2026-11-29, 11/2026, 2026-11 or 2026."""

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=forms.TextInput(attrs={"class": "form-control"}), **options)

    def clean(self, value: Any) -> Any:
        text = str(super().clean(value) or "").strip()
        if not text:
            return None
        parts = [part for part in SEPARATORS.split(text) if part]
        if parts and len(parts[0]) == 4 and whole_number(parts[0]) is not None:
            parts.reverse()
        malformed = _("Écrivez une date, un mois ou une année. Exemples : 3/2/2024, 2/2024, 2024.")
        if not 1 <= len(parts) <= 3 or any(len(part) > LONGEST for part in parts):
            raise forms.ValidationError(malformed)
        try:
            return Typed(*[""] * (3 - len(parts)), *parts).date()
        except forms.ValidationError as refused:
            if refused.code == NO_SUCH_DATE:
                raise
            raise forms.ValidationError(malformed) from None
