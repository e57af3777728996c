"""Sharing: one page, one card for each document, each validated by itself."""

from __future__ import annotations

import uuid
from typing import Any

from csp.constants import SELF
from csp.decorators import csp_update
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.templatetags.static import static
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from accounts.roles import may_share, may_sign
from appointments.authorisation import NothingToAuthorise, authorise_holder, withdraw_authorisation
from appointments.models import Appointment
from appointments.recipients import resolve
from documents.access import visible_as_staff
from documents.files.intake import Intake, Refused, accept
from documents.files.limits import MAX_BYTES, MEDIA_TYPES
from documents.files.serving import respond
from documents.models import Category, LibraryDocument, ReadingMeans, SharedDocument, SignatureImage
from documents.reading import note_reading
from documents.sharing import RecipientNotReady, share_library_document, share_upload, take_back
from documents.signatures import NoSignatureImage
from documents.signing.placement import InvalidPlacement, Placement
from documents.signing.sign import CannotSign
from patients.records import change_patient
from portals.form_errors import say_refusal
from portals.practitioner.appointment import documents_of
from portals.practitioner.forms import ContactsForm
from portals.practitioner.share_words import share_words
from portals.practitioner.staff import appointment_of, frame, staff_only


class CardRefused(Exception):
    """What is wrong with one card, as a sentence."""


