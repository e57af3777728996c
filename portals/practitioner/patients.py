"""A patient's record: contacts, and the documents shared with them."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from appointments.models import HolderExclusion
from documents.sharing.access import visible_as_staff
from documents.sharing.accesses import accesses_to
from patients.birth_dates import lacks_century
from patients.duplicates import likenesses_of
from patients.invitations import invite_after_identity_check
from patients.models import Patient
from patients.names import MAX_SEARCH_LENGTH, SearchTooLong
from patients.records import change_patient, check_may_edit
from portals.form_errors import refusals_in
from portals.practitioner.access_changes import what_correcting_did, what_saving_did
from portals.practitioner.access_words import unconfirmed_sentences
from portals.practitioner.accesses import accesses_of
from portals.practitioner.forms import ContactsForm, IdentityForm
from portals.practitioner.practices import practice_of
from portals.practitioner.staff import frame, patient_of, staff_only
from practices.roles import may_share

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
    error = ""
    try:
        found = found.search(words)
    except SearchTooLong as refused:
        error, words, found = " ".join(refused.messages), words[:MAX_SEARCH_LENGTH], found.none()
    page = list(found[: LISTED + 1])
    context = frame(
        request,
        user,
        "patients",
        found=page[:LISTED],
        has_more=len(page) > LISTED,
        words=words,
        search_error=error,
        lacks_century=not page and lacks_century(words),
    )
    return render(request, "practitioner/patients.html", context, status=400 if error else 200)


@staff_only
@require_POST
def invite(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Somebody without their telephone any more: staff have made sure who it is."""
    found = patient_of(user, pk)
    if found.missing_contacts:
        messages.error(request, _("Complétez d’abord l’adresse e-mail et le mobile."))
    else:
        invite_after_identity_check(patient=found, by=user)
        messages.info(
            request, _("Une nouvelle invitation attend son envoi par e-mail. C’est inscrit dans l’historique.")
        )
    return redirect("practitioner:patient", pk=pk)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def patient(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    found = patient_of(user, pk)
    initial = {"email": found.email, "mobile": found.mobile}
    form = ContactsForm(request.POST or None, initial=initial, patient=found)
    if request.method == "POST":
        check_may_edit(found.practice, user)
        if form.is_valid():
            before = accesses_to(found)
            with refusals_in(form):
                changed = change_patient(patient=found, by=user, **form.changes())
                messages.success(request, what_saving_did(before, accesses_to(changed)))
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
        likenesses=likenesses_of(found),
        accesses=accesses_of(found),
        exclusions=HolderExclusion.objects.applying_to(found),
        unconfirmed=unconfirmed_sentences(found),
        proposals=found.contact_proposals.filter(settled_at=None).select_related("user"),
        appointments=found.appointments.select_related("practice", "visit_reason").order_by("-starts_at")[:20],
        may_share=may_share(user, found.practice),
        documents=documents.order_by("-shared_at", "-id")[:SHOWN],
    )
    return render(request, "practitioner/patient.html", context, status=400 if form.errors else 200)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def identity(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Names and birth date, corrected. Who proved the former birth date has to prove the new one."""
    found = patient_of(user, pk)
    check_may_edit(found.practice, user)
    form = IdentityForm(request.POST or None, patient=found)
    if request.method == "POST" and form.is_valid():
        before = accesses_to(found)
        with refusals_in(form):
            changed = change_patient(patient=found, by=user, **form.changes())
            messages.success(request, what_correcting_did(found, changed, before, accesses_to(changed)))
            return redirect("practitioner:patient", pk=pk)
    accounts = [one.account for one in accesses_to(found) if one.account and one.kind == "account"]
    context = frame(request, user, "patients", practice=found.practice, patient=found, form=form, accounts=accounts)
    return render(request, "practitioner/identity.html", context, status=400 if form.errors else 200)
