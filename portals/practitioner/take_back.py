"""Taking back a shared document: asks first."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import User
from documents.consents.keeping import SignedByPatient, carries_patients_signature
from documents.models import SharedDocument
from documents.sharing.access import visible_as_staff
from documents.sharing.uploads import check_may_share
from documents.undoing.sharing import take_back_for_now
from portals.answers import done
from portals.practitioner.deliveries import back_to
from portals.practitioner.staff import frame, staff_only
from portals.practitioner.undo_offer import offer_to_undo, session_mark


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def take_back_document(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Asks first: once it can't be undone any more, this deletes the file for good."""
    documents = visible_as_staff(user).select_related(
        "patient__practice", "appointment__practice", "holder", "consent"
    )
    document = get_object_or_404(documents, pk=pk)
    if request.method != "POST":
        return _ask_to_take_back(request, user, document)
    back = back_to(request.POST.get("back"), document)
    offer_to_undo(request, take_back_for_now(document=document, by=user, session=session_mark(request)))
    messages.success(request, _("« %(title)s » est retiré : plus personne ne le voit.") % {"title": document.title})
    return done(back)


def _ask_to_take_back(request: HttpRequest, user: User, document: SharedDocument) -> HttpResponse:
    check_may_share(document.appointment, user)
    back = request.GET.get("back", "")
    context = frame(
        request,
        user,
        "deliveries" if back == "deliveries" else "agenda",
        practice=document.patient.practice,
        document=document,
        kept_because=SignedByPatient.words if carries_patients_signature(document) else "",
        back=back,
        back_to=back_to(back, document),
    )
    return render(request, "practitioner/take_back.html", context)
