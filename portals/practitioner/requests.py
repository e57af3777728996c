"""Asking a patient for a document or for answers to a questionnaire, changing and cancelling what was asked."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from appointments.models import Appointment
from appointments.recipients import resolve
from documents.models import DocumentRequest
from documents.receiving.access import all_requests
from documents.receiving.asking import (
    Question,
    ask,
    ask_again,
    ask_questionnaire,
    cancel_request,
    change_request,
    note_obtained,
)
from documents.receiving.due import proposed_due_at, until_end_of
from documents.sharing.uploads import check_may_share
from portals.answers import done, refusals_shown
from portals.clock import set_clock
from portals.form_errors import refusals_in
from portals.practitioner.staff import appointment_of, frame, staff_only
from questionnaires.catalogue import published
from questionnaires.models import Questionnaire

OR_NONE = gettext_lazy("Laissez vide si vous choisissez un questionnaire.")


class RequestForm(forms.Form):
    questionnaire = forms.ModelChoiceField(
        label=gettext_lazy("Questionnaire"),
        queryset=Questionnaire.objects.none(),
        required=False,
        empty_label=gettext_lazy("Aucun : demander un document"),
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    label = forms.CharField(
        label=gettext_lazy("Document demandé"),
        help_text=gettext_lazy("Par exemple : ordonnance de votre médecin traitant, photo de la lésion."),
        max_length=120,
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
        error_messages={"required": gettext_lazy("Dites en quelques mots quel document vous demandez.")},
    )
    details = forms.CharField(
        label=gettext_lazy("Pourquoi, et comment"),
        required=False,
        max_length=1_000,
        widget=forms.Textarea(attrs={"class": "form-control", "rows": 3}),
    )
    due_at = forms.DateField(
        label=gettext_lazy("À envoyer au plus tard le"),
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "class": "form-control"}),
    )

    def __init__(self, *args: Any, offered: QuerySet[Questionnaire], has_label: bool = True, **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["questionnaire"]
        assert isinstance(field, forms.ModelChoiceField)  # as declared
        field.queryset = offered
        if not offered.exists():
            del self.fields["questionnaire"]
        if not has_label:
            del self.fields["label"]
        elif "questionnaire" in self.fields:
            self.fields["label"].required = False
            self.fields["label"].help_text = f"{self.fields['label'].help_text} {OR_NONE}"

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or self.cleaned_data
        if "questionnaire" not in self.fields or self.errors:
            return typed
        if not typed["questionnaire"] and not typed["label"]:
            self.add_error(
                "label", _("Dites en quelques mots quel document vous demandez, ou choisissez un questionnaire.")
            )
        elif typed["questionnaire"] and typed["label"]:
            self.add_error(
                "label", _("Demandez l’un ou l’autre : videz ce champ, ou choisissez « Aucun » plus haut.")
            )
        return typed

    @property
    def chosen(self) -> Questionnaire | None:
        found: Questionnaire | None = self.cleaned_data.get("questionnaire")
        return found

    def question(self, appointment: Appointment) -> Question:
        return Question(self.cleaned_data.get("label", ""), self.cleaned_data["details"], self.until(appointment))

    def until(self, appointment: Appointment) -> datetime | None:
        day = self.cleaned_data["due_at"]
        return until_end_of(day, appointment) if day else None


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def new_request(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    found = appointment_of(user, pk)
    check_may_share(found, user)
    offered = published(found.practice)
    chosen = next((one.pk for one in offered if str(one.pk) == request.GET.get("questionnaire")), None)
    form = RequestForm(
        request.POST if request.method == "POST" else None,
        initial={"due_at": _local_day(found, proposed_due_at(found, chosen)), "questionnaire": chosen},
        offered=offered,
    )
    if form.is_valid():
        with refusals_in(form):
            _ask(found, form, user, _asking(request, found, user))
            messages.success(request, _("C’est demandé. Le message part sans dire ce qui est demandé."))
            return done("practitioner:appointment", pk=pk)
    return _page(request, user, found, form)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def request_page(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """What was asked, and the form that corrects it."""
    found = _request(user, pk)
    check_may_share(found.appointment, user)
    initial = {"label": found.label, "details": found.details, "due_at": _local_day(found.appointment, found.due_at)}
    form = RequestForm(
        request.POST if request.method == "POST" else None,
        initial=initial,
        offered=Questionnaire.objects.none(),
        has_label=not found.is_questionnaire,
    )
    if form.is_valid():
        with refusals_in(form):
            change_request(request=found, question=form.question(found.appointment), by=user)
            messages.success(request, _("La demande est modifiée : le patient lit la nouvelle version."))
            return done("practitioner:appointment", pk=found.appointment_id)
    return _page(request, user, found.appointment, form, asked=found)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Asks first."""
    found = _request(user, pk)
    check_may_share(found.appointment, user)
    if request.method == "POST":
        with refusals_shown(request) as shown:
            cancel_request(request=found, by=user)
            messages.success(request, _("« %(label)s » n’est plus demandé.") % {"label": found.label})
        return shown.redirect("practitioner:appointment", pk=found.appointment_id)
    context = frame(request, user, "agenda", practice=found.practice, asked=found, appointment=found.appointment)
    return render(request, "practitioner/request_cancel.html", context)


@staff_only
@require_POST
def again(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    found = _request(user, pk)
    with refusals_shown(request) as shown:
        ask_again(request=found, by=user)
        messages.success(request, _("Le message part de nouveau, sans dire de quel document il s’agit."))
    return shown.redirect("practitioner:deliveries")


@staff_only
@require_POST
def obtained(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """“C’est fait”: it came some other way."""
    found = _request(user, pk)
    with refusals_shown(request) as shown:
        note_obtained(request=found, by=user)
        messages.success(request, _("C’est noté : « %(label)s » n’est plus attendu.") % {"label": found.label})
    return shown.redirect("practitioner:deliveries")


def _ask(appointment: Appointment, form: RequestForm, by: User, pk: uuid.UUID) -> None:
    if form.chosen is None:
        ask(appointment=appointment, question=form.question(appointment), by=by, pk=pk)
        return
    ask_questionnaire(
        appointment=appointment,
        questionnaire=form.chosen,
        details=form.cleaned_data["details"],
        due_at=form.until(appointment),
        by=by,
        pk=pk,
    )


def _page(
    request: HttpRequest,
    user: User,
    appointment: Appointment,
    form: RequestForm,
    *,
    asked: DocumentRequest | None = None,
) -> HttpResponse:
    context = frame(
        request,
        user,
        "agenda",
        practice=appointment.practice,
        appointment=appointment,
        patient=appointment.patient,
        recipient=resolve(appointment),
        form=form,
        asked=asked,
        asking=uuid.uuid4(),
    )
    return render(request, "practitioner/request.html", context, status=400 if form.errors else 200)


def _asking(request: HttpRequest, appointment: Appointment, user: User) -> uuid.UUID:
    """The same form sent again gets the same id. Derived, so that a form cannot choose another request's id."""
    return uuid.uuid5(appointment.pk, f"{user.pk} {request.POST.get('asking', '')[:64]}")


def _request(user: User, pk: uuid.UUID) -> DocumentRequest:
    """Activates the time zone of its practice. Raises Http404."""
    mine = DocumentRequest.objects.of_staff(user).values("pk")
    found = get_object_or_404(all_requests().filter(pk__in=mine), pk=pk)
    set_clock(found.practice)
    return found


def _local_day(appointment: Appointment, at: datetime | None) -> date | None:
    return timezone.localtime(at, appointment.practice.zone).date() if at else None
