"""The form of several appointments: how often, and what to do about each date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appointments.models import Weekday
from appointments.recurrence import MOST
from appointments.series import Occurrence
from portals.practitioner.free_times import typed_moment

TAKE, LEAVE, OTHER = "take", "leave", "other"
MOST_WEEKS = 12


class RepetitionForm(forms.Form):
    times = forms.IntegerField(
        label=gettext_lazy("Nombre de rendez-vous"),
        min_value=2,
        max_value=MOST,
        initial=10,
        error_messages={
            "required": gettext_lazy("Indiquez le nombre de rendez-vous."),
            "invalid": gettext_lazy("Indiquez le nombre de rendez-vous en chiffres."),
            "min_value": gettext_lazy("Indiquez deux rendez-vous au moins."),
            "max_value": gettext_lazy("Indiquez trente rendez-vous au plus."),
        },
        widget=forms.NumberInput(attrs={"class": "form-control", "inputmode": "numeric"}),
    )
    every = forms.IntegerField(
        label=gettext_lazy("Toutes les … semaines"),
        help_text=gettext_lazy("1 : chaque semaine ; 2 : une semaine sur deux."),
        min_value=1,
        max_value=MOST_WEEKS,
        initial=1,
        error_messages={
            "required": gettext_lazy("Indiquez le nombre de semaines."),
            "invalid": gettext_lazy("Indiquez le nombre de semaines en chiffres."),
            "min_value": gettext_lazy("Indiquez une semaine au moins."),
            "max_value": gettext_lazy("Indiquez douze semaines au plus."),
        },
        widget=forms.NumberInput(attrs={"class": "form-control", "inputmode": "numeric"}),
    )
    weekdays = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Autres jours de la semaine"),
        help_text=gettext_lazy("En plus du jour de la date choisie."),
        required=False,
        coerce=int,
        choices=Weekday.choices,
        widget=forms.CheckboxSelectMultiple,
    )


@dataclass(frozen=True)
class Row:
    """One date on the page. `choice`: what was decided, "" for not yet; `other`: the other time chosen, as its field
    writes it; `error`: what is still to be said."""

    key: str
    occurrence: Occurrence
    choice: str
    other: str
    error: str = ""

    @property
    def doubtful(self) -> bool:
        return bool(self.occurrence.doubts)


def rows_of(found: Sequence[Occurrence], asked: Mapping[str, str], *, decided: bool) -> list[Row]:
    """`asked`: what the page sent. `decided`: whether staff have confirmed: what is missing is then an error. A date
    without a doubt is taken unless staff say otherwise; one with a doubt waits for their word."""
    rows = []
    for one in found:
        key = typed_moment(one.starts_at)
        choice = asked.get(f"choice-{key}", "" if one.doubts else TAKE)
        other, free = asked.get(f"other-{key}", ""), {typed_moment(time) for time in one.free}
        error = ""
        if decided and choice not in (TAKE, LEAVE, OTHER):
            error = _("Dites quoi faire de cette date.")
        elif decided and choice == OTHER and other not in free:
            error = _("Choisissez une heure libre de ce jour.")
        rows.append(Row(key, one, choice, other, error))
    return rows


def chosen_starts(rows: Sequence[Row]) -> list[datetime]:
    """The times to book, of rows without an error."""
    starts = [one.occurrence.starts_at for one in rows if one.choice == TAKE]
    for row in rows:
        if row.choice == OTHER:
            starts += [time for time in row.occurrence.free if typed_moment(time) == row.other]
    return sorted(starts)
