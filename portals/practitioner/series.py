"""Several appointments at once: their dates with what speaks against each, then all booked together."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.models import User
from appointments.booking import check_may_book, check_times_together
from appointments.doubts import Doubt, Doubtful
from appointments.models import Appointment, AppointmentSeries
from appointments.recurrence import recurring
from appointments.series import NothingChosen, book_series, doubts_of_dates, occurrences, series_made
from portals.answers import done
from portals.form_errors import refusals_in
from portals.practitioner.booking import booking_page, patient_of_form
from portals.practitioner.forms import BookingForm
from portals.practitioner.notice_words import sent_notices
from portals.practitioner.practices import practice_of
from portals.practitioner.series_form import LEAVE, RepetitionForm, Row, chosen_starts, rows_of, with_other_doubts
from portals.practitioner.series_words import series_booked_sentence
from portals.practitioner.staff import frame, staff_only
from practices.models import Practice

OF_THIS_PAGE = ("choice-", "other-")  # names of its own fields, each followed by a date
NOT_KEPT = ("csrfmiddlewaretoken", "accepted", "confirm", "series", "search", "times_from", "pick", "change")


@staff_only
@require_POST
def new_series(request: HttpRequest, user: User) -> HttpResponse:
    """With `confirm`, books what was decided; otherwise shows the dates. Faults of the first page lead back to it."""
    practice = practice_of(request, user)
    check_may_book(practice, user)
    if "confirm" in request.POST and (made := _made(practice, _key(request))):
        return done("practitioner:appointment", pk=made.pk)
    form, repetition = BookingForm(request.POST, practice=practice), RepetitionForm(request.POST)
    doubts: list[Doubt] = []
    if form.is_valid() and repetition.is_valid():
        doubts = [one for one in form.doubts() if one.key not in request.POST.getlist("accepted")]
        with refusals_in(form):
            if not doubts:
                return _dates(request, user, practice, form, repetition)
    return booking_page(request, user, practice, form, doubts=doubts, repetition=repetition)


def _dates(
    request: HttpRequest, user: User, practice: Practice, form: BookingForm, repetition: RepetitionForm
) -> HttpResponse:
    """Raises ValidationError if agenda, reason and place do not fit together."""
    asked, confirmed = form.cleaned_data, "confirm" in request.POST
    agenda, visit_reason, patient = asked["agenda"], asked["visit_reason"], asked["patient"]
    check_times_together(agenda, visit_reason, asked["kind"], [asked["starts_at"]])  # far from where dates end
    starts = recurring(asked["starts_at"], zone=practice.zone, **repetition.cleaned_data)
    check_times_together(agenda, visit_reason, asked["kind"], starts)
    dates = occurrences(agenda=agenda, visit_reason=visit_reason, patient=patient, starts=starts)
    status, accepted = 200, request.POST.getlist("accepted")
    rows = with_other_doubts(
        rows_of(dates, request.POST.dict(), decided=confirmed),
        lambda others: doubts_of_dates(agenda, visit_reason, patient, others),
        accepted,
    )
    is_nothing = confirmed and all(one.choice == LEAVE for one in rows)
    if confirmed and (is_nothing or any(one.error for one in rows)):
        status = 400
    elif confirmed:
        since = timezone.now()
        try:
            series = _book(practice, user, form, rows, accepted, pk=_key(request))
        except Doubtful:  # something arose since the page was made: the page shows it
            status = 409
        else:
            made = list(series.appointments.select_related("practice", "patient", "agenda").order_by("starts_at"))
            messages.success(request, series_booked_sentence(made, _notice(made, since)))
            return done("practitioner:appointment", pk=made[0].pk)
    context = frame(
        request,
        user,
        "agenda",
        practice=practice,
        form=form,
        asked=asked,
        rows=rows,
        refused=str(NothingChosen.words) if is_nothing else "",
        key=_key(request),
        sent=[(name, value) for name, values in request.POST.lists() if _is_kept(name) for value in values],
        accepted=[doubt.key for doubt in form.doubts()],
        status=status,
    )
    return render(request, "practitioner/series.html", context, status=status)


@transaction.atomic
def _book(
    practice: Practice, user: User, form: BookingForm, rows: list[Row], accepted: list[str], *, pk: uuid.UUID
) -> AppointmentSeries:
    asked: dict[str, Any] = form.cleaned_data
    if made := series_made(agenda=asked["agenda"], pk=pk):  # before a second record of a new patient
        return made
    return book_series(
        agenda=asked["agenda"],
        visit_reason=asked["visit_reason"],
        patient=patient_of_form(asked, practice, user),
        starts=chosen_starts(rows),
        kind=asked["kind"],
        by=user,
        accepted=accepted,
        pk=pk,
    )


def _made(practice: Practice, pk: uuid.UUID) -> Appointment | None:
    """The first of the series that this page has booked already."""
    appointments = Appointment.objects.filter(practice=practice, series=pk)
    return appointments.order_by("starts_at", "id").first()


def _notice(made: list[Appointment], since: Any) -> str:
    """Who is told of all of them; "" if nobody is."""
    notice, _lacks = sent_notices(made[0], since=since)
    return notice


def _key(request: HttpRequest) -> uuid.UUID:
    """Of the page: pressed twice, its button books once."""
    try:
        return uuid.UUID(request.POST.get("series", ""))
    except ValueError:
        return uuid.uuid4()


def _is_kept(name: str) -> bool:
    return name not in NOT_KEPT and not name.startswith(OF_THIS_PAGE)
