"""*Rétablir le rendez-vous*: a cancelled one to come, at its time, or at another if that is taken."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import User
from appointments.booking import check_may_change
from appointments.doubts import Doubt, Doubtful
from appointments.models import AppointmentStatus
from appointments.reinstating import in_its_place, reinstate
from portals.answers import done, not_done
from portals.appointment_words import appointment_facts
from portals.form_errors import refusals_in
from portals.practitioner.forms import MoveForm
from portals.practitioner.free_times import free_times_answer, free_times_of, shown_again
from portals.practitioner.notice_words import sent_notices
from portals.practitioner.staff import appointment_of, frame, staff_only


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def reinstate_appointment(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """The form has its former time and place; what stands there now is said above it."""
    appointment = appointment_of(user, pk)
    check_may_change(appointment.practice, user)
    if appointment.status != AppointmentStatus.CANCELLED:
        messages.info(request, _("Ce rendez-vous n’est pas annulé."))
        return not_done("practitioner:appointment", pk=pk)
    initial = {
        "starts_at": appointment.local_start,
        "agenda": appointment.agenda_id,
        "visit_reason": appointment.visit_reason_id,
        "kind": appointment.kind,
    }
    typed = shown_again(request)
    form = MoveForm(None if typed else request.POST or None, appointment=appointment, initial=typed or initial)
    if typed and request.headers.get("HX-Request") == "true":
        return free_times_answer(request, form)
    doubts: list[Doubt] = []
    if form.is_bound and form.is_valid():
        since = timezone.now()
        try:
            with refusals_in(form, but=(Doubtful,)):
                accepted = request.POST.getlist("accepted")
                back = reinstate(appointment=appointment, by=user, accepted=accepted, **form.cleaned_data)
                notices, lacks = sent_notices(back, since=since)
                sentence = _("Le rendez-vous %(of_name)s est rétabli : %(what)s.") % appointment_facts(back)
                (messages.warning if lacks else messages.success)(request, f"{sentence} {notices}".strip())
                return done("practitioner:appointment", pk=pk)
        except Doubtful as asked:
            doubts = asked.doubts
    context = frame(
        request,
        user,
        "agenda",
        practice=appointment.practice,
        appointment=appointment,
        form=form,
        doubts=doubts,
        taken=in_its_place(appointment),
        **free_times_of(request, form),
    )
    status = 400 if form.errors else 409 if doubts else 200
    return render(request, "practitioner/reinstate.html", context, status=status)
