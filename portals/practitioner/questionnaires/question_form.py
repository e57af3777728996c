"""The form of one question: its text, its type, its choices, and when it is asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, time
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portals.answer_dates import clock_words
from portals.clock import local_on_page
from portals.form_fields import WholeNumberField, choice_field
from portals.questions import decimal_words, field_of_one, option_words
from questionnaires.fhir.checks import is_compared
from questionnaires.fhir.editing import BOUNDED, Choice, Content, choices_of
from questionnaires.fhir.items import Condition, Item, Operator, Questions
from questionnaires.fhir.reading import MOST_ITEMS
from questionnaires.fhir.values import CHOICES, TEXTS, Coding, Kind, NotAValue, Quantity, Value, decimal_of

INPUT = {"class": "form-control", "autocomplete": "off"}
SELECT = {"class": "form-select"}
KINDS = [
    (Kind.BOOLEAN, gettext_lazy("Oui ou non")),
    (Kind.CHOICE, gettext_lazy("Choix dans une liste")),
    (Kind.OPEN_CHOICE, gettext_lazy("Choix dans une liste, ou autre réponse")),
    (Kind.STRING, gettext_lazy("Texte court")),
    (Kind.TEXT, gettext_lazy("Texte long")),
    (Kind.INTEGER, gettext_lazy("Nombre entier")),
    (Kind.DECIMAL, gettext_lazy("Nombre")),
    (Kind.QUANTITY, gettext_lazy("Quantité avec une unité")),
    (Kind.DATE, gettext_lazy("Date")),
    (Kind.TIME, gettext_lazy("Heure")),
    (Kind.DATE_TIME, gettext_lazy("Date et heure")),
    (Kind.DISPLAY, gettext_lazy("Texte d’information, sans réponse")),
]
NO_ANSWER = "not-exists"
OPERATORS = [
    (Operator.EQUAL, gettext_lazy("est")),
    (Operator.NOT_EQUAL, gettext_lazy("n’est pas")),
    (Operator.GREATER, gettext_lazy("est plus grand que")),
    (Operator.AT_LEAST, gettext_lazy("est au moins")),
    (Operator.LESS, gettext_lazy("est plus petit que")),
    (Operator.AT_MOST, gettext_lazy("est au plus")),
    (Operator.EXISTS, gettext_lazy("a une réponse")),
    (NO_ANSWER, gettext_lazy("n’a pas de réponse")),
]


class ConditionsForm(forms.Form):
    """The part about conditions: as many rows as there are conditions, and one more, at least two."""

    every = forms.ChoiceField(
        label=gettext_lazy("Avec plusieurs conditions"),
        choices=[("all", gettext_lazy("toutes sont remplies")), ("any", gettext_lazy("une seule suffit"))],
        widget=forms.Select(attrs=SELECT),
    )

    def __init__(self, *args: Any, questions: Questions, item: Item | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.questions, self.item = questions, item
        had = item.conditions if item else ()
        asked = [("", _("(aucune)")), *((one.link_id, _shortened(one.text)) for one in self._offered(had))]
        self.rows = range(max(len(had) + 1, 2))
        for row in self.rows:
            self.fields[f"question-{row}"] = forms.ChoiceField(
                label=_("Question"), choices=asked, required=False, widget=forms.Select(attrs=SELECT)
            )
            self.fields[f"operator-{row}"] = forms.ChoiceField(
                label=_("Condition"), choices=OPERATORS, required=False, widget=forms.Select(attrs=SELECT)
            )
            self.fields[f"answer-{row}"] = forms.CharField(
                label=_("Réponse"), max_length=500, required=False, widget=forms.TextInput(attrs=INPUT)
            )
        self.initial.update(_typed_conditions(had, questions), every="all" if item is None or item.every else "any")

    def _offered(self, had: Sequence[Condition]) -> Iterator[Item]:
        """The questions before this one, and those that it asks for already."""
        used, before = {one.question for one in had}, True
        for one in self.questions.walk():
            before = before and not (self.item and one.link_id == self.item.link_id)
            if one.is_asked and (before or one.link_id in used):
                yield one

    def condition_rows(self) -> list[tuple[forms.BoundField, forms.BoundField, forms.BoundField]]:
        return [(self[f"question-{row}"], self[f"operator-{row}"], self[f"answer-{row}"]) for row in self.rows]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        cleaned["conditions"] = tuple(one for row in self.rows if (one := self._condition(row)))
        return cleaned

    def _condition(self, row: int) -> Condition | None:
        link_id, operator = (self.cleaned_data.get(f"{name}-{row}") for name in ("question", "operator"))
        if not link_id or not operator:
            return None
        if operator in (Operator.EXISTS, NO_ANSWER):
            return Condition(link_id, Operator.EXISTS, answer=operator == Operator.EXISTS)
        asked = self.questions.by_link_id[link_id]
        if not is_compared(asked, Operator(operator)):
            words = _("Cette question se compare avec « est » ou « n’est pas ».")
            self.add_error(f"operator-{row}", words)
            return None
        try:
            answer = _answer(asked, self.cleaned_data.get(f"answer-{row}", "").strip())
        except forms.ValidationError as refused:
            self.add_error(f"answer-{row}", refused)
            return None
        return Condition(link_id, Operator(operator), answer)


def _answer(asked: Item, typed: str) -> Value:
    """What is compared with, as it is typed. Raises ValidationError with the answers that there are."""
    if not typed:
        raise forms.ValidationError(_("Écrivez la réponse à comparer."))
    if asked.kind is Kind.BOOLEAN:
        answers: dict[str, Value] = {_("Oui"): True, _("Non"): False}
    elif asked.kind in CHOICES:
        answers = {option_words(option): option.value for option in asked.options}
    else:
        value = field_of_one(asked, {"required": True}).clean(typed)
        return Quantity(value, asked.unit) if asked.kind is Kind.QUANTITY else value
    for words, value in answers.items():
        if words.casefold() == typed.casefold():
            return value
    if asked.kind is Kind.OPEN_CHOICE:
        return typed
    raise forms.ValidationError(
        _("Écrivez une réponse de cette question : %(answers)s.") % {"answers": ", ".join(answers)}
    )


class QuestionForm(ConditionsForm):
    kind = forms.ChoiceField(
        label=gettext_lazy("Type de réponse"), choices=KINDS, widget=forms.Select(attrs=SELECT | {"data-kind": ""})
    )
    text = forms.CharField(
        label=gettext_lazy("Question"),
        max_length=1000,
        error_messages={"required": gettext_lazy("Écrivez la question.")},
        widget=forms.Textarea(attrs=INPUT | {"rows": 2}),
    )
    help = forms.CharField(
        label=gettext_lazy("Aide"),
        help_text=gettext_lazy("Une phrase sous la question, pour aider à répondre."),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs=INPUT | {"rows": 2}),
    )
    section = forms.ChoiceField(label=gettext_lazy("Section"), required=False, widget=forms.Select(attrs=SELECT))
    choices = forms.CharField(
        label=gettext_lazy("Réponses proposées"),
        help_text=gettext_lazy(
            "Une par ligne. Pour un score, ajoutez des points après le signe égal : « Souvent = 2 »."
        ),
        max_length=10_000,
        required=False,
        widget=forms.Textarea(attrs=INPUT | {"rows": 5}),
    )
    required = forms.BooleanField(label=gettext_lazy("Réponse obligatoire"), required=False)
    repeats = forms.BooleanField(label=gettext_lazy("Plusieurs réponses possibles"), required=False)
    unit = forms.CharField(
        label=gettext_lazy("Unité"), max_length=30, required=False, widget=forms.TextInput(attrs=INPUT)
    )
    low = forms.CharField(
        label=gettext_lazy("Au moins"), max_length=30, required=False, widget=forms.TextInput(attrs=INPUT)
    )
    high = forms.CharField(
        label=gettext_lazy("Au plus"), max_length=30, required=False, widget=forms.TextInput(attrs=INPUT)
    )
    max_length = WholeNumberField(
        label=gettext_lazy("Nombre de caractères au plus"), least=1, most=10_000, required=False
    )

    def __init__(self, *args: Any, questions: Questions, item: Item | None, section: str, **kwargs: Any) -> None:
        super().__init__(*args, questions=questions, item=item, **kwargs)
        below = {one.link_id for one in item.walk()} if item else set()
        sections = [one for one in questions.walk() if one.kind is Kind.GROUP and one.link_id not in below]
        offered = [("", _("(hors section)")), *((one.link_id, _shortened(one.text)) for one in sections)]
        if section and section not in dict(offered):  # below a question, by an import: it can stay there
            offered.append((section, _shortened(questions.by_link_id[section].text)))
        choice_field(self, "section").choices = offered
        self.initial.update(section=section, kind=Kind.BOOLEAN)
        if item:
            self.initial.update(_typed_item(item))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        kind = Kind(cleaned["kind"]) if cleaned.get("kind") else None
        cleaned["choices"] = self._choices() if kind in CHOICES else ()
        if kind in CHOICES and not cleaned["choices"] and "choices" not in self.errors:
            self.add_error("choices", _("Proposez au moins une réponse."))
        if kind is Kind.QUANTITY and not cleaned.get("unit"):
            self.add_error("unit", _("Donnez l’unité. Exemple : kg."))
        for name in ("low", "high"):
            typed = cleaned.get(name, "")
            cleaned[name] = self._bound(name, kind, typed) if typed and kind in BOUNDED else None
        if len(self.questions.by_link_id) >= MOST_ITEMS and self.item is None:
            sentence = ngettext(
                "Un questionnaire a %(most)s question au plus.",
                "Un questionnaire a %(most)s questions au plus.",
                MOST_ITEMS,
            )
            self.add_error(None, sentence % {"most": MOST_ITEMS})
        return cleaned

    def _choices(self) -> tuple[Choice, ...]:
        lines = [line.strip() for line in self.cleaned_data.get("choices", "").splitlines() if line.strip()]
        choices = tuple(_choice(line) for line in lines)
        if len({one.words for one in choices}) < len(choices):
            self.add_error("choices", _("Une réponse est proposée deux fois."))
        return choices

    def _bound(self, name: str, kind: Kind | None, typed: str) -> Value | None:
        assert kind is not None
        try:
            bound: Value = field_of_one(Item("", kind), {}).clean(typed)
        except forms.ValidationError as refused:
            self.add_error(name, refused)
            return None
        return bound

    def content(self) -> Content:
        given = self.cleaned_data
        kind = Kind(given["kind"])
        return Content(
            kind,
            given["text"],
            help=given["help"],
            required=given["required"],
            repeats=given["repeats"] and kind is not Kind.BOOLEAN,
            choices=given["choices"],
            conditions=given["conditions"],
            every=given["every"] == "all",
            max_length=given["max_length"] if kind in TEXTS else None,
            low=given["low"],
            high=given["high"],
            unit=given["unit"],
        )


class SectionForm(ConditionsForm):
    text = forms.CharField(
        label=gettext_lazy("Titre de la section"),
        help_text=gettext_lazy("Chaque section est une page du questionnaire."),
        max_length=1000,
        error_messages={"required": gettext_lazy("Donnez un titre à la section.")},
        widget=forms.TextInput(attrs=INPUT),
    )

    def __init__(self, *args: Any, questions: Questions, item: Item | None, **kwargs: Any) -> None:
        super().__init__(*args, questions=questions, item=item, **kwargs)
        self.initial.update(text=item.text if item else "")

    def content(self) -> Content:
        given = self.cleaned_data
        return Content(
            Kind.GROUP, given["text"], conditions=given["conditions"], every=given["every"] == "all",
            required=bool(self.item and self.item.required), help=self.item.help if self.item else "",
        )  # fmt: skip


def _choice(line: str) -> Choice:
    words, equals, points = line.rpartition("=")
    try:
        return Choice(words.strip(), decimal_of(points.strip().replace(",", "."))) if equals else Choice(line)
    except NotAValue:
        return Choice(line)


def _typed_item(item: Item) -> dict[str, Any]:
    return {
        "kind": item.kind,
        "text": item.text,
        "help": item.help,
        "required": item.required,
        "repeats": item.repeats,
        "choices": "\n".join(_typed_choice(one) for one in choices_of(item)),
        "unit": item.unit,
        "low": _typed(item.low),
        "high": _typed(item.high),
        "max_length": item.max_length,
    }


def _typed_choice(choice: Choice) -> str:
    return choice.words if choice.points is None else f"{choice.words} = {decimal_words(choice.points)}"


def _typed(value: Value | None) -> str:
    match value:
        case None:
            return ""
        case Decimal():
            return decimal_words(value)
        case Quantity():
            return decimal_words(value.number)
        case bool():
            return _("Oui") if value else _("Non")
        case Coding():
            return value.display or value.code
        case datetime():
            local = local_on_page(value)
            return f"{local:%Y-%m-%d} {clock_words(local)}"
        case time():
            return clock_words(value)
    return str(value)


def _typed_conditions(had: Sequence[Condition], questions: Questions) -> Iterator[tuple[str, str]]:
    for row, one in enumerate(had):
        yield f"question-{row}", one.question
        if one.operator is Operator.EXISTS:
            yield f"operator-{row}", Operator.EXISTS if one.answer else NO_ANSWER
        else:
            yield f"operator-{row}", one.operator
            yield f"answer-{row}", typed_condition(one, questions)


def typed_condition(condition: Condition, questions: Questions) -> str:
    """The answer that a condition compares with, as one types it."""
    asked = questions.by_link_id.get(condition.question)
    options = asked.options if asked else ()
    words = next((option_words(option) for option in options if option.value == condition.answer), "")
    return words or _typed(condition.answer)


def _shortened(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:79]}…"
