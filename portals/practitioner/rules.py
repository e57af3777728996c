"""Automatic sending: the rules, each shown as a sentence; administrators edit them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from documents.models import AutoSendRule, LibraryDocument, RuleQuestion
from documents.models.autosend import Moment
from documents.sending.planning import forecast
from documents.sending.rules import MAX_QUESTIONS, Asks, RuleContent, delete_rule, save_rule, switch_rule
from portals.answers import done
from portals.form_errors import refusals_in
from portals.form_fields import model_field
from portals.pagination import list_page
from portals.practitioner.forms import WhichAppointmentsForm
from portals.practitioner.practices import administered_practice
from portals.practitioner.staff import frame, staff_only
from practices.models import Practice, Role
from questionnaires.catalogue import published
from questionnaires.models import Questionnaire

TOLD_DAYS = timedelta(days=30)
EMPTY_LINES = 2  # for further questions


ASKED = ("label", "questionnaire", "details", "days", "pk")  # of one line of what a rule asks


def question_fields(offered: Sequence[Questionnaire]) -> list[forms.Field]:
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
            Questionnaire.objects.filter(pk__in=[one.pk for one in offered]).order_by("title", "pk"),
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
        forms.IntegerField(
            label=gettext_lazy("À envoyer au plus tard, en jours avant le rendez-vous"),
            min_value=0,
            max_value=365,
            required=False,
            widget=forms.NumberInput(attrs=control),
            error_messages={"invalid": gettext_lazy("Écrivez un nombre entier. Exemple : 2.")},
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
    )
    moment = forms.ChoiceField(
        label=gettext_lazy("Quand"), choices=Moment.choices, widget=forms.Select(attrs={"class": "form-select"})
    )
    offset_hours = forms.IntegerField(
        label=gettext_lazy("Combien de temps"),
        min_value=0,
        max_value=24 * 365,
        required=False,
        widget=forms.NumberInput(attrs={"class": "form-control"}),
        error_messages={"invalid": gettext_lazy("Écrivez un nombre entier. Exemple : 24.")},
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
        self.questionnaires = list(published(practice))
        documents = practice.library_documents.in_use().order_by("title")
        model_field(self, "documents").queryset = documents
        self.rows = [self._row(number, asks) for number, asks in enumerate(self._asked())]

    def _asked(self) -> list[RuleQuestion | None]:
        """The rule's questions, then empty lines; after a POST, as many lines as it had."""
        asked: list[RuleQuestion | None] = list(self.initial.get("asks", []))
        if self.is_bound:
            posted = sum(f"ask_{number}_label" in self.data for number in range(MAX_QUESTIONS))
            return (asked + [None] * MAX_QUESTIONS)[:posted]
        return (asked + [None] * EMPTY_LINES)[: max(MAX_QUESTIONS, len(asked))]

    def _row(self, number: int, asks: RuleQuestion | None) -> list[forms.BoundField]:
        names = [f"ask_{number}_{name}" for name in ASKED]
        for name, field in zip(names, question_fields(self.questionnaires), strict=True):
            self.fields[name] = field
        if asks is not None:
            label = "" if asks.questionnaire_id else asks.label
            values = (label, asks.questionnaire_id, asks.details, asks.days_before, asks.pk)
            self.initial.update(zip(names, values, strict=True))
        return [self[name] for name in names]

    def questions(self) -> list[Asks]:
        """Of the lines that were filled in."""
        found = []
        for number in range(len(self.rows)):
            label, questionnaire, details, days, pk = (
                self.cleaned_data.get(f"ask_{number}_{name}") for name in ASKED
            )
            if label or questionnaire:
                found.append(Asks(label or "", details or "", days, pk, questionnaire))
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
        if not self.cleaned_data.get("documents") and not self.questions():
            chosen = _("Choisissez au moins un document de la bibliothèque, ou demandez quelque chose.")
            self.add_error("documents", chosen)
        return self.cleaned_data

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


