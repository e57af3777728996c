"""Moving an appointment by dragging it in the agenda's grid.

It moves at once if nothing speaks against it; otherwise the page that moves opens with the time and the question.
"""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.models import User
from appointments.booking import check_may_book
from appointments.doubts import Doubtful
from appointments.models import Agenda, Appointment
from appointments.online import MovedMeanwhile
from documents.models import UndoableAct
from documents.undoing.appointments import move_for_now
from portals.answers import not_done, refusals_shown
from portals.form_fields import model_field
from portals.practitioner.agenda_place import place_of
from portals.practitioner.appointment import say_what_moving_did
from portals.practitioner.forms import MomentField
from portals.practitioner.staff import appointment_of, staff_only
from portals.practitioner.undo_offer import offer_to_undo, session_mark

FORM = "%Y-%m-%dT%H:%M"  # of a form's field, on the practice's clock


class GridMoveForm(forms.Form):
    """`was`: its start on the page, so that a move by a colleague meanwhile is not undone unseen."""

    starts_at = MomentField()
    was = forms.DateTimeField()
    agenda = forms.ModelChoiceField(Agenda.objects.none(), required=False)

    def __init__(self, *args: Any, appointment: Appointment, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        model_field(self, "agenda").queryset = appointment.practice.agendas.all()


@staff_only
@require_POST
def move_in_grid(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Answers with the agenda, as it was shown; or with the page that moves, if there is a doubt."""
    appointment = appointment_of(user, pk)
    agenda_page = place_of(request, appointment.practice).address
    form = GridMoveForm(request.POST, appointment=appointment)
    if not form.is_valid():
        messages.error(request, _("Ce déplacement n’a pas été compris : déplacez le rendez-vous sur cette page."))
        return not_done("practitioner:move", pk=pk)
    asked = form.cleaned_data
    since = timezone.now()
    with refusals_shown(request) as refusal:
        try:
            moved, act = _moved(appointment, asked, user, session_mark(request))
        except Doubtful:
            return not_done(_page_that_moves(pk, asked))
        except ValidationError as refused:
            messages.error(request, " ".join(refused.messages))
            return not_done(_page_that_moves(pk, asked))
        say_what_moving_did(request, moved, since)
        offer_to_undo(request, act)
    return refusal.redirect(agenda_page)


@transaction.atomic
def _moved(
    appointment: Appointment, asked: dict[str, Any], by: User, session: str
) -> tuple[Appointment, UndoableAct | None]:
    """Raises MovedMeanwhile, and what appointments.moving.move raises."""
    check_may_book(appointment.practice, by)
    Appointment.objects.lock_first(appointment.pk)
    if not Appointment.objects.filter(pk=appointment.pk, starts_at=asked["was"]).exists():
        raise MovedMeanwhile
    return move_for_now(
        appointment=appointment,
        starts_at=asked["starts_at"],
        agenda=asked["agenda"],
        accepted=(),
        by=by,
        session=session,
    )


def _page_that_moves(pk: uuid.UUID, asked: dict[str, Any]) -> str:
    query = {"start": asked["starts_at"].strftime(FORM)}
    if asked["agenda"] is not None:
        query["agenda"] = str(asked["agenda"].pk)
    return f"{reverse('practitioner:move', args=[pk])}?{urlencode(query)}"
