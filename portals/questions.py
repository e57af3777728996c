"""Questions of a questionnaire as a form: on the patient's page, and in the preview of the staff."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.formats import number_format
from django.utils.html import escape
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portals.answer_dates import DateLineField, DatePartsField, Part, clock_words, date_words, parts_of
from portals.clock import local_on_page
from questionnaires.fhir.conditions import Answers, enabled_items
from questionnaires.fhir.dates import (
    Dated,
    PartialDate,
    PartialDateTime,
    date_of,
    date_time_of,
    fits_a_day,
    fits_a_month,
    fits_a_year,
)
from questionnaires.fhir.faults import Fault
from questionnaires.fhir.items import Condition, Item, Option, Questions
from questionnaires.fhir.responses import faults_of_values
from questionnaires.fhir.values import CHOICES, Json, Kind, NotAValue, Quantity, Value, decimal_of, is_dated
from questionnaires.words import words_of

YES, NO = "yes", "no"
DATED = {"too_early", "too_late", "not_precise"}  # faults whose detail is a date or a time
INPUT = {"class": "form-control"}
# What static/js/questions.js compares in another way than as a text or a number.
COMPARED: dict[Kind, Json] = {Kind.DATE: {"date": True}, Kind.DATE_TIME: {"date": True}, Kind.TIME: {"time": True}}


class DecimalField(forms.CharField):
    """A number with a comma or a point, as it is typed."""

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=forms.TextInput(attrs=INPUT | {"inputmode": "decimal"}), **options)

    def clean(self, value: Any) -> Any:
        typed = "".join(str(super().clean(value)).split()).replace(",", ".")
        if not typed:
            return None
        try:
            return decimal_of(typed)
        except NotAValue:
            raise forms.ValidationError(_("Écrivez un nombre. Exemple : 36,6.")) from None


class LinesField(forms.CharField):
    """Several answers, one a line, each cleaned by the field of one."""

    def __init__(self, one: forms.Field, **options: Any) -> None:
        super().__init__(widget=forms.Textarea(attrs=INPUT | {"rows": 4}), **options)
        self.one = one

    def clean(self, value: Any) -> Any:
        lines = [line for line in str(super().clean(value)).splitlines() if line.strip()]
        return [self.one.clean(line.strip()) for line in lines]


class ClockInput(forms.TimeInput):
    """A time, with its seconds if it has some. `has_seconds`: they can be typed, too."""

    def __init__(self, *, has_seconds: bool) -> None:
        super().__init__(attrs=INPUT | {"type": "time"} | ({"step": "1"} if has_seconds else {}))

    def format_value(self, value: Any) -> str | None:
        return clock_words(value) if isinstance(value, time) else super().format_value(value)


def _has_seconds(*bounds: Value | None) -> bool:
    return any(isinstance(one, time) and one.second for one in bounds)


def decimal_words(number: Decimal) -> str:
    """As one types it in the current language: 36,6."""
    return number_format(number, use_l10n=True)


def field_of(item: Item) -> forms.Field:
    """The field of one question. Nothing is required here: a page can be left and resumed."""
    named: dict[str, Any] = {
        "label": f"{item.text} ({item.unit})" if item.unit else item.text,
        "help_text": mark_safe("<br>".join(escape(item.help).splitlines())),  # noqa: S308  # escaped
        "required": False,
    }
    if item.kind is Kind.BOOLEAN:
        yes_no = [(YES, gettext_lazy("Oui")), (NO, gettext_lazy("Non"))]
        return forms.ChoiceField(choices=yes_no, widget=forms.RadioSelect, **named)
    if item.kind in CHOICES:
        options = [(str(number), option_words(option)) for number, option in enumerate(item.options)]
        if item.repeats:
            return forms.MultipleChoiceField(choices=options, widget=forms.CheckboxSelectMultiple, **named)
        return forms.ChoiceField(choices=options, widget=forms.RadioSelect, **named)
    if item.kind is Kind.DATE and not item.repeats:
        return _field_of_date(item, named)
    if item.kind is Kind.DATE_TIME and not item.repeats:
        return DatePartsField(has_time=True, **named)
    one = field_of_one(item, named)
    return LinesField(one, **named) if item.repeats else one


def _field_of_date(item: Item, named: dict[str, Any]) -> forms.Field:
    """Three parts, of which day and month may be left empty, unless the bounds need a day."""
    if fits_a_month(*_bounds(item)):
        return DatePartsField(**named)
    day = forms.DateInput(format="%Y-%m-%d", attrs=INPUT | {"type": "date"})
    return forms.DateField(widget=day, **named)


def _bounds(item: Item) -> tuple[Dated | None, Dated | None]:
    return item.low if is_dated(item.low) else None, item.high if is_dated(item.high) else None


def option_words(option: Option) -> str:
    if isinstance(option.value, time):
        return clock_words(option.value)
    return date_words(option.value) if is_dated(option.value) else option.words


def field_of_one(item: Item, named: dict[str, Any]) -> forms.Field:
    """The field of one answer in one line."""
    match item.kind:
        case Kind.INTEGER:
            messages = {"invalid": gettext_lazy("Écrivez un nombre entier. Exemple : 24.")}
            widget: forms.Widget = forms.TextInput(attrs=INPUT | {"inputmode": "numeric"})
            return forms.IntegerField(
                widget=widget, error_messages=messages, min_value=-(2**31), max_value=2**31 - 1, **named
            )
        case Kind.DECIMAL | Kind.QUANTITY:
            return DecimalField(**named)
        case Kind.DATE:
            return DateLineField(**named)
        case Kind.DATE_TIME:
            return DateLineField(has_time=True, **named)
        case Kind.TIME:
            return forms.TimeField(widget=ClockInput(has_seconds=_has_seconds(item.low, item.high)), **named)
        case Kind.TEXT:
            return forms.CharField(widget=forms.Textarea(attrs=INPUT | {"rows": 4}), **named)
    return forms.CharField(widget=forms.TextInput(attrs=INPUT), **named)


class QuestionsForm(forms.Form):
    """The questions of `items` and below. Fields have short names, because a linkId may be anything. Many may have
    the same error, so the summary above the form names the question of each."""

    errors_name_fields = True

    def __init__(
        self, data: QueryDict | None, *, questions: Questions, items: Iterable[Item], answers: Answers
    ) -> None:
        super().__init__(data, initial=dict(_initial(questions, items, answers)))
        self.questions, self.items = questions, tuple(items)
        self.names = names_of(questions)
        self.asked = [one for item in self.items for one in item.walk() if one.is_asked]
        for item in self.asked:
            self.fields[self.names[item.link_id]] = field_of(item)
            if item.kind is Kind.OPEN_CHOICE:
                other = forms.CharField(label=_("Autre réponse"), required=False, widget=forms.TextInput(attrs=INPUT))
                self.fields[f"{self.names[item.link_id]}-other"] = other

    def given(self) -> dict[str, tuple[Value, ...]]:
        """The answers of this form that are sound; the form has an error for each other one."""
        self.is_valid()
        given = {item.link_id: self._values(item) for item in self.asked}
        for fault in faults_of_values(self.questions, given):
            self.tell(fault.link_id, words_of(fault, _as_typed(fault, self.questions.by_link_id[fault.link_id].kind)))
        return {
            item.link_id: given[item.link_id] for item in self.asked if self.names[item.link_id] not in self.errors
        }

    def tell(self, link_id: str, sentence: str) -> None:
        """An error beside the question, or beside the first question of a section."""
        item = self.questions.by_link_id[link_id]
        name = next((self.names[one.link_id] for one in item.walk() if self.names[one.link_id] in self.fields), None)
        if name is None or name not in self.errors:
            self.add_error(name, sentence)
            if name and isinstance(field := self.fields[name], DatePartsField):
                field.mark()

    def _values(self, item: Item) -> tuple[Value, ...]:
        name = self.names[item.link_id]
        typed = self.cleaned_data.get(name)
        several = typed if isinstance(typed, list) else [typed]
        values = [_value(item, one) for one in several if one not in (None, "")]
        if other := self.cleaned_data.get(f"{name}-other"):
            values = [*values, other] if item.repeats else [other]
        return tuple(values)

    def lines(self, answers: Answers) -> list[Line]:
        """What the page shows, with `enabled` as the answers have it."""
        enabled = enabled_items(self.questions, answers)
        return [self._line(item, enabled) for item in self.items]

    def _line(self, item: Item, enabled: frozenset[str]) -> Line:
        name = self.names[item.link_id]
        return Line(
            item,
            name,
            item.link_id in enabled,
            field=self[name] if item.is_asked else None,
            other=self[f"{name}-other"] if item.kind is Kind.OPEN_CHOICE else None,
            when=_when(item, self.questions, self.names),
            below=[self._line(one, enabled) for one in item.items],
        )


@dataclass
class Line:
    """One item on the page. `when`: its conditions for static/js/questions.js, "" without one."""

    item: Item
    name: str
    enabled: bool
    field: forms.BoundField | None
    other: forms.BoundField | None
    when: str
    below: list[Line]

    @property
    def parts(self) -> list[Part]:
        """The fields of a date; none of another question."""
        return parts_of(self.field) if self.field else []

    @property
    def may_lack_month(self) -> bool:
        """Of a date in several fields: whether a year alone is an answer."""
        return fits_a_year(*_bounds(self.item))

    @property
    def may_lack_day(self) -> bool:
        return fits_a_month(*_bounds(self.item))

    @property
    def has_time(self) -> bool:
        return self.item.kind is Kind.DATE_TIME

    @property
    def may_lack_time(self) -> bool:
        return fits_a_day(*_bounds(self.item))

    @property
    def is_boxes(self) -> bool:
        return self.item.kind in CHOICES or self.item.kind is Kind.BOOLEAN


def names_of(questions: Questions) -> dict[str, str]:
    """The name of each item's field, by linkId."""
    return {item.link_id: f"q{number}" for number, item in enumerate(questions.walk(), start=1)}


