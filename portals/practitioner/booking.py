"""Booking by staff: for a patient of the practice, found by a few letters of the name, or for a new one."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.models import User
from appointments.booking import book, check_may_book, doubts_of_booking
from appointments.doubts import Doubt, Doubtful
from appointments.models import Agenda, Appointment
from patients.models import Patient
from patients.names import SearchTooLong
from patients.records import create_patient
from portals.answers import done
from portals.form_errors import refusals_in
from portals.practitioner.booking_words import booked_sentence
from portals.practitioner.forms import PERSON, BookingForm
from portals.practitioner.free_times import free_times_answer, free_times_of, shown_again
from portals.practitioner.nowhere_to_book import missing_to_book
from portals.practitioner.practices import practice_of
from portals.practitioner.proposed_times import agenda_asked_for, held_words, proposed_start
from portals.practitioner.series_form import RepetitionForm
from portals.practitioner.staff import frame, staff_only
from portals.practitioner.twins import distinguish
from practices.models import Practice
from schema.composed import composed_once

ASKED = {
    "starts_at": "start",
    "agenda": "agenda",
    "visit_reason": "reason",
    "patient": "patient",
}  # field -> its name in the address
SEARCH = "search"  # a button that shows records and books nothing, like those of free_times.LOOKS_ON
OFFERED = 8  # records; staff type more of the name to find others


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def new_appointment(request: HttpRequest, user: User) -> HttpResponse:
    """The form. The search, or a button of LOOKS_ON, shows it again with records that match, or with other free
    times. That is a POST: names stay out of addresses, and the other fields keep their content."""
    practice = _practice(request, user)
    check_may_book(practice, user)
    held = ""
    typed = request.POST.dict() if SEARCH in request.POST else shown_again(request)
    if typed is not None:
        form = BookingForm(practice=practice, initial=typed)
        if request.headers.get("HX-Request") == "true":
            if SEARCH in request.POST:
                return render(request, "practitioner/_patient_choices.html", _offered(form, practice))
            return free_times_answer(request, form)
    else:
        initial: dict[str, Any] = {name: request.GET.get(asked) for name, asked in ASKED.items()}
        initial["agenda"] = initial["agenda"] or _own_agenda(practice, user)
        agenda = agenda_asked_for(practice, initial["agenda"])
        initial["starts_at"] = proposed_start(practice, initial["starts_at"] or "", agenda=agenda)
        form = BookingForm(request.POST or None, practice=practice, initial=initial)
        held = held_words(initial["starts_at"], agenda) if agenda else ""
    doubts: list[Doubt] = []
    if form.is_bound and form.is_valid():
        accepted, of_person = request.POST.getlist("accepted"), form.doubts()
        try:
            with refusals_in(form, but=(Doubtful,)):
                if any(one.key not in accepted for one in of_person):
                    doubts = [*of_person, *_doubts_about_time(form)]
                else:
                    made = _book(form.cleaned_data, practice, user, accepted)
                    messages.success(request, booked_sentence(made))
                    return done("practitioner:appointment", pk=made.pk)
        except Doubtful as asked:
            doubts = [*of_person, *asked.doubts]
    return booking_page(request, user, practice, form, doubts=doubts, held="" if form.is_bound else held)


def booking_page(
    request: HttpRequest,
    user: User,
    practice: Practice,
    form: BookingForm,
    *,
    doubts: list[Doubt],
    held: str = "",
    repetition: RepetitionForm | None = None,
) -> HttpResponse:
    """`repetition`: as it was filled in, if several appointments were asked for."""
    typed = {name: request.POST.get(name) for name in ("times", "every")} | {
        "weekdays": request.POST.getlist("weekdays")
    }
    context = frame(
        request,
        user,
        "agenda",
        practice=practice,
        form=form,
        doubts=doubts,
        held=held,
        repetition=repetition or RepetitionForm(initial={name: value for name, value in typed.items() if value}),
        repetition_open=repetition is not None or "change" in request.POST,
        nowhere=missing_to_book(practice),
        **free_times_of(request, form, url=reverse("practitioner:appointment-new")),  # of a series' page, too
        **_offered(form, practice),
    )
    status = 400 if form.errors or (repetition and repetition.errors) else 409 if doubts else 200
    return render(request, "practitioner/new_appointment.html", context, status=status)


def _doubts_about_time(form: BookingForm) -> list[Doubt]:
    """Doubts about the time, to ask together with those about the person. Raises ValidationError."""
    asked = form.cleaned_data
    return doubts_of_booking(
        agenda=asked["agenda"],
        visit_reason=asked["visit_reason"],
        starts_at=asked["starts_at"],
        kind=asked["kind"],
        candidates=[like.patient for like in form.alike],
    )


def _practice(request: HttpRequest, user: User) -> Practice:
    """The practice of the record whose page led here, or the one worked in."""
    practice = practice_of(request, user)
    if request.method == "POST":
        return practice
    try:
        asked = uuid.UUID(request.GET.get("patient", ""))
    except ValueError:
        return practice
    known = Patient.objects.of_staff(user).select_related("practice").filter(pk=asked).first()
    return known.practice if known else practice


def _offered(form: BookingForm, practice: Practice) -> dict[str, Any]:
    """The choices: the record chosen so far, records similar to the new patient, records that match the search."""
    records = practice.patients.order_by("last_name", "first_name", "id")
    words = str(form["q"].value() or "").strip()
    error = ""
    try:
        records_found = list(records.search(words)[: OFFERED + 1]) if words else []
    except SearchTooLong as refused:
        error, words, records_found = " ".join(refused.messages), "", []
    chosen = form.chosen("patient")
    offered = [chosen] if chosen else []
    offered += [
        one for one in [*(like.patient for like in form.alike), *records_found[:OFFERED]] if one not in offered
    ]
    distinguish(offered)
    why = {like.patient.pk: like.words for like in form.alike}
    return {
        "words": words,
        "search_error": error,
        "found": len(records_found),
        "offered": [(one, why.get(one.pk, ""), one in records_found) for one in offered],
        "chosen": chosen,
        "most": OFFERED,
    }


def _own_agenda(practice: Practice, user: User) -> str | None:
    """The practitioner's own agenda, or the only one there is."""
    agendas = _agendas(practice.pk)
    own = [pk for pk, practitioner in agendas if practitioner == user.pk or len(agendas) == 1]
    return str(own[0]) if len(own) == 1 else None


@composed_once
def _agendas(practice: uuid.UUID) -> QuerySet[Any, Any]:
    """Those that are open, each with whose it is."""
    return Agenda.objects.filter(practice=practice, is_active=True).values_list("pk", "practitioner")


@transaction.atomic
def _book(asked: dict[str, Any], practice: Practice, user: User, accepted: list[str]) -> Appointment:
    return book(
        agenda=asked["agenda"],
        visit_reason=asked["visit_reason"],
        patient=patient_of_form(asked, practice, user),
        starts_at=asked["starts_at"],
        kind=asked["kind"],
        by=user,
        accepted=accepted,
    )


def patient_of_form(asked: dict[str, Any], practice: Practice, user: User) -> Patient:
    """The record chosen, or a new one. Raises ValidationError, NotAllowed."""
    patient: Patient | None = asked["patient"]
    return patient or create_patient(
        practice=practice,
        **{name: asked[name] for name in PERSON},
        email=asked["email"] or None,
        mobile=asked["mobile"] or None,
        by=user,
    )