# pdf.js decodes scans (JPEG 2000, JBIG2) in WebAssembly: allowed on this page alone.
@csp_update({"script-src": [SELF, "'wasm-unsafe-eval'"]})
@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def share(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    found = appointment_of(user, pk)
    if request.method != "POST":
        return render(request, "practitioner/share.html", share_context(found, user))
    try:
        document = _share_card(request, found, user)
    except CardRefused as refused:
        return _refused(request, found, user, str(refused))
    if request.headers.get("X-Requested-With") != "card":
        messages.success(request, _("« %(title)s » est partagé.") % {"title": document.title})
        return redirect("practitioner:share", pk=pk)
    return render(request, "practitioner/_receipt.html", {"document": document}, status=201)


def share_context(found: Appointment, user: User, **more: Any) -> dict[str, Any]:
    recipient = resolve(found)
    signs = may_sign(user, found.practice)
    library = LibraryDocument.objects.filter(practice=found.practice).in_use().select_related("category")
    pdfjs = {
        name: static(f"vendor/pdfjs/{path}")
        for name, path in (("module", "build/pdf.min.mjs"), ("worker", "build/pdf.worker.min.mjs"))
    }
    return (
        frame(
            user,
            "agenda",
            appointment=found,
            recipient=recipient,
            may_share=may_share(user, found.practice),
            may_sign=signs,
            has_signature=signs and SignatureImage.objects.filter(user=user).exists(),
            contacts_form=ContactsForm(only=list(recipient.missing)) if recipient.missing else None,
            categories=Category.objects.filter(is_active=True),
            library=library.order_by("title"),
            documents=documents_of(found, user),
            pdfjs=pdfjs,
            pdfjs_base=f"{settings.STATIC_URL}vendor/pdfjs/",
            max_bytes=MAX_BYTES,
            extensions=",".join(MEDIA_TYPES),
            words=share_words(),
        )
        | more
    )


def _share_card(request: HttpRequest, found: Appointment, user: User) -> SharedDocument:
    """One document, from the library or uploaded. Raises CardRefused."""
    try:
        if library_id := request.POST.get("library_document"):
            library = LibraryDocument.objects.filter(practice=found.practice).in_use()
            return share_library_document(
                appointment=found, library_document=get_object_or_404(library, pk=_uuid(library_id)), by=user
            )
        category = Category.objects.filter(is_active=True, code=request.POST.get("category", "")).first()
        if category is None:
            raise CardRefused(_("Choisissez une catégorie."))
        return _share_file(request, found, user, category)
    except (Refused, CannotSign, InvalidPlacement) as refused:
        raise CardRefused(refused.message) from refused
    except NoSignatureImage:
        raise CardRefused(
            _("Créez d’abord votre signature dans « Ma signature », ou partagez sans signer.")
        ) from None
    except RecipientNotReady:
        raise CardRefused(
            _("Les coordonnées du destinataire ont changé. Rechargez la page : elle dit ce qui manque.")
        ) from None
    except ValidationError as refused:
        raise CardRefused(" ".join(refused.messages)) from refused


def _share_file(request: HttpRequest, found: Appointment, user: User, category: Category) -> SharedDocument:
    placement = _placement(request) if request.POST.get("sign") and "page" in request.POST else None
    file = request.FILES.get("file")
    intake = accept(file if isinstance(file, UploadedFile) else None)
    if request.POST.get("sign") and placement is None:
        placement = _bottom_right_of_last_page(intake)
    return share_upload(
        appointment=found,
        intake=intake,
        category=category,
        title=request.POST.get("title", ""),
        placement=placement,
        by=user,
    )


def _placement(request: HttpRequest) -> Placement:
    try:
        return Placement(
            page=int(request.POST["page"]),
            x=float(request.POST["x"]),
            y=float(request.POST["y"]),
            width=float(request.POST.get("width", "0.25")),
        )
    except (KeyError, ValueError):
        raise CardRefused(_("La place de la signature est incomplète. Placez-la de nouveau sur la page.")) from None


def _bottom_right_of_last_page(intake: Intake) -> Placement:
    """Where a signature goes when the page could not show one (no JavaScript)."""
    return Placement(page=intake.page_count, x=0.8, y=0.9)


def _refused(request: HttpRequest, found: Appointment, user: User, sentence: str) -> HttpResponse:
    if request.headers.get("X-Requested-With") == "card":
        return render(request, "practitioner/_card_error.html", {"sentence": sentence}, status=400)
    context = share_context(found, user, card_error=sentence, has_errors=True)
    return render(request, "practitioner/share.html", context, status=400)


@staff_only
@require_POST
def complete_contacts(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Fill in what the record lacks, on the spot."""
    found = appointment_of(user, pk)
    missing = list(resolve(found).missing)
    form = ContactsForm(request.POST, only=missing)
    if not may_share(user, found.practice):
        return redirect("practitioner:appointment", pk=pk)
    if form.is_valid():
        try:
            change_patient(patient=found.patient, by=user, within=found.pk, **form.cleaned_data)
        except ValidationError as refused:
            say_refusal(form, refused)
        else:
            messages.success(request, _("Les coordonnées sont enregistrées."))
            return redirect("practitioner:share", pk=pk)
    context = share_context(found, user, contacts_form=form, form=form)
    return render(request, "practitioner/share.html", context, status=400)


@staff_only
@require_POST
def authorise(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    try:
        authorise_holder(appointment=appointment_of(user, pk), by=user)
    except NothingToAuthorise:
        messages.info(request, _("Aucune autorisation n’est nécessaire : le destinataire est déjà prêt."))
    return redirect("practitioner:share", pk=pk)


@staff_only
@require_POST
def withdraw(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    withdraw_authorisation(appointment=appointment_of(user, pk), by=user)
    messages.success(request, _("L’autorisation est retirée : le titulaire du compte ne voit plus ces documents."))
    return redirect("practitioner:appointment", pk=pk)


@staff_only
@require_POST
def take_back_document(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    document = get_object_or_404(visible_as_staff(user), pk=pk)
    appointment_id = document.appointment_id
    take_back(document=document, by=user)
    if request.headers.get("HX-Request") == "true":
        return render(request, "practitioner/_taken_back.html", {"title": document.title})
    messages.success(request, _("« %(title)s » est retiré : plus personne ne le voit.") % {"title": document.title})
    return redirect("practitioner:appointment", pk=appointment_id)


@staff_only
@require_POST
def download(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponseBase:
    document = get_object_or_404(visible_as_staff(user).select_related("file"), pk=pk)
    response = respond(document.file, filename=document.name, request=request)
    note_reading(documents=[document], by=user, means=ReadingMeans.DOWNLOADED)
    return response


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise CardRefused(_("Ce document n’est plus dans la bibliothèque. Rechargez la page.")) from None
