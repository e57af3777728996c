"""A patient's record: contacts, and the documents shared with them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from appointments.exclusions import exclusions_of
from appointments.models import Appointment, AppointmentStatus
from documents.merging.unmerge import undoable_merge
from documents.sharing.accesses import accesses_to
from documents.timeline import Position, timeline
from patients.distinct import ids_distinct_from, records_by_name
from patients.duplicates import likenesses_of
from patients.invitations import invite_after_identity_check
from patients.merges import record_that_stays
from patients.models import Patient
from patients.names import MAX_SEARCH_LENGTH, SearchTooLong
from patients.own_contacts import open_proposals
from patients.records import change_patient, check_may_edit
from portals.answers import done, not_done
from portals.contact_hints import hint_at_misspelling
from portals.form_errors import refusals_in
from portals.practitioner import timeline_lines
from portals.practitioner.access_changes import effects_of_correcting, effects_of_saving
from portals.practitioner.access_words import unconfirmed_sentences
from portals.practitioner.accesses import accesses_of
from portals.practitioner.forms import ContactsForm, IdentityForm
from portals.practitioner.practices import practice_of
from portals.practitioner.staff import frame, patient_of, staff_only
from portals.practitioner.twins import distinguish, distinguished
from practices.roles import may_share
from questionnaires.comparing import completed_of
from schema.composed import composed_once

LISTED = 50  # records
APPOINTMENTS_SHOWN = 20  # in each part


@staff_only
@require_safe
def patients(request: HttpRequest, user: User) -> HttpResponse:
    """Searches the practice's records by name, email, mobile and birth date."""
    words = request.GET.get("q", "").strip()
    practice = practice_of(request, user)
    found = Patient.objects.of_staff(user).filter(practice=practice).order_by("last_name", "first_name", "id")
    error = ""
    try:
        found = found.search(words)
    except SearchTooLong as refused:
        error, words, found = " ".join(refused.messages), words[:MAX_SEARCH_LENGTH], found.none()
    page = list(found[: LISTED + 1])
    distinguish(page[:LISTED])
    context = frame(
        request,
        user,
        "patients",
        found=page[:LISTED],
        has_more=len(page) > LISTED,
        words=words,
        search_error=error,
        may_share=may_share(user, practice),
    )
    return render(request, "practitioner/patients.html", context, status=400 if error else 200)


