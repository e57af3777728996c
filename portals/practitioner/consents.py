"""Asking for the patient's signature under a document that is shared, and noting that nobody gave it."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from documents.consents.access import consent_of
from documents.consents.asking import ask
from documents.consents.waiting import consents_of_staff, note_seen
from documents.models import SharedDocument
from documents.sharing.access import visible_as_staff
from documents.sharing.uploads import check_may_share
from portals.answers import done, refusals_shown
from portals.clock import set_clock
from portals.form_errors import refusals_in
from portals.practitioner.library_signature import SignatureForm
from portals.practitioner.staff import frame, staff_only

PARTS = ("practice", "appointment__practice", "appointment__patient", "patient__practice", "file", "signed_by")


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def ask_for_signature(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    found = get_object_or_404(visible_as_staff(user).select_related(*PARTS), pk=pk)
    check_may_share(found.appointment, user)
    set_clock(found.practice)
    data = request.POST if request.method == "POST" else None
    form = SignatureForm(data, is_written=False, initial=_asked_before(found))
    if form.is_valid():
        with refusals_in(form):
            ask(document=found, asked=form.asked(), by=user)
            messages.success(request, _("La signature est demandée. Le message part sans dire sous quel document."))
            return done("practitioner:appointment", pk=found.appointment_id)
    context = frame(
        request,
        user,
        "agenda",
        practice=found.practice,
        document=found,
        appointment=found.appointment,
        form=form,
        has_errors=bool(form.errors),
    )
    return render(request, "practitioner/ask_signature.html", context, status=400 if form.errors else 200)


@staff_only
@require_POST
def note_consent_seen(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """A consent that waits, was refused or withdrawn: somebody of the practice knows."""
    consent = get_object_or_404(consents_of_staff(user), document=pk)
    with refusals_shown(request) as shown:
        note_seen(consent=consent, by=user)
        messages.success(request, _("C’est noté : cette signature n’est plus à traiter."))
    return shown.redirect("practitioner:deliveries")


def _asked_before(document: SharedDocument) -> dict[str, Any]:
    """The sentences of what was refused."""
    former = consent_of(document)
    if former is None:
        return {}
    return {"sentences": "\n".join(former.sentences), "booker_may_sign": former.booker_may_sign}
