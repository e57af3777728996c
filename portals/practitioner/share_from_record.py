"""Sharing from a patient's record: around which appointment, or around a visit of today without one."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.models import User
from appointments.models import Appointment, AppointmentStatus
from documents.sharing.walk_ins import note_visit
from patients.models import Patient
from portals.answers import done
from portals.form_errors import refusals_in
from portals.practitioner.nowhere_to_book import missing_to_book
from portals.practitioner.patient_forms import VisitForm
from portals.practitioner.staff import frame, patient_of, staff_only
from practices.roles import require_sharer

OFFERED = 10  # appointments: the last ones and the next ones


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def share_from_record(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Lists appointments; a POST notes a visit of today. Either leads to the page of sharing."""
    patient = patient_of(user, pk)
    require_sharer(user, patient.practice)
    form = VisitForm(request.POST or None, practice=patient.practice)
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            visit = note_visit(patient=patient, by=user, **form.cleaned_data)
            return done("practitioner:share", pk=visit.pk)
    context = frame(
        request,
        user,
        "patients",
        practice=patient.practice,
        patient=patient,
        form=form,
        appointments=_offered(patient),
        nowhere=missing_to_book(patient.practice),
    )
    return render(request, "practitioner/share_from_record.html", context, status=400 if form.errors else 200)


def _offered(patient: Patient) -> list[Appointment]:
    """The next ones and the last ones, latest first."""
    every = patient.appointments.select_related("practice", "visit_reason", "agenda")
    stands = every.filter(status=AppointmentStatus.BOOKED)
    ahead = stands.filter(starts_at__gt=timezone.now()).order_by("starts_at", "id")[:OFFERED]
    past = stands.filter(starts_at__lte=timezone.now()).order_by("-starts_at", "-id")[:OFFERED]
    return [*reversed(ahead), *past]
