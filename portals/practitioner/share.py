"""Sharing: one page, one card for each document, each validated on its own."""

from __future__ import annotations

import uuid
from typing import Any

from csp.constants import SELF
from csp.decorators import csp_update
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from accounts.sole_control import MAY_SIGN, signed_in_until
from appointments.models import Appointment
from appointments.recipients import resolve
from documents.models import Category, LibraryDocument, ReadingMeans, SharedDocument
from documents.sharing.access import visible_as_staff
from documents.sharing.likely_category import likely_category
from documents.sharing.reading import note_reading
from documents.sharing.share import share_library_document, share_upload
from documents.sharing.uploads import check_may_share
from files.intake import ScannerUnavailable
from files.limits import MEDIA_TYPES
from files.names import proposed_title
from files.serving import respond
from portals.answers import done
from portals.pagination import list_page
from portals.practitioner import document_lines
from portals.practitioner.access_words import standing_sentences, unconfirmed_sentences
from portals.practitioner.appointment import SHOWN, documents_of
from portals.practitioner.card import CardRefused, category_of, library_id_of, received, refusals_on_card
from portals.practitioner.forms import ContactsForm
from portals.practitioner.library_choice import library_choice
from portals.practitioner.receipt import receipt
from portals.practitioner.script_configs import share_config
from portals.practitioner.staff import appointment_of, frame, staff_only
from portals.practitioner.undo_offer import offer_to_undo, session_mark, share_act
from practices.roles import may_share, may_sign
from signing.models import SignatureImage


