"""Asking a patient for a document, changing and cancelling what was asked."""

from __future__ import annotations

import uuid
from datetime import date, datetime, time

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.models import User
from appointments.models import Appointment
from appointments.recipients import resolve
from documents.models import DocumentRequest
from documents.receiving.access import all_requests
from documents.receiving.asking import Question, ask, cancel_request, change_request
from documents.sharing.uploads import check_may_share
from portals.answers import done, refusals_shown
from portals.clock import set_clock
from portals.form_errors import refusals_in
from portals.practitioner.staff import appointment_of, frame, staff_only


class RequestForm(forms.Form):
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

    def question(self, appointment: Appointment) -> Question:
        """The last day counts to its end, in the practice's time zone."""
        day = self.cleaned_data["due_at"]
        due_at = datetime.combine(day, time(23, 59), appointment.practice.zone) if day else None
        return Question(self.cleaned_data["label"], self.cleaned_data["details"], due_at)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def new_request(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    found = appointment_of(user, pk)
    check_may_share(found, user)
    form = RequestForm(request.POST if request.method == "POST" else None, initial={"due_at": _visit_day(found)})
    if form.is_valid():
        with refusals_in(form):
            ask(appointment=found, question=form.question(found), by=user, pk=_asking(request, found, user))
            messages.success(request, _("C’est demandé. Le message part sans dire de quel document il s’agit."))
            return done("practitioner:appointment", pk=pk)
    return _page(request, user, found, form)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def request_page(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """What was asked, and the form that corrects it."""
    found = _request(user, pk)
    check_may_share(found.appointment, user)
    initial = {"label": found.label, "details": found.details, "due_at": _local_day(found)}
    form = RequestForm(request.POST if request.method == "POST" else None, initial=initial)
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


def _visit_day(appointment: Appointment) -> date | None:
    """The day of the appointment, if it is to come."""
    day = appointment.local_start.date()
    return day if day >= timezone.localdate(timezone=appointment.practice.zone) else None


def _local_day(request: DocumentRequest) -> date | None:
    return timezone.localtime(request.due_at, request.practice.zone).date() if request.due_at else None
