"""A patient's record: contacts, and the documents shared with them."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.roles import NotAllowed, may_share
from documents.access import visible_as_staff
from patients.models import Patient
from patients.records import change_patient
from portals.practitioner.forms import ContactsForm, say_refusal
from portals.practitioner.staff import frame, staff_only

SHOWN = 100


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def patient(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    found = get_object_or_404(Patient.objects.of_staff(user).select_related("practice"), pk=pk)
    form = ContactsForm(request.POST or None, initial={"email": found.email, "mobile": found.mobile})
    if request.method == "POST":
        if not may_share(user, found.practice):
            raise NotAllowed(_("Votre rôle permet de lire, pas de modifier une fiche."))
        if form.is_valid():
            try:
                change_patient(patient=found, by=user, **form.cleaned_data)
            except ValidationError as refused:
                say_refusal(form, refused)
            else:
                messages.success(request, _("Les coordonnées sont enregistrées."))
                return redirect("practitioner:patient", pk=pk)
    documents = (
        visible_as_staff(user).filter(patient=found).select_related("category", "file", "signed_by", "appointment")
    )
    context = frame(
        user,
        "patients",
        patient=found,
        form=form,
        documents=documents.order_by("-shared_at", "-id")[:SHOWN],
        stopped=found.invitations.filter(end="too_many_attempts").exists() and not found.invitations.live().exists(),
    )
    return render(request, "practitioner/patient.html", context)
