"""Automatic sending: the rules, each as a sentence; administrators write them."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Practice, Role, User
from appointments.models import Agenda, VisitReason
from documents.autosend import do_not_send, send_now
from documents.links import revoke_link
from documents.models import AutoSend, AutoSendRule, DocumentLink, LibraryDocument
from documents.models.autosend import Moment
from documents.rules import RuleContent, delete_rule, save_rule
from portals.form_errors import say_refusal
from portals.practitioner.staff import frame, staff_only

TOLD_DAYS = timedelta(days=30)


class RuleForm(forms.Form):
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
        error_messages={"required": gettext_lazy("Choisissez au moins un document de la bibliothèque.")},
    )
    visit_reasons = forms.ModelMultipleChoiceField(
        VisitReason.objects.none(),
        label=gettext_lazy("Motifs (aucun : tous)"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    agendas = forms.ModelMultipleChoiceField(
        Agenda.objects.none(),
        label=gettext_lazy("Agendas (aucun : tous)"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    moment = forms.ChoiceField(
        label=gettext_lazy("Quand"), choices=Moment.choices, widget=forms.Select(attrs={"class": "form-select"})
    )
    offset_hours = forms.IntegerField(
        label=gettext_lazy("Combien d’heures avant ou après"),
        min_value=0,
        max_value=24 * 365,
        required=False,
        widget=forms.NumberInput(attrs={"class": "form-control"}),
    )
    channels = forms.MultipleChoiceField(
        label=gettext_lazy("Comment"),
        choices=[("email", gettext_lazy("par e-mail")), ("sms", gettext_lazy("par SMS"))],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choisissez l’e-mail, le SMS, ou les deux.")},
    )
    active = forms.BooleanField(label=gettext_lazy("Règle active"), required=False)

    def __init__(self, *args: Any, practice: Practice, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices: dict[str, Any] = {
            "documents": practice.library_documents.in_use().order_by("title"),
            "visit_reasons": practice.visit_reasons.all(),
            "agendas": practice.agendas.all(),
        }
        for name, queryset in choices.items():
            self.fields[name].queryset = queryset  # type: ignore[attr-defined]

    def content(self) -> RuleContent:
        asked = dict(self.cleaned_data)
        return RuleContent(
            **asked
            | {
                "documents": list(asked["documents"]),
                "visit_reasons": list(asked["visit_reasons"]),
                "agendas": list(asked["agendas"]),
                "moment": Moment(asked["moment"]),
                "offset_hours": asked["offset_hours"] or 0,
            }
        )


@staff_only
@require_safe
def rules(request: HttpRequest, user: User) -> HttpResponse:
    practice = _administered(user)
    sent = Count(
        "sendings", filter=Q(sendings__state="sent", sendings__sent_at__gt=timezone.now() - TOLD_DAYS), distinct=True
    )
    planned = Count("sendings", filter=Q(sendings__state="planned"), distinct=True)
    found = AutoSendRule.objects.kept().filter(practice=practice).annotate(sent_count=sent, planned_count=planned)
    found = found.prefetch_related("documents", "visit_reasons", "agendas")
    return render(request, "practitioner/rules.html", frame(user, "rules", rules=found))


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def rule(request: HttpRequest, user: User, pk: uuid.UUID | None = None) -> HttpResponse:
    practice = _administered(user)
    found = get_object_or_404(AutoSendRule.objects.kept(), pk=pk, practice=practice) if pk else None
    form = RuleForm(request.POST or None, practice=practice, initial=_initial(found))
    if request.method == "POST" and form.is_valid():
        try:
            save_rule(practice=practice, content=form.content(), by=user, rule=found)
        except ValidationError as refused:
            say_refusal(form, refused)
        else:
            messages.success(request, _("La règle est enregistrée."))
            return redirect("practitioner:rules")
    context = frame(user, "rules", form=form, rule=found)
    return render(request, "practitioner/rule.html", context, status=400 if form.errors else 200)


@staff_only
@require_POST
def remove_rule(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    found = get_object_or_404(AutoSendRule.objects.kept(), pk=pk, practice=_administered(user))
    delete_rule(rule=found, by=user)
    messages.success(request, _("La règle est supprimée. Ce qu’elle a envoyé reste visible."))
    return redirect("practitioner:rules")


@staff_only
@require_POST
def send(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    found = _sending(user, pk)
    if not send_now(sending=found, by=user):
        messages.error(request, _("Personne ne peut encore recevoir : complétez d’abord les coordonnées."))
    return redirect("practitioner:appointment", pk=found.appointment_id)


@staff_only
@require_POST
def stop(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    found = _sending(user, pk)
    do_not_send(sending=found, by=user)
    return redirect("practitioner:appointment", pk=found.appointment_id)


@staff_only
@require_POST
def close_link(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """The way in without an account; the documents stay in the account of whoever has one."""
    found = get_object_or_404(DocumentLink, pk=pk, appointment__practice__in=Practice.objects.of(user))
    revoke_link(link=found, by=user)
    messages.success(request, _("Le lien est fermé : plus personne n’entre par lui."))
    return redirect("practitioner:appointment", pk=found.appointment_id)


def _sending(user: User, pk: uuid.UUID) -> AutoSend:
    return get_object_or_404(AutoSend, pk=pk, appointment__practice__in=Practice.objects.of(user))


def _administered(user: User) -> Practice:
    """The practice whose rules these are. To others this page does not exist."""
    practice = Practice.objects.of(user, Role.ADMIN).first()
    if practice is None:
        raise Http404
    return practice


def _initial(found: AutoSendRule | None) -> dict[str, Any]:
    if found is None:
        return {"channels": ["email", "sms"], "active": True, "offset_hours": 24}
    return {
        "name": found.name,
        "documents": found.documents.all(),
        "visit_reasons": found.visit_reasons.all(),
        "agendas": found.agendas.all(),
        "moment": found.moment,
        "offset_hours": found.offset_hours,
        "channels": [name for name in ("email", "sms") if getattr(found, f"by_{name}")],
        "active": found.is_active,
    }
