"""Replaces the file of a shared document: the share page for one file."""

from __future__ import annotations

import uuid

from csp.constants import SELF
from csp.decorators import csp_update
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import User
from appointments.models import Appointment
from appointments.recipients import resolve
from documents.models import SharedDocument
from documents.sharing.access import visible_as_staff
from documents.sharing.replacing import check_replaceable, replace_document
from documents.sharing.uploads import check_may_share
from portals.answers import done, not_done, refusals_shown
from portals.practitioner.card import CardRefused, received, refusals_on_card
from portals.practitioner.receipt import receipt
from portals.practitioner.share import answer_refused, share_context
from portals.practitioner.staff import appointment_of, staff_only


@csp_update({"script-src": [SELF, "'wasm-unsafe-eval'"]})  # as on the share page
@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def replace(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    visible = visible_as_staff(user).select_related("holder", "authorisation", "category", "file")
    document = get_object_or_404(visible, pk=pk)
    appointment = appointment_of(user, document.appointment_id)
    check_may_share(appointment, user)
    if request.method != "POST":
        return _page(request, appointment, user, document)
    try:
        replaced = _replace_by_card(request, document, user)
    except CardRefused as refused:
        return answer_refused(request, appointment, user, refused, replacing=document)
    if request.headers.get("X-Requested-With") != "card":
        messages.success(request, _("« %(title)s » est remplacé.") % {"title": replaced.title})
        return done("practitioner:appointment", pk=appointment.pk)
    return receipt(request, replaced, user)


def _page(request: HttpRequest, appointment: Appointment, user: User, document: SharedDocument) -> HttpResponse:
    with refusals_shown(request):
        check_replaceable(document, resolve(appointment))
        return render(
            request, "practitioner/share.html", share_context(request, appointment, user, replacing=document)
        )
    return not_done("practitioner:appointment", pk=appointment.pk)


def _replace_by_card(request: HttpRequest, document: SharedDocument, user: User) -> SharedDocument:
    """Raises CardRefused."""
    seen = request.GET.get("instead_of", "")
    try:
        instead_of = uuid.UUID(seen) if seen else None
    except ValueError:
        raise CardRefused(_("Ce document a déjà été remplacé ou retiré. Rechargez la page.")) from None
    with refusals_on_card(), received(request) as (intake, placement):
        return replace_document(
            document=document,
            intake=intake,
            placement=placement,
            by=user,
            instead_of=instead_of,
            confirm_patient=bool(request.POST.get("confirm_patient")),
        )
