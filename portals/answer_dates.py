"""Dates as answers: in words, and as they are typed. A date may be of a month or of a year only; a dateTime, too, and
it may lack its time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from django import forms
from django.forms.utils import from_current_timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from patients.birth_dates import month_number, whole_number
from patients.names import ascii_digits
from portals.clock import local_on_page, today_on_page
from questionnaires.fhir.dates import (
    AnyDate,
    AnyDateTime,
    Dated,
    PartialDate,
    PartialDateTime,
    any_date,
    first_day,
)

SEPARATORS = re.compile(r"[\s./-]+")
CLOCK = re.compile(r"(\d{1,2})\s?[:hH]\s?(?:(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?)?")
CLOCK_TYPED = "clock"
AT_THE_END = re.compile(rf"(?:T|\s+(?:à\s+)?)(?P<{CLOCK_TYPED}>{CLOCK.pattern})$")
NO_SUCH_DATE = "no_such_date"
LONGEST = 20  # characters of one part
PARTS: dict[str, StrOrPromise] = {
    "day": gettext_lazy("Jour"),
    "month": gettext_lazy("Mois"),
    "year": gettext_lazy("Année"),
}
TIME = "time"
PARTS_WITH_TIME: dict[str, StrOrPromise] = PARTS | {TIME: gettext_lazy("Heure")}


def date_words(value: Dated) -> str:
    """29/11/2026, novembre 2026, 2026, 29/11/2026 08:30."""
    if isinstance(value, datetime):
        local = local_on_page(value)
        return f"{date_format(local, 'SHORT_DATE_FORMAT')} {clock_words(local)}"
    if isinstance(value, PartialDateTime):
        return date_words(value.on)
    if not isinstance(value, PartialDate):
        return date_format(value, "SHORT_DATE_FORMAT")
    return f"{value.year:04}" if value.month is None else date_format(first_day(value), "F Y")


def clock_words(value: datetime | time) -> str:
    """08:30, or 08:30:15 if it has seconds: whoever sends back what a field shows changes nothing."""
    if value.microsecond:
        return f"{value:%H:%M:%S.%f}".rstrip("0")
    return f"{value:%H:%M:%S}" if value.second else f"{value:%H:%M}"


@dataclass(frozen=True)
class Typed:
    """The parts as somebody typed them."""

    day: str = ""
    month: str = ""
    year: str = ""
    time: str = ""

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

    def moment(self) -> AnyDateTime | None:
        """As `date`, with its time if there is one, on the clock of the page."""
        on = self.date()
        if not self.time:
            return PartialDateTime(on) if on else None
        if on is None or isinstance(on, PartialDate):
            lacking = next(part for part in ("year", "month", "day") if not getattr(self, part))
            words = _("Donnez le jour, le mois et l’année, ou laissez l’heure vide aussi.")
            raise forms.ValidationError(words, lacking)
        at = _time_of(self.time)
        try:
            moment = from_current_timezone(datetime.combine(on, at))
        except forms.ValidationError:
            words = _(
                "Les horloges ont changé ce jour-là : cette heure n’a pas existé, ou deux fois. Donnez-en une autre."
            )
            raise forms.ValidationError(words, TIME) from None
        assert moment is not None
        return moment


def _time_of(typed: str) -> time:
    """Raises ValidationError."""
    found = CLOCK.fullmatch(ascii_digits(typed))
    try:
        if found:
            hour, minute, second = (int(part or 0) for part in found.groups()[:3])
            return time(hour, minute, second, int((found[4] or "").ljust(6, "0")))
    except ValueError:
        found = None
    raise forms.ValidationError(_("Écrivez une heure entre 0:00 et 23:59, par exemple 8:30."), TIME)


class DatePartsWidget(forms.Widget):
    """Fields for the parts, as GOV.UK and the DSFR advise, drawn by templates/components/date_parts.html. `labels`:
    of the parts; `faulty`: those with an error."""

    def __init__(self, labels: Mapping[str, StrOrPromise] = PARTS, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        self.labels = labels
        self.faulty: tuple[str, ...] = ()

    def value_from_datadict(self, data: Mapping[str, Any], files: object, name: str) -> Typed:
        return Typed(*(str(data.get(f"{name}-{part}", ""))[:LONGEST].strip() for part in self.labels))

    def id_for_label(self, id_: str) -> str:
        """The field that a link from the summary of errors leads to."""
        return f"{id_}-{self.faulty[0] if self.faulty else 'day'}" if id_ else id_


class DatePartsField(forms.Field):
    """A date of a day, or without its day, or without its month too; with `has_time`, a dateTime."""

    def __init__(self, *, has_time: bool = False, **options: Any) -> None:
        super().__init__(widget=DatePartsWidget(PARTS_WITH_TIME if has_time else PARTS), **options)
        self.has_time = has_time

    def clean(self, value: Typed) -> Dated | None:
        try:
            return value.moment() if self.has_time else value.date()
        except forms.ValidationError as refused:
            self.mark(refused.code or "")
            raise

    def mark(self, part: str = "") -> None:
        """The part at fault; anything else stands for all of them."""
        assert isinstance(self.widget, DatePartsWidget)
        self.widget.faulty = (part,) if part in self.widget.labels else tuple(self.widget.labels)


@dataclass(frozen=True)
class Part:
    """One of the fields on the page."""

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
        for part, label in widget.labels.items()
    ]


def _typed(value: Dated | None) -> Typed:
    if value is None:
        return Typed()
    if isinstance(value, PartialDateTime):
        return _typed(value.on)
    if isinstance(value, datetime):
        local = local_on_page(value)
        return Typed(str(local.day), str(local.month), f"{local.year:04}", clock_words(local))
    if isinstance(value, PartialDate):
        return Typed(month=str(value.month or ""), year=f"{value.year:04}")
    return Typed(str(value.day), str(value.month), f"{value.year:04}")


class DateLineField(forms.CharField):
    """A date in one line: 29/11/2026, 29 novembre 2026, 2026-11-29, 11/2026, 2026-11 or 2026; with `has_time`, a
    dateTime: these, or 29/11/2026 8:30."""

    def __init__(self, *, has_time: bool = False, **options: Any) -> None:
        super().__init__(widget=forms.TextInput(attrs={"class": "form-control"}), **options)
        self.has_time = has_time

    def clean(self, value: Any) -> Any:
        text = str(super().clean(value) or "").strip()
        if not text:
            return None
        clock = AT_THE_END.search(text) if self.has_time else None
        if clock:
            text = text[: clock.start()]
        parts = [part for part in SEPARATORS.split(text) if part]
        if parts and len(parts[0]) == 4 and whole_number(parts[0]) is not None:
            parts.reverse()
        malformed = _("Écrivez une date, un mois ou une année. Exemples : 3/2/2024, 2/2024, 2024.")
        if self.has_time:
            malformed = _(
                "Écrivez une date avec ou sans heure, un mois ou une année. Exemples : 3/2/2024 8:30, 3/2/2024, "
                "2/2024, 2024."
            )
        if not 1 <= len(parts) <= 3 or any(len(part) > LONGEST for part in parts):
            raise forms.ValidationError(malformed)
        try:
            day, month, year = ["", "", *parts][-3:]
            typed = Typed(day, month, year, clock[CLOCK_TYPED] if clock else "")
            return typed.moment() if self.has_time else typed.date()
        except forms.ValidationError as refused:
            if refused.code in (NO_SUCH_DATE, TIME):
                raise
            raise forms.ValidationError(malformed) from None
