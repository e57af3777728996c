"""A patient's record: contacts, and the documents shared with them."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.roles import NotAllowed, may_share
from documents.access import holders_who_see, visible_as_staff
from patients.invitations import invite_after_identity_check
from patients.models import Patient
from patients.records import change_patient
from patients.relatives import look_alikes
from portals.form_errors import say_refusal
from portals.practitioner.forms import ContactsForm
from portals.practitioner.practices import practice_of
from portals.practitioner.staff import frame, staff_only

SHOWN = 100  # documents
LISTED = 50  # records


@staff_only
@require_safe
def patients(request: HttpRequest, user: User) -> HttpResponse:
    """Search among the records of the practice: every word in the name, the email or the mobile."""
    words = request.GET.get("q", "").strip()
    found = (
        Patient.objects.of_staff(user)
        .filter(practice=practice_of(request, user))
        .order_by("last_name", "first_name", "id")
    )
    if words:
        found = found.search(words)
    page = list(found[: LISTED + 1])
    context = frame(request, user, "patients", found=page[:LISTED], has_more=len(page) > LISTED, words=words)
    return render(request, "practitioner/patients.html", context)


@staff_only
@require_POST
def invite(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Somebody without their telephone any more: staff have made sure who it is."""
    found = get_object_or_404(Patient.objects.of_staff(user).select_related("practice"), pk=pk)
    if found.missing_contacts:
        messages.error(request, _("Complétez d’abord l’adresse e-mail et le mobile."))
    else:
        invite_after_identity_check(patient=found, by=user)
        messages.success(request, _("Une nouvelle invitation part par e-mail. C’est inscrit dans l’historique."))
    return redirect("practitioner:patient", pk=pk)


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
        request,
        user,
        "patients",
        practice=found.practice,
        patient=found,
        form=form,
        look_alikes=look_alikes(found),
        ties=found.ties.filter(ended_at=None, user__is_active=True).select_related("user"),
        holders=holders_who_see(found),
        appointments=found.appointments.select_related("practice", "visit_reason").order_by("-starts_at")[:20],
        may_share=may_share(user, found.practice),
        documents=documents.order_by("-shared_at", "-id")[:SHOWN],
        stopped=found.invitations.filter(end="too_many_attempts").exists() and not found.invitations.live().exists(),
    )
    return render(request, "practitioner/patient.html", context)
