"""Staff book: somebody the practice knows, found by a few letters of the name, or a new patient."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.models import User
from appointments.booking import book, doubts_of_booking
from appointments.doubts import Doubt, Doubtful
from appointments.models import Appointment
from patients.models import Patient
from patients.names import SearchTooLong
from patients.records import create_patient
from portals.form_errors import refusals_in
from portals.practitioner.booking_words import booked_sentence
from portals.practitioner.forms import PERSON, BookingForm, asked_about
from portals.practitioner.practices import practice_of
from portals.practitioner.proposed_times import proposed_start
from portals.practitioner.staff import frame, staff_only
from practices.models import Practice

ASKED = {"starts_at": "start", "agenda": "agenda", "patient": "patient"}  # field -> its name in the address
OFFERED = 8  # records; who is not among them types more of the name


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def new_appointment(request: HttpRequest, user: User) -> HttpResponse:
    """The form; with `search` in it, the records that what was typed finds. A search is posted: names stay out of
    addresses, and whatever else was typed stays in the form."""
    practice = _practice(request, user)
    if "search" in request.POST:
        form = BookingForm(practice=practice, initial=request.POST.dict())
        if request.headers.get("HX-Request") == "true":
            return render(request, "practitioner/_patient_choices.html", _offered(form, practice))
    else:
        initial: dict[str, Any] = {name: request.GET.get(asked) for name, asked in ASKED.items()}
        initial["agenda"] = initial["agenda"] or _own_agenda(practice, user)
        initial["starts_at"] = proposed_start(practice, initial["starts_at"] or "", agenda=initial["agenda"])
        form = BookingForm(request.POST or None, practice=practice, initial=initial)
    doubts: list[Doubt] = []
    if form.is_bound and form.is_valid():
        try:
            with refusals_in(form, but=(Doubtful,)):
                if form.alike:
                    doubts = _doubts_with_likenesses(form)
                else:
                    made = _book(form.cleaned_data, practice, user, request.POST.getlist("accepted"))
                    messages.success(request, booked_sentence(made))
                    return redirect("practitioner:appointment", pk=made.pk)
        except Doubtful as asked:
            doubts = asked.doubts
    context = frame(request, user, "agenda", practice=practice, form=form, doubts=doubts, **_offered(form, practice))
    status = 400 if form.errors else 409 if doubts else 200
    return render(request, "practitioner/new_appointment.html", context, status=status)


def _doubts_with_likenesses(form: BookingForm) -> list[Doubt]:
    """One question about who it is and about the time, whoever it turns out to be. Raises ValidationError."""
    asked = form.cleaned_data
    who = Doubt("looks_like", asked_about(form.alike[0]), key="")
    about_time = doubts_of_booking(
        agenda=asked["agenda"],
        visit_reason=asked["visit_reason"],
        starts_at=asked["starts_at"],
        kind=asked["kind"],
        candidates=[like.patient for like in form.alike],
    )
    return [who, *about_time]


def _practice(request: HttpRequest, user: User) -> Practice:
    """That of the record whose page led here, or the one worked in."""
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
    """Who may be chosen: who is chosen so far, records that are like a new patient, those that the words find."""
    records = practice.patients.order_by("last_name", "first_name", "id")
    words = str(form["q"].value() or "").strip()
    error = ""
    try:
        found = list(records.search(words)[: OFFERED + 1]) if words else []
    except SearchTooLong as refused:
        error, words, found = " ".join(refused.messages), "", []
    chosen = form.chosen()
    offered = [chosen] if chosen else []
    offered += [one for one in [*(like.patient for like in form.alike), *found[:OFFERED]] if one not in offered]
    why = {like.patient.pk: like.words for like in form.alike}
    return {
        "words": words,
        "search_error": error,
        "found": len(found),
        "offered": [(one, why.get(one.pk, "")) for one in offered],
        "chosen": chosen,
        "most": OFFERED,
    }


def _own_agenda(practice: Practice, user: User) -> str | None:
    """A practitioner's own, or the only one there is."""
    agendas = list(practice.agendas.filter(is_active=True).values_list("pk", "practitioner"))
    own = [pk for pk, practitioner in agendas if practitioner == user.pk or len(agendas) == 1]
    return str(own[0]) if len(own) == 1 else None


@transaction.atomic
def _book(asked: dict[str, Any], practice: Practice, user: User, accepted: list[str]) -> Appointment:
    patient: Patient = asked["patient"] or create_patient(
        practice=practice,
        **{name: asked[name] for name in PERSON},
        email=asked["email"] or None,
        mobile=asked["mobile"] or None,
        by=user,
    )
    return book(
        agenda=asked["agenda"],
        visit_reason=asked["visit_reason"],
        patient=patient,
        starts_at=asked["starts_at"],
        kind=asked["kind"],
        by=user,
        accepted=accepted,
    )