@staff_only
@require_POST
def invite(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """For a patient who lost their telephone: staff have checked who it is."""
    found = patient_of(user, pk)
    if found.missing_contacts:
        messages.error(request, _("Complétez d’abord l’adresse e-mail et le mobile."))
        return not_done("practitioner:patient", pk=pk)
    invite_after_identity_check(patient=found, by=user)
    messages.info(request, _("Une nouvelle invitation attend son envoi par e-mail. C’est inscrit dans l’historique."))
    return done("practitioner:patient", pk=pk)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def patient(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    try:
        found = patient_of(user, pk)
    except Http404:
        stays = record_that_stays(pk)
        if stays is None or stays.pk == pk:
            raise
        found = patient_of(user, stays.pk)
        if request.method == "POST":
            messages.error(
                request,
                _("La fiche a été réunie à celle-ci entre-temps : vos changements n’ont pas été enregistrés."),
            )
        else:
            messages.info(request, _("Cette fiche a été réunie à celle-ci."))
        return not_done("practitioner:patient", pk=found.pk)
    initial = {"email": found.email, "mobile": found.mobile}
    form = ContactsForm(request.POST or None, initial=initial, patient=found)
    if request.method == "POST":
        check_may_edit(found.practice, user)
        if form.is_valid():
            before = accesses_to(found)
            with refusals_in(form):
                changed = change_patient(patient=found, by=user, **form.changes())
                messages.success(request, effects_of_saving(before, accesses_to(changed)))
                hint_at_misspelling(request, form.cleaned_data["email"])
                return done("practitioner:patient", pk=pk)
    page = timeline(found, after=_position(request.GET.get("after", "")))
    distinct = ids_distinct_from(found.pk)
    context = frame(
        request,
        user,
        "patients",
        practice=found.practice,
        patient=found,
        form=form,
        likenesses=distinguished(found, likenesses_of(found, distinct=distinct)),
        accesses=accesses_of(found),
        exclusions=exclusions_of(found),
        unconfirmed=unconfirmed_sentences(found),
        proposals=open_proposals(found),
        appointments=_appointments_of(found),
        may_share=may_share(user, found.practice),
        entries=timeline_lines.drawn(page.entries),
        after=page.after.written() if page.after else "",
        is_later_page="after" in request.GET,
        undoable=undoable_merge(found),
        distinct=records_by_name(distinct),
        has_answers=bool(_any_answers(found.pk)),
    )
    return render(request, "practitioner/patient.html", context, status=400 if form.errors else 200)


def _position(written: str) -> Position | None:
    """Raises Http404."""
    try:
        return Position.read(written) if written else None
    except ValueError:
        raise Http404 from None


@dataclass(frozen=True)
class Part:
    """Appointments of a record under one heading."""

    heading: str
    appointments: list[Appointment]


def _appointments_of(patient: Patient) -> list[Part]:
    """To come, past, cancelled; empty parts are left out."""
    now = timezone.now()
    parts = (
        Part(_("À venir"), _to_come(patient.pk, now)),
        Part(_("Passés"), _past(patient.pk, now)),
        Part(_("Annulés"), _cancelled(patient.pk)),
    )
    for one in chain.from_iterable(part.appointments for part in parts):
        if one.practice_id == patient.practice_id:  # read with the record
            one.practice = patient.practice
    return [part for part in parts if part.appointments]


@composed_once
def _to_come(patient: uuid.UUID, now: datetime) -> QuerySet[Appointment]:
    return _standing(patient).filter(ends_at__gt=now).order_by("starts_at", "id")[:APPOINTMENTS_SHOWN]


@composed_once
def _past(patient: uuid.UUID, now: datetime) -> QuerySet[Appointment]:
    return _standing(patient).filter(ends_at__lte=now).order_by("-starts_at", "-id")[:APPOINTMENTS_SHOWN]


@composed_once
def _cancelled(patient: uuid.UUID) -> QuerySet[Appointment]:
    cancelled = _every(patient).filter(status=AppointmentStatus.CANCELLED)
    return cancelled.order_by("-starts_at", "-id")[:APPOINTMENTS_SHOWN]


def _standing(patient: uuid.UUID) -> QuerySet[Appointment]:
    return _every(patient).exclude(status=AppointmentStatus.CANCELLED)


def _every(patient: uuid.UUID) -> QuerySet[Appointment]:
    return Appointment.objects.filter(patient=patient).select_related("visit_reason")


@composed_once
def _any_answers(patient: uuid.UUID) -> QuerySet[Any, uuid.UUID]:
    return completed_of(patient).values_list("pk", flat=True)[:1]


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def identity(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Corrects names and birth date. Accounts that proved the former birth date must prove the new one."""
    found = patient_of(user, pk)
    check_may_edit(found.practice, user)
    form = IdentityForm(request.POST or None, patient=found)
    if request.method == "POST" and form.is_valid():
        before = accesses_to(found)
        with refusals_in(form):
            changed = change_patient(patient=found, by=user, **form.changes())
            messages.success(request, effects_of_correcting(found, changed, before, accesses_to(changed)))
            return done("practitioner:patient", pk=pk)
    accounts = [one.account for one in accesses_to(found) if one.account and one.kind == "account"]
    context = frame(request, user, "patients", practice=found.practice, patient=found, form=form, accounts=accounts)
    return render(request, "practitioner/identity.html", context, status=400 if form.errors else 200)