# pdf.js decodes scans (JPEG 2000, JBIG2) in WebAssembly: allowed on the share pages alone.
@csp_update({"script-src": [SELF, "'wasm-unsafe-eval'"]})
@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def share(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    appointment = appointment_of(user, pk)
    if request.method != "POST":
        return render(request, "practitioner/share.html", share_context(request, appointment, user))
    try:
        document = _share_card(request, appointment, user)
    except CardRefused as refused:
        return answer_refused(request, appointment, user, refused)
    if request.headers.get("X-Requested-With") != "card":
        messages.success(request, _("« %(title)s » est partagé.") % {"title": document.title})
        offer_to_undo(request, share_act(document, user, session_mark(request)))
        return done("practitioner:share", pk=pk)
    return receipt(request, document, user)


def share_context(request: HttpRequest, appointment: Appointment, user: User, **more: Any) -> dict[str, Any]:
    recipient = resolve(appointment)
    documents = list_page(request, documents_of(appointment, user), rows=SHOWN, name="documents", anchor="documents")
    shares, signs = may_share(user, appointment.practice), may_sign(user, appointment.practice)
    has_signature = signs and SignatureImage.objects.filter(user=user).exists()
    return (
        frame(
            request,
            user,
            "agenda",
            practice=appointment.practice,
            recipient=recipient,
            may_share=shares,
            has_signature=has_signature,
            may_sign=signs,
            contacts_form=ContactsForm(
                only=list(recipient.missing),
                patient=appointment.patient,
                initial={name: getattr(appointment.patient, name) for name in recipient.missing},
            )
            if recipient.missing
            else None,
            standing_sentences=standing_sentences(recipient, appointment.patient),
            unconfirmed=unconfirmed_sentences(appointment.patient),
            patient=appointment.patient,
            patient_is_minor=appointment.patient.is_minor_now(),
            categories=Category.objects.filter(is_active=True),
            **library_choice(request, appointment),
            documents=documents,
            document_lines=document_lines.drawn(request, documents, may_share=shares, back="share"),
            extensions=",".join(MEDIA_TYPES),
            config=_config(request, appointment, more.get("replacing"), signs=signs, has_signature=has_signature),
        )
        | more
    )


def _config(
    request: HttpRequest,
    appointment: Appointment,
    replacing: SharedDocument | None,
    *,
    signs: bool,
    has_signature: bool,
) -> dict[str, Any]:
    """Read by static/js/share.js. `maySignUntil`: milliseconds of Unix time; None if the session may sign without a
    time limit."""
    config = share_config()
    if replacing:
        config["words"]["shareOne"] = _("Remplacer par ce document")
    return config | {
        "url": replace_url(replacing) if replacing else reverse("practitioner:share", args=[appointment.pk]),
        "leftUrl": "" if replacing else reverse("practitioner:share-left", args=[appointment.pk]),
        "oneFile": replacing is not None,
        "categoryUrl": reverse("practitioner:propose-category", args=[appointment.pk]),
        "maySign": signs,
        "hasSignature": has_signature,
        "stampUrl": reverse("practitioner:stamp", args=[appointment.pk]) if signs else "",
        "maySignUntil": None if request.session.get(MAY_SIGN) else int(signed_in_until(request) * 1000),
        "patient": appointment.patient.full_name,
    }


def replace_url(document: SharedDocument) -> str:
    """The address that replaces the document's current file, unless somebody else has replaced it meanwhile."""
    return f"{reverse('practitioner:replace', args=[document.pk])}?instead_of={document.file_id}"


def _share_card(request: HttpRequest, appointment: Appointment, user: User) -> SharedDocument:
    """Share one document, from the library or uploaded. Raises CardRefused."""
    with refusals_on_card():
        if library_id := request.POST.get("library_document"):
            library = LibraryDocument.objects.filter(practice=appointment.practice).in_use()
            return share_library_document(
                appointment=appointment,
                library_document=get_object_or_404(library, pk=library_id_of(library_id)),
                by=user,
                session=session_mark(request),
            )
        code = request.POST.get("category", "")
        category = Category.objects.filter(is_active=True, code=code).first()
        if code and category is None:
            raise CardRefused(_("Choisissez une catégorie."))
        return _share_file(request, appointment, user, category)


def _share_file(
    request: HttpRequest, appointment: Appointment, user: User, category: Category | None
) -> SharedDocument:
    """Without a `category`, uses the one detected from name and text. Raises CardRefused."""
    pk = _document_id(request, appointment, user)
    made = visible_as_staff(user).filter(pk=pk, appointment=appointment).first() if pk else None
    if made is not None:
        return made  # a retry: the first answer was lost
    try:
        with received(request) as (intake, placement):
            return share_upload(
                appointment=appointment,
                intake=intake,
                category=category or category_of(intake),
                title=request.POST.get("title", "").strip() or proposed_title(intake.name),
                placement=placement,
                by=user,
                pk=pk,
                confirm_patient=bool(request.POST.get("confirm_patient")),
                session=session_mark(request),
            )
    except (ValidationError, IntegrityError):
        made = visible_as_staff(user).filter(pk=pk, appointment=appointment).first() if pk else None
        if made is None:
            raise
        return made  # the same card was sent twice at once: the other request was first


@staff_only
@require_POST
def propose_category(request: HttpRequest, user: User, pk: uuid.UUID) -> JsonResponse:
    """The category to preselect on a card before its file is sent. Stores neither the name nor the text."""
    check_may_share(appointment_of(user, pk), user)
    name, text = request.POST.get("name", ""), request.POST.get("text", "")
    likely = likely_category(name=name, text=text, is_picture=bool(request.POST.get("picture")))
    return JsonResponse({"category": likely.category.code if likely.category else "", "sentence": likely.sentence})


def _document_id(request: HttpRequest, appointment: Appointment, user: User) -> uuid.UUID | None:
    """The same card sent again gets the same id. Derived, so that a card cannot choose another document's id."""
    key = request.headers.get("Idempotency-Key", "")
    return uuid.uuid5(appointment.pk, f"{user.pk} {key[:255]}") if key else None


def answer_refused(
    request: HttpRequest, appointment: Appointment, user: User, refused: CardRefused, **more: Any
) -> HttpResponse:
    if request.headers.get("X-Requested-With") == "card":
        response = render(request, "practitioner/_card_error.html", {"sentence": refused}, status=refused.status)
    else:
        doubt = refused.status == 409
        context = share_context(
            request, appointment, user, card_error=str(refused), has_errors=True, ask_to_confirm=doubt, **more
        )
        response = render(request, "practitioner/share.html", context, status=refused.status)
    if refused.status == 503:
        response["Retry-After"] = str(ScannerUnavailable.retry_after)
    return response


@staff_only
@require_POST
def download(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponseBase:
    document = get_object_or_404(visible_as_staff(user).select_related("file"), pk=pk)
    response = respond(document.file, title=document.title, request=request)
    note_reading(documents=[document], by=user, means=ReadingMeans.DOWNLOADED)
    return response