def shown_names(lines: Iterable[Line]) -> Iterator[str]:
    """The names of the items that are enabled, with those below."""
    for line in lines:
        if line.enabled:
            yield line.name
            yield from shown_names(line.below)


def _value(item: Item, typed: Any) -> Value:
    """What a cleaned field says, as an answer."""
    match item.kind:
        case Kind.BOOLEAN:
            return bool(typed == YES)
        case Kind.CHOICE | Kind.OPEN_CHOICE:
            return item.options[int(typed)].value
        case Kind.QUANTITY:
            return Quantity(typed, item.unit)
    value: Value = typed  # the field has made it of the question's type
    return value


def _initial(questions: Questions, items: Iterable[Item], answers: Answers) -> Iterator[tuple[str, Any]]:
    names = names_of(questions)
    for item in (one for top in items for one in top.walk() if one.is_asked):
        values = answers.get(item.link_id, item.initial)
        typed = [text for value in values if (text := _typed(item, value)) is not None]
        if item.kind in CHOICES and item.repeats:
            yield names[item.link_id], typed
        elif typed:
            yield names[item.link_id], "\n".join(map(str, typed)) if item.repeats else typed[0]
        if item.kind is Kind.OPEN_CHOICE:
            free = [value for value in values if _option(item, value) is None]
            yield f"{names[item.link_id]}-other", ", ".join(map(str, free))


