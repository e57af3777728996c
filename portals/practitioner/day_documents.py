"""Documents of the library for the appointments of one day: what to send, and to whom. A draft comes of it."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from django import forms
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.models import User
from appointments.models import Agenda, Appointment, AppointmentStatus
from documents.models import LibraryDocument, ShareBatch
from documents.sharing.batches import MOST_APPOINTMENTS, draft
from portals.answers import done
from portals.form_errors import refusals_in
from portals.form_fields import choice_field
from portals.practitioner.agenda_place import AgendaPlace, place_of
from portals.practitioner.practices import practice_of
from portals.practitioner.staff import frame, staff_only
from practices.models import Practice
from practices.roles import require_sharer

EARLIER_SHOWN = 5  # batches of the same day


class DayDocumentsForm(forms.Form):
    documents = forms.MultipleChoiceField(
        label=gettext_lazy("Documents de la bibliothèque"),
        error_messages={
            "required": gettext_lazy("Cochez au moins un document."),
            "invalid_choice": gettext_lazy(
                "Un document coché n’est plus proposé : il a été archivé, ou il a maintenant des blancs à remplir."
            ),
        },
        widget=forms.CheckboxSelectMultiple,
    )
    everyone = forms.BooleanField(label=gettext_lazy("Tous les rendez-vous de cette liste"), required=False)
    appointments = forms.MultipleChoiceField(
        label=gettext_lazy("Rendez-vous"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, library: list[LibraryDocument], day: list[Appointment], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._day = {str(one.pk): one for one in day}
        self._library = {str(one.pk): one for one in library}
        choice_field(self, "documents").choices = [
            (pk, f"{one.title}, {one.category.label}") for pk, one in self._library.items()
        ]
        choice_field(self, "appointments").choices = [(pk, appointment_name(one)) for pk, one in self._day.items()]

    def clean(self) -> dict[str, Any]:
        asked = super().clean() or self.cleaned_data
        if "appointments" in asked and not asked["appointments"] and not asked.get("everyone"):
            self.add_error("appointments", _("Cochez au moins un rendez-vous, ou tous."))
        return asked

    def chosen(self) -> dict[str, Any]:
        """Of a valid form."""
        asked = self.cleaned_data
        ticked = self._day if asked["everyone"] else asked["appointments"]
        return {
            "appointments": [self._day[pk] for pk in ticked],
            "documents": [self._library[pk] for pk in asked["documents"]],
        }


def appointment_name(appointment: Appointment) -> str:
    """As the agenda names it: “09:00, Marie Durand, consultation, Salle 2”."""
    return ", ".join(
        [
            date_format(appointment.local_start, "H:i"),
            appointment.patient.full_name,
            appointment.visit_reason.name,
            appointment.agenda.name,
        ]
    )


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def day_documents(request: HttpRequest, user: User) -> HttpResponse:
    practice = practice_of(request, user)
    require_sharer(user, practice)
    place = place_of(request, practice)
    agendas = list(Agenda.objects.filter(practice=practice).select_related("practice"))
    day = _appointments(practice, place, place.chosen(agendas, user))
    in_use = LibraryDocument.objects.filter(practice=practice).in_use().with_newest()
    library = in_use.select_related("category").order_by("title")
    sendable, to_fill = (list(library.filter(Q(must_be_filled=blanks))) for blanks in (False, True))
    form = DayDocumentsForm(
        request.POST if request.method == "POST" else None,
        library=sendable,
        day=day[:MOST_APPOINTMENTS],
        initial={"documents": [], "appointments": []},
    )
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            batch = draft(practice=practice, day=place.day, **form.chosen(), by=user)
            return done("practitioner:batch", pk=batch.pk)
    context = frame(
        request,
        user,
        "agenda",
        practice=practice,
        form=form,
        place=place,
        agendas=agendas,
        count=len(day[:MOST_APPOINTMENTS]),
        has_more=len(day) > MOST_APPOINTMENTS,
        most=MOST_APPOINTMENTS,
        has_library=bool(sendable or to_fill),
        to_fill=to_fill,
        earlier=_earlier(practice, place.day),
    )
    return render(request, "practitioner/day_documents.html", context, status=400 if form.errors else 200)


def _appointments(practice: Practice, place: AgendaPlace, agendas: list[Agenda]) -> list[Appointment]:
    """Those of the day that are not cancelled, of these agendas; one more than a batch takes."""
    appointments = Appointment.objects.on_day(place.day, practice).filter(
        agenda__in=agendas, status=AppointmentStatus.BOOKED
    )
    related = appointments.select_related("practice", "patient", "agenda", "visit_reason")
    return list(related.order_by("starts_at", "id")[: MOST_APPOINTMENTS + 1])


def _earlier(practice: Practice, day: date) -> list[ShareBatch]:
    """What was sent for this day before, newest first."""
    sent = ShareBatch.objects.filter(practice=practice, day=day, sent_at__isnull=False)
    return list(sent.select_related("sent_by").order_by("-sent_at", "-id")[:EARLIER_SHOWN])


def uuids(texts: list[str]) -> list[uuid.UUID]:
    """Those that are ids."""
    items = []
    for text in texts:
        try:
            items.append(uuid.UUID(text))
        except ValueError:
            continue
    return items
