"""Title and introduction of a questionnaire, and the practice's words for ranges of its score."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portals.questions import DecimalField, decimal_words
from questionnaires.fhir.items import Questions, ScoreRange
from questionnaires.fhir.reading import LONGEST_TITLE

INPUT = {"class": "form-control", "autocomplete": "off"}


class HeadingForm(forms.Form):
    title = forms.CharField(
        label=gettext_lazy("Titre"),
        max_length=LONGEST_TITLE,
        error_messages={"required": gettext_lazy("Donnez un titre au questionnaire.")},
        widget=forms.TextInput(attrs=INPUT),
    )
    description = forms.CharField(
        label=gettext_lazy("Introduction"),
        help_text=gettext_lazy("Les patients la lisent avant la première question."),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs=INPUT | {"rows": 3}),
    )

    def __init__(self, *args: Any, questions: Questions, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.update(title=questions.title, description=questions.description)
        self.rows = range(max(len(questions.ranges) + 1, 3) if questions.has_score or questions.ranges else 0)
        for row in self.rows:
            self.fields[f"low-{row}"] = DecimalField(label=_("De"), required=False)
            self.fields[f"high-{row}"] = DecimalField(label=_("À"), required=False)
            self.fields[f"words-{row}"] = forms.CharField(
                label=_("Texte"), max_length=300, required=False, widget=forms.TextInput(attrs=INPUT)
            )
        for row, one in enumerate(questions.ranges):
            bounds = {"low": one.low, "high": one.high}
            self.initial.update(
                {f"{name}-{row}": decimal_words(value) for name, value in bounds.items() if value is not None}
            )
            self.initial[f"words-{row}"] = one.words

    def range_rows(self) -> list[tuple[forms.BoundField, forms.BoundField, forms.BoundField]]:
        return [(self[f"low-{row}"], self[f"high-{row}"], self[f"words-{row}"]) for row in self.rows]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for row in self.rows:
            bounds = [cleaned.get(f"{name}-{row}") for name in ("low", "high")]
            if any(bound is not None for bound in bounds) and not cleaned.get(f"words-{row}"):
                self.add_error(f"words-{row}", _("Écrivez le texte de cet intervalle."))
        return cleaned

    def heading(self) -> dict[str, Any]:
        given = self.cleaned_data
        ranges = [
            ScoreRange(given[f"low-{row}"], given[f"high-{row}"], given[f"words-{row}"])
            for row in self.rows
            if given[f"words-{row}"]
        ]
        return {"title": given["title"], "description": given["description"], "ranges": ranges}