def _typed(item: Item, value: Value) -> Any:
    """An answer as its field shows it; None for one that the field beside it shows."""
    match value:
        case bool():
            return YES if value else NO
        case _ if item.kind in CHOICES:
            return _option(item, value)
        case Quantity():
            return decimal_words(value.number)
        case Decimal():
            return decimal_words(value)
        case datetime():
            local = local_on_page(value)
            return f"{local:%Y-%m-%d} {clock_words(local)}" if item.repeats else value
        case time():
            return clock_words(value) if item.repeats else value
        case date():
            return value.isoformat() if item.repeats else value
        case PartialDate() | PartialDateTime():
            return str(value) if item.repeats else value
    return value


def _option(item: Item, value: Value) -> str | None:
    same = (
        number for number, one in enumerate(item.options) if type(one.value) is type(value) and one.value == value
    )
    option = next(same, None)
    return None if option is None else str(option)


def _when(item: Item, questions: Questions, names: Mapping[str, str]) -> str:
    if not item.conditions:
        return ""
    conditions = [
        _for_script(one, questions.by_link_id[one.question], names[one.question]) for one in item.conditions
    ]
    return json.dumps({"every": item.every, "conditions": conditions})


def _for_script(condition: Condition, asked: Item, name: str) -> Json:
    """The condition in the words of the form's fields."""
    answer = condition.answer
    match answer:
        case bool():
            wanted: str | float = YES if answer else NO
        case _ if asked.kind in CHOICES:
            wanted = _option(asked, answer) or str(answer)
        case Quantity():
            wanted = float(answer.number)
        case int() | Decimal():
            wanted = float(answer)
        case datetime():
            local = local_on_page(answer)
            wanted = f"{local:%Y-%m-%d}T{clock_words(local)}"
        case time():
            wanted = clock_words(answer)
        case _:
            wanted = str(answer)
    exists = {"answer": answer} if condition.operator == "exists" else {"answer": wanted}
    compared = {} if condition.operator == "exists" else COMPARED.get(asked.kind, {})
    return {"name": name, "operator": str(condition.operator), **exists, **compared}


def _as_typed(fault: Fault, kind: Kind) -> str:
    """A bound or an answer in the sentence of a fault, as one would type it."""
    if kind is Kind.TIME and fault.code in DATED:
        return clock_words(time.fromisoformat(fault.detail))
    if fault.code in DATED:
        return date_words(date_time_of(fault.detail) if "T" in fault.detail else date_of(fault.detail))
    detail = fault.detail
    try:
        return decimal_words(Decimal(detail))
    except ArithmeticError:
        return detail
