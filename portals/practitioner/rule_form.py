"""The form of a rule, in parts that say what is set: whoever comes once a month reads them, and opens one."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from documents.models import AutoSendRule, LibraryDocument, RuleQuestion
from documents.models.autosend import Moment
from documents.sending.rules import (
    MAX_QUESTIONS,
    Asks,
    RuleContent,
    not_sent_by_rules,
    question_faults,
    sent_by_rules,
)
from portals.form_fields import WholeNumberField, model_field
from portals.practitioner.forms import WhichAppointmentsForm
from portals.templatetags.presentation import delay
from practices.models import Practice
from questionnaires.catalogue import published
from questionnaires.models import Questionnaire

EMPTY_LINES = 2  # for further questions
MOST_DAYS = 365  # between the appointment and what is sent
NAMES = {"days_before": "days"}  # of fields whose name is not the one in Asks
ASKED = ("label", "questionnaire", "details", "days", "pk")  # of one line of what a rule asks


@dataclass(frozen=True)
class Part:
    """`words`: what is set in it, in a few words."""

    words: str
    is_open: bool


@dataclass(frozen=True)
class Line:
    """One thing that the rule asks for, or an empty line for another one."""

    fields: Sequence[forms.BoundField]
    words: str
    is_open: bool


def question_fields(offered: Collection[uuid.UUID]) -> list[forms.Field]:
    """What is asked, or which questionnaire of those offered; why, until when, and which question it was."""
    control = {"class": "form-control"}
    return [
        forms.CharField(
            label=gettext_lazy("Document demandé"),
            help_text=gettext_lazy("Par exemple : ordonnance de votre médecin traitant. Vide : rien."),
            max_length=120,
            required=False,
            widget=forms.TextInput(attrs=control | {"autocomplete": "off"}),
        ),
        forms.ModelChoiceField(
            Questionnaire.objects.filter(pk__in=offered).order_by("title", "pk"),
            label=gettext_lazy("Ou un questionnaire"),
            empty_label=gettext_lazy("Aucun : un document est demandé"),
            required=False,
            widget=forms.Select(attrs={"class": "form-select"}) if offered else forms.HiddenInput,
            error_messages={
                "invalid_choice": gettext_lazy("Ce questionnaire n’est plus proposé : choisissez-en un.")
            },
        ),
        forms.CharField(
            label=gettext_lazy("Pourquoi, et comment"),
            max_length=1_000,
            required=False,
            widget=forms.Textarea(attrs=control | {"rows": 2}),
        ),
        WholeNumberField(
            label=gettext_lazy("À envoyer au plus tard, en jours avant le rendez-vous"),
            least=0,
            most=365,
            required=False,
        ),
        forms.UUIDField(required=False, widget=forms.HiddenInput),
    ]


class RuleForm(WhichAppointmentsForm):
    name = forms.CharField(
        label=gettext_lazy("Nom de la règle"),
        max_length=200,
        widget=forms.TextInput(attrs={"class": "form-control"}),
        error_messages={"required": gettext_lazy("Donnez un nom à cette règle.")},
    )
    documents = forms.ModelMultipleChoiceField(
        LibraryDocument.objects.none(),
        label=gettext_lazy("Documents à envoyer"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        error_messages=dict.fromkeys(
            ("invalid_choice", "invalid_pk_value"),
            gettext_lazy("Un document coché ne peut plus partir par une règle. Choisissez parmi ceux-ci."),
        ),
    )
    moment = forms.ChoiceField(
        label=gettext_lazy("Quand"), choices=Moment.choices, widget=forms.Select(attrs={"class": "form-select"})
    )
    offset_hours = WholeNumberField(
        label=gettext_lazy("Combien de temps"), least=0, most=MOST_DAYS * 24, required=False
    )
    offset_unit = forms.ChoiceField(
        label=gettext_lazy("Unité"),
        choices=[("hours", gettext_lazy("heures")), ("days", gettext_lazy("jours"))],
        required=False,
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    channels = forms.MultipleChoiceField(
        label=gettext_lazy("Comment"),
        choices=[("email", gettext_lazy("par e-mail")), ("sms", gettext_lazy("par SMS"))],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choisissez l’e-mail, le SMS, ou les deux.")},
    )
    active = forms.BooleanField(label=gettext_lazy("Règle active"), required=False)
    to_booked = forms.BooleanField(
        label=gettext_lazy("Envoyer aussi maintenant aux rendez-vous déjà pris"), required=False
    )

    def __init__(self, *args: Any, practice: Practice, **kwargs: Any) -> None:
        super().__init__(*args, practice=practice, **kwargs)
        self.offered = {one.pk for one in published(practice)}
        library = LibraryDocument.objects.filter(practice=practice).in_use().order_by("title", "pk")
        model_field(self, "documents").queryset = sent_by_rules(library)
        self.withheld = list(not_sent_by_rules(library))
        self.practice = practice
        self.rows = [self._row(number, asks) for number, asks in enumerate(self._asked())]

    @property
    def sent(self) -> Part:
        return self._part(["documents"], ", ".join(_chosen(self["documents"])) or _("rien"), first=True)

    @property
    def asked(self) -> Part:
        named = [words for row in self.rows if (words := _asked_words(row))]
        return self._part(self._names_of_rows(), ", ".join(named) or _("rien"))

    @property
    def when(self) -> Part:
        return self._part(["moment", "offset_hours", "offset_unit"], self._moment_words(), first=True)

    @property
    def whom(self) -> Part:
        words = _("%(reasons)s ; %(agendas)s") % {
            "reasons": ", ".join(_chosen(self["visit_reasons"])) or _("tous les motifs"),
            "agendas": ", ".join(_chosen(self["agendas"])) or _("tous les agendas"),
        }
        return self._part(["visit_reasons", "agendas"], words)

    @property
    def how(self) -> Part:
        return self._part(["channels"], ", ".join(_chosen(self["channels"])))

    @property
    def lines(self) -> list[Line]:
        return [Line(row, _asked_words(row), any(field.errors for field in row)) for row in self.rows]

    def _part(self, names: Sequence[str], words: str, *, first: bool = False) -> Part:
        """Open where something is to be mended; `first`: in a new rule too."""
        is_new = not self.is_bound and not self.initial.get("name")
        return Part(words, any(name in self.errors for name in names) or (first and is_new))

    def _names_of_rows(self) -> list[str]:
        return [field.name for row in self.rows for field in row]

    def _moment_words(self) -> str:
        moment = dict(Moment.choices).get(str(self["moment"].value() or Moment.BOOKING), "")
        offset = str(self["offset_hours"].value() or "")
        if str(self["moment"].value() or Moment.BOOKING) == Moment.BOOKING or not offset.isdecimal():
            return str(moment)
        if self["offset_hours"].errors:  # too long to be read, maybe
            return str(moment)
        hours = int(offset) * (24 if self["offset_unit"].value() == "days" else 1)
        return f"{delay(hours)} {moment}"

    def _asked(self) -> list[RuleQuestion | None]:
        """The rule's questions, then empty lines; after a POST, as many lines as it had."""
        asked: list[RuleQuestion | None] = list(self.initial.get("asks", []))
        if self.is_bound:
            most = max(MAX_QUESTIONS, len(asked)) + 1  # one too many is told, however many come
            posted = [number for number in range(most) if f"ask_{number}_label" in self.data]
            return (asked + [None] * most)[: max(posted, default=-1) + 1]
        return (asked + [None] * EMPTY_LINES)[: max(MAX_QUESTIONS, len(asked))]

    def _row(self, number: int, asks: RuleQuestion | None) -> list[forms.BoundField]:
        names = [f"ask_{number}_{name}" for name in ASKED]
        # What is asked and no longer offered stays on the page: a line that loses it unsaid would be deleted.
        asked = {asks.questionnaire_id} if asks is not None and asks.questionnaire_id else set()
        for name, field in zip(names, question_fields(self.offered | asked), strict=True):
            self.fields[name] = field
        if asks is not None:
            label = "" if asks.questionnaire_id else asks.label
            values = (label, asks.questionnaire_id, asks.details, asks.days_before, asks.pk)
            self.initial.update(zip(names, values, strict=True))
        return [self[name] for name in names]

    def questions(self) -> list[Asks]:
        return list(self._filled().values())

    def _filled(self) -> dict[int, Asks]:
        """What the lines that were filled in ask for, by number of the line."""
        found = {}
        for number in range(len(self.rows)):
            label, questionnaire, details, days, pk = (
                self.cleaned_data.get(f"ask_{number}_{name}") for name in ASKED
            )
            if label or questionnaire:
                found[number] = Asks(label or "", details or "", days, pk, questionnaire)
        return found

    def clean(self) -> dict[str, Any]:
        for number in range(len(self.rows)):
            label, questionnaire, details = (
                self.cleaned_data.get(f"ask_{number}_{name}") for name in ("label", "questionnaire", "details")
            )
            if label and questionnaire:
                self.add_error(f"ask_{number}_label", _("Demandez un document ou un questionnaire, pas les deux."))
            is_named = label or questionnaire or f"ask_{number}_questionnaire" in self.errors
            if details and not is_named:
                self.add_error(f"ask_{number}_label", _("Dites en quelques mots quel document vous demandez."))
        self._check_questions()
        self._check_offset()
        if not self.cleaned_data.get("documents") and not self.questions():
            chosen = _("Choisissez au moins un document de la bibliothèque, ou demandez quelque chose.")
            self.add_error("documents", chosen)
        return self.cleaned_data

    def _check_questions(self) -> None:
        filled = self._filled()
        moment = Moment(self.cleaned_data["moment"]) if "moment" in self.cleaned_data else None
        for fault in question_faults(self.practice, list(filled.values()), moment):
            field = f"ask_{list(filled)[fault.number]}_{NAMES.get(fault.part, fault.part)}"
            if field not in self.errors:
                self.add_error(field, fault.words)

    def _check_offset(self) -> None:
        given = self.cleaned_data
        if given.get("offset_unit") == "days" and (given.get("offset_hours") or 0) > MOST_DAYS:
            words = _("Donnez un nombre entier de {least} à {most}.")
            self.add_error("offset_hours", words.format(least=0, most=MOST_DAYS))

    def content(self) -> RuleContent:
        asked = self.cleaned_data
        return RuleContent(
            name=asked.get("name", ""),
            documents=list(asked["documents"]),
            questions=self.questions(),
            visit_reasons=list(asked["visit_reasons"]),
            agendas=list(asked["agendas"]),
            moment=Moment(asked["moment"]),
            offset_hours=(asked["offset_hours"] or 0) * (24 if asked["offset_unit"] == "days" else 1),
            channels=asked["channels"],
            active=asked["active"],
        )


