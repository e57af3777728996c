"""The form of several appointments: how often, and what to do about each date."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appointments.doubts import Doubt
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
    writes it; `moved_to`: that time, once it is decided, and `other_doubts` what speaks against it; `error`: what is
    still to be said."""

    key: str
    occurrence: Occurrence
    choice: str
    other: str
    moved_to: datetime | None = None
    other_doubts: Sequence[Doubt] = ()
    error: str = ""

    @property
    def doubtful(self) -> bool:
        return bool(self.occurrence.doubts)


def rows_of(dates: Sequence[Occurrence], asked: Mapping[str, str], *, decided: bool) -> list[Row]:
    """`asked`: what the page sent. `decided`: whether staff have confirmed: what is missing is then an error. A date
    without a doubt is taken unless staff say otherwise; one with a doubt waits for their word."""
    rows = []
    for one in dates:
        key = typed_moment(one.starts_at)
        choice = asked.get(f"choice-{key}", "" if one.doubts else TAKE)
        other = asked.get(f"other-{key}", "")
        moved_to = next((time for time in one.free if typed_moment(time) == other), None)
        error = ""
        if decided and choice not in (TAKE, LEAVE, OTHER):
            error = _("Dites quoi faire de cette date.")
        elif decided and choice == OTHER and moved_to is None:
            error = _("Choisissez une heure libre de ce jour.")
        rows.append(Row(key, one, choice, other, moved_to if choice == OTHER else None, error=error))
    return rows


def with_other_doubts(
    rows: Sequence[Row], doubts_of: Callable[[list[datetime]], list[list[Doubt]]], accepted: Collection[str]
) -> list[Row]:
    """With what speaks against the other times: one that nobody has agreed to is still to be decided."""
    others = [one.moved_to for one in rows if one.moved_to is not None]
    by_start = dict(zip(others, doubts_of(others), strict=True)) if others else {}
    shown = []
    for row in rows:
        doubts = by_start.get(row.moved_to, []) if row.moved_to else []
        error = row.error
        if any(one.key not in accepted for one in doubts):
            error = _(
                "Quelque chose s’oppose aussi à l’autre heure : relisez, puis confirmez ou choisissez-en une autre."
            )
        shown.append(replace(row, other_doubts=doubts, error=error))
    return shown


def chosen_starts(rows: Sequence[Row]) -> list[datetime]:
    """The times to book, of rows without an error."""
    starts = [one.occurrence.starts_at for one in rows if one.choice == TAKE]
    return sorted([*starts, *(one.moved_to for one in rows if one.moved_to is not None)])
