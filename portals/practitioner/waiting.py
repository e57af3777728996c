"""The waiting list: who wants an earlier time, in the order of ranks; putting somebody on it, taking somebody off."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from appointments.booking import check_may_change
from appointments.models import (
    Agenda,
    Appointment,
    HalfDay,
    OfferState,
    SlotOffer,
    VisitReason,
    WaitingEntry,
    Weekday,
)
from appointments.waiting import contacts_to_offer, put_on_list, take_off_list
from notifications.wording import long_day
from patients.models import Patient
from portals.answers import done, refusals_shown
from portals.clock import set_clock
from portals.form_errors import refusals_in
from portals.form_fields import model_field
from portals.pagination import list_page
from portals.practitioner.forms import RowField
from portals.practitioner.practices import practice_of
from portals.practitioner.staff import appointment_of, frame, patient_of, staff_only
from practices.roles import may_share


class WaitingForm(forms.Form):
    visit_reason = RowField(
        VisitReason.objects.none(),
        label=gettext_lazy("Motif"),
        empty_label=gettext_lazy("Choisir…"),
        error_messages={
            "required": gettext_lazy("Choisissez un motif."),
            "invalid_choice": gettext_lazy("Ce motif n’est plus proposé : choisissez-en un autre."),
        },
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    agendas = forms.ModelMultipleChoiceField(
        Agenda.objects.none(),
        label=gettext_lazy("Agendas qui conviennent"),
        error_messages={"required": gettext_lazy("Cochez au moins un agenda.")},
        widget=forms.CheckboxSelectMultiple,
    )
    weekdays = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Jours qui conviennent"),
        help_text=gettext_lazy("Aucun coché : tous les jours."),
        required=False,
        coerce=int,
        choices=Weekday.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    halves = forms.MultipleChoiceField(
        label=gettext_lazy("Demi-journées qui conviennent"),
        help_text=gettext_lazy("Aucune cochée : toute la journée."),
        required=False,
        choices=HalfDay.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    until = forms.DateField(
        label=gettext_lazy("Jusqu’au"),
        help_text=gettext_lazy("Le dernier jour souhaité ; vide : sans limite."),
        required=False,
        error_messages={"invalid": gettext_lazy("Écrivez la date ainsi : 2026-11-24.")},
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "class": "form-control"}),
    )

    def __init__(self, *args: Any, patient: Patient, appointment: Appointment | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        practice = patient.practice
        reasons = practice.visit_reasons.filter(is_active=True)
        agendas = practice.agendas.filter(is_active=True)
        if appointment is not None:
            del self.fields["visit_reason"]
            agendas = agendas.filter(visit_reasons=appointment.visit_reason_id)
        else:
            model_field(self, "visit_reason").queryset = reasons
        model_field(self, "agendas").queryset = agendas

    @property
    def boxes(self) -> list[forms.BoundField]:
        return [self[name] for name in ("agendas", "weekdays", "halves")]


@dataclass(frozen=True)
class Line:
    """`offer`: the open one. `reachable`: whether an offer could be sent."""

    rank: int
    entry: WaitingEntry
    offer: SlotOffer | None
    reachable: bool
    wishes: str


@staff_only
@require_safe
def waiting_list(request: HttpRequest, user: User) -> HttpResponse:
    practice = practice_of(request, user)
    related = [
        *("practice", "patient__practice", "visit_reason", "appointment__visit_reason", "appointment__practice"),
        *("appointment__patient__practice", "appointment__holder", "appointment__agenda"),
    ]
    entries = WaitingEntry.objects.live().filter(practice=practice).select_related(*related)
    page = list_page(request, entries.prefetch_related("agendas", "offers__entry__practice"))
    lines = page.of([_line(rank, one) for rank, one in enumerate(page, page.first_rank)])
    context = frame(request, user, "agenda", practice=practice, lines=lines, may_share=may_share(user, practice))
    return render(request, "practitioner/waiting.html", context)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def wait_for_earlier(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """With an appointment, which an accepted offer moves."""
    appointment = appointment_of(user, pk)
    return _put_on_list(request, user, patient_of(user, appointment.patient_id), appointment)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def wait_for_one(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Without an appointment: an accepted offer books one."""
    return _put_on_list(request, user, patient_of(user, pk), None)


def _put_on_list(request: HttpRequest, user: User, patient: Patient, appointment: Appointment | None) -> HttpResponse:
    check_may_change(patient.practice, user)
    agenda = appointment.agenda if appointment and appointment.agenda.is_active else None
    initial = {"agendas": [agenda.pk]} if agenda else {}
    form = WaitingForm(request.POST or None, patient=patient, appointment=appointment, initial=initial)
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            asked = {"visit_reason": appointment.visit_reason} if appointment else {}
            put_on_list(patient=patient, appointment=appointment, by=user, **asked | form.cleaned_data)
            messages.success(
                request,
                _("%(name)s est sur la liste d’attente : le premier créneau qui convient lui sera proposé.")
                % {"name": patient.full_name},
            )
            return done("practitioner:waiting")
    context = frame(
        request, user, "agenda", practice=patient.practice, patient=patient, appointment=appointment, form=form
    )
    return render(request, "practitioner/waiting_new.html", context, status=400 if form.errors else 200)


@staff_only
@require_POST
def remove_waiting(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    entries = WaitingEntry.objects.of_staff(user).select_related("practice", "patient")
    entry = get_object_or_404(entries, pk=pk)
    set_clock(entry.practice)
    with refusals_shown(request) as answer:
        take_off_list(entry=entry, by=user)
        messages.success(
            request, _("%(name)s n’est plus sur la liste d’attente.") % {"name": entry.patient.full_name}
        )
    return answer.redirect("practitioner:waiting")


def rank_of(appointment: Appointment) -> int | None:
    """The rank on the list of who waits with this appointment; None if it is not on it."""
    own = WaitingEntry.objects.live().filter(appointment=appointment).first()
    if own is None:
        return None
    ids = WaitingEntry.objects.live().filter(practice=appointment.practice_id).values_list("pk", flat=True)
    return list(ids).index(own.pk) + 1


def _line(rank: int, entry: WaitingEntry) -> Line:
    return Line(
        rank,
        entry,
        next((one for one in entry.offers.all() if one.state == OfferState.OPEN), None),
        contacts_to_offer(entry) is not None,
        ", ".join([entry.reason.name, *_wishes(entry)]),
    )


def _wishes(entry: WaitingEntry) -> Iterator[str]:
    """Agendas, days, half-days and the last day, in words."""
    yield from (one.name for one in entry.agendas.all())
    yield from (str(Weekday(one).label) for one in entry.weekdays)
    yield from (str(HalfDay(one).label) for one in entry.halves)
    if entry.until:
        yield _("jusqu’au %(day)s") % {"day": long_day(entry.until)}
