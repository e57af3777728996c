"""A patient's record without an appointment, with the same questions about likely duplicates as booking."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import User
from appointments.doubts import Doubt
from patients.records import check_may_edit, create_patient
from portals.answers import done
from portals.contact_hints import hint_at_misspelling
from portals.form_errors import refusals_in
from portals.practitioner.forms import PERSON
from portals.practitioner.patient_forms import PatientForm
from portals.practitioner.practices import practice_of
from portals.practitioner.staff import frame, staff_only


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def new_patient(request: HttpRequest, user: User) -> HttpResponse:
    practice = practice_of(request, user)
    check_may_edit(practice, user)
    form = PatientForm(request.POST or None, practice=practice)
    doubts: list[Doubt] = []
    if request.method == "POST" and form.is_valid():
        accepted = request.POST.getlist("accepted")
        doubts = [one for one in form.doubts() if one.key not in accepted]
        if not doubts:
            asked = form.cleaned_data
            with refusals_in(form):
                made = create_patient(
                    practice=practice,
                    **{name: asked[name] for name in PERSON},
                    email=asked["email"] or None,
                    mobile=asked["mobile"] or None,
                    by=user,
                )
                messages.success(request, _("La fiche %(name)s est créée.") % {"name": f"« {made.full_name} »"})
                hint_at_misspelling(request, asked["email"])
                return done("practitioner:patient", pk=made.pk)
    context = frame(request, user, "patients", practice=practice, form=form, doubts=doubts, likenesses=form.alike)
    status = 400 if form.errors else 409 if doubts else 200
    return render(request, "practitioner/new_patient.html", context, status=status)
