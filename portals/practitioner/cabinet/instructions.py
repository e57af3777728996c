"""Instructions to patients (consignes). Administrators only."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from appointments.instructions import delete_instruction, save_instruction
from appointments.models import Instruction
from portals.answers import done
from portals.form_errors import refusals_in
from portals.pagination import list_page
from portals.practitioner.confirmation import Question, ask
from portals.practitioner.forms import WhichAppointmentsForm
from portals.practitioner.practices import administered_practice
from portals.practitioner.staff import frame, staff_only
from practices.models import Role


class InstructionForm(WhichAppointmentsForm):
    text = forms.CharField(
        label=gettext_lazy("Consigne"),
        max_length=2000,
        widget=forms.Textarea(attrs={"class": "form-control", "rows": 5}),
        error_messages={"required": gettext_lazy("Écrivez la consigne.")},
    )
    in_messages = forms.BooleanField(
        label=gettext_lazy("Aussi dans les e-mails de confirmation et de rappel"), required=False
    )


@staff_only
@require_safe
def instructions(request: HttpRequest, user: User) -> HttpResponse:
    practice = administered_practice(request, user)
    listed = practice.instructions.prefetch_related("visit_reasons", "agendas")
    context = frame(request, user, "settings", practice=practice, instructions=list_page(request, listed))
    return render(request, "practitioner/cabinet/instructions.html", context)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def instruction(request: HttpRequest, user: User, pk: uuid.UUID | None = None) -> HttpResponse:
    owned = _instruction(user, pk) if pk else None
    practice = owned.practice if owned else administered_practice(request, user)
    initial: dict[str, Any] = {"in_messages": True}
    if owned:
        initial = {
            "text": owned.text,
            "visit_reasons": owned.visit_reasons.all(),
            "agendas": owned.agendas.all(),
            "in_messages": owned.in_messages,
        }
    form = InstructionForm(request.POST or None, practice=practice, initial=initial)
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            save_instruction(practice=practice, instruction=owned, by=user, **form.cleaned_data)
            messages.success(request, _("La consigne est enregistrée."))
            return done("practitioner:instructions")
    context = frame(request, user, "settings", practice=practice, form=form, instruction=owned)
    return render(request, "practitioner/instruction.html", context, status=400 if form.errors else 200)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def remove_instruction(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Asks first: this deletes its text."""
    owned = _instruction(user, pk)
    if request.method != "POST":
        question = Question(
            heading=_("Supprimer cette consigne ?"),
            ends=[
                owned.text,
                _("Elle n’est plus montrée avec les rendez-vous, ni écrite dans les messages qui partiront."),
            ],
            button=_("Supprimer"),
            back=reverse("practitioner:instructions"),
            section="settings",
        )
        return ask(request, user, question, practice=owned.practice)
    delete_instruction(instruction=owned, by=user)
    messages.success(request, _("La consigne est supprimée."))
    return done("practitioner:instructions")


def _instruction(user: User, pk: uuid.UUID) -> Instruction:
    """An instruction of a practice that the user administers. Raises Http404 for others."""
    owned = Instruction.objects.of_staff(user, Role.ADMIN)
    return get_object_or_404(owned.select_related("practice"), pk=pk)