def initial_of(found: AutoSendRule | None) -> dict[str, Any]:
    """Of a form for this rule; None: for a new one."""
    if found is None:
        return {"channels": ["email", "sms"], "active": True, "offset_hours": 1, "offset_unit": "days"}
    days = found.offset_hours > 0 and found.offset_hours % 24 == 0
    return {
        "name": found.name,
        "documents": found.documents.all(),
        "asks": found.asks,
        "visit_reasons": found.visit_reasons.all(),
        "agendas": found.agendas.all(),
        "moment": found.moment,
        "offset_hours": found.offset_hours // 24 if days else found.offset_hours,
        "offset_unit": "days" if days else "hours",
        "channels": [name for name in ("email", "sms") if getattr(found, f"by_{name}")],
        "active": found.is_active,
    }


def _chosen(field: forms.BoundField) -> list[str]:
    """The labels of what is chosen."""
    return [str(box.data["label"]) for box in field.subwidgets if box.data["selected"] and box.data["value"]]


def _asked_words(row: Sequence[forms.BoundField]) -> str:
    """What a line asks for; "" for an empty one."""
    label, questionnaire = row[ASKED.index("label")], row[ASKED.index("questionnaire")]
    if questionnaire.is_hidden or not questionnaire.value():
        return str(label.value() or "").strip()
    return ", ".join(_chosen(questionnaire)) or str(label.value() or "").strip()