@staff_only
@require_safe
def rules(request: HttpRequest, user: User) -> HttpResponse:
    practice = administered_practice(request, user)
    sent = Count(
        "sendings", filter=Q(sendings__state="sent", sendings__sent_at__gt=timezone.now() - TOLD_DAYS), distinct=True
    )
    read = Count(
        "sendings",
        filter=Q(sendings__sent_at__gt=timezone.now() - TOLD_DAYS, sendings__shared__first_read_at__isnull=False),
        distinct=True,
    )
    planned = Count("sendings", filter=Q(sendings__state="planned"), distinct=True)
    found = AutoSendRule.objects.kept().filter(practice=practice)
    found = found.annotate(sent_count=sent, read_count=read, planned_count=planned)
    found = found.prefetch_related("documents", "questions", "visit_reasons", "agendas")
    return render(request, "practitioner/rules.html", frame(request, user, "rules", rules=list_page(request, found)))


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def rule(request: HttpRequest, user: User, pk: uuid.UUID | None = None) -> HttpResponse:
    found = _rule(user, pk) if pk else None
    practice = found.practice if found else administered_practice(request, user)
    form = RuleForm(request.POST or None, practice=practice, initial=_initial(found))
    if request.method == "POST" and "preview" in request.POST:
        context = frame(
            request, user, "rules", practice=practice, form=form, rule=found, **_effect(form, practice, found)
        )
        return render(request, "practitioner/rule.html", context)
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            save_rule(
                practice=practice,
                content=form.content(),
                by=user,
                rule=found,
                to_booked=form.cleaned_data["to_booked"],
            )
            messages.success(request, _("La règle est enregistrée."))
            return done("practitioner:rules")
    context = frame(request, user, "rules", practice=practice, form=form, rule=found)
    return render(request, "practitioner/rule.html", context, status=400 if form.errors else 200)


@staff_only
@require_POST
def effect(request: HttpRequest, user: User, pk: uuid.UUID | None = None) -> HttpResponse:
    """What the rule in the form would do. Writes nothing."""
    found = _rule(user, pk) if pk else None
    practice = found.practice if found else administered_practice(request, user)
    context = _effect(RuleForm(request.POST, practice=practice), practice, found)
    return render(request, "practitioner/_rule_effect.html", context)


def _effect(form: RuleForm, practice: Practice, found: AutoSendRule | None) -> dict[str, Any]:
    form.is_valid()
    form.errors.pop("name", None)  # the effect does not depend on a name
    if form.errors:
        return {"effect_form": form, "missing": [error for errors in form.errors.values() for error in errors]}
    content = form.content()
    return {
        "effect_form": form,
        "forecast": forecast(
            practice=practice,
            visit_reasons=content.visit_reasons,
            agendas=content.agendas,
            moment=content.moment,
            offset_hours=content.offset_hours,
            rule=found,
        ),
        "content": {  # same shape as a rule, for the shared template
            "documents": {"all": content.documents},
            "asks": content.questions,
            "visit_reasons": {"all": content.visit_reasons},
            "agendas": {"all": content.agendas},
            "moment": content.moment,
            "offset_hours": content.offset_hours,
            "by_email": "email" in content.channels,
            "by_sms": "sms" in content.channels,
        },
    }


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def remove_rule(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Asks first, and says what will not be sent any more."""
    found = _rule(user, pk)
    if request.method != "POST":
        planned = found.sendings.filter(state="planned").count()
        context = frame(request, user, "rules", practice=found.practice, rule=found, planned=planned)
        return render(request, "practitioner/rule_delete.html", context)
    delete_rule(rule=found, by=user)
    messages.success(request, _("La règle est supprimée. Ce qu’elle a envoyé reste visible."))
    return done("practitioner:rules")


@staff_only
@require_POST
def switch(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    found = _rule(user, pk)
    active = request.POST.get("active") == "1"
    switch_rule(rule=found, active=active, by=user)
    if active:
        told = _("« %(name)s » est active. Rien n’est parti tout de suite aux rendez-vous déjà pris.")
    else:
        told = _("« %(name)s » est arrêtée : elle n’envoie plus rien. Ce qui a été envoyé reste visible.")
    messages.success(request, told % {"name": found.name})
    return done("practitioner:rules")


def _rule(user: User, pk: uuid.UUID) -> AutoSendRule:
    """A rule of a practice that the user administers. Raises Http404 for others."""
    owned = AutoSendRule.objects.kept().of_staff(user, Role.ADMIN)
    return get_object_or_404(owned.select_related("practice"), pk=pk)


def _initial(found: AutoSendRule | None) -> dict[str, Any]:
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
