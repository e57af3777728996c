"""Sharing: one page, one card for each document, each validated by itself."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from csp.constants import SELF
from csp.decorators import csp_update
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.sole_control import MAY_SIGN, SignInAgain, require_sole_control, signed_in_until
from appointments.authorisation import authorise_holder, withdraw_authorisation
from appointments.models import Appointment
from appointments.recipients import resolve
from documents.models import Category, LibraryDocument, ReadingMeans, SharedDocument
from documents.models.shared import AudienceChoice
from documents.sharing.access import visible_as_staff
from documents.sharing.accesses import accesses_to
from documents.sharing.likely_category import likely_category
from documents.sharing.reading import note_reading
from documents.sharing.share import share_library_document, share_upload, take_back
from documents.sharing.uploads import RecipientNotReady, check_may_share
from documents.sharing.wrong_patient import WrongPatientSuspected
from files.intake import Intake, Refused, ScannerUnavailable, accept, discard
from files.limits import MAX_BYTES, MEDIA_TYPES, PDF
from files.notices import notice_sentences
from files.serving import respond
from patients.ownership import CONTACTS
from patients.records import change_patient, confirm_contacts
from portals.answers import OF_PAGES, refusals_told
from portals.clock import set_clock
from portals.form_errors import refusals_in
from portals.page_pictures import page_picture_of, shown_pages
from portals.practitioner.access_changes import what_saving_did
from portals.practitioner.access_words import standing_sentences, unconfirmed_sentences
from portals.practitioner.appointment import documents_of
from portals.practitioner.asking import Question, ask
from portals.practitioner.deliveries import back_to
from portals.practitioner.forms import ContactsForm
from portals.practitioner.share_words import share_words
from portals.practitioner.staff import appointment_of, frame, staff_only
from practices.roles import may_share, may_sign
from refusals import Kind, Refusal
from signing.models import SignatureImage
from signing.pdf.placement import Placement

RECEIPT_PAGES = 3
RECEIPT_LASTS = timedelta(hours=1)


class CardRefused(Exception):
    """What is wrong with one card, as a sentence; `status` tells the page's script what it may do about it.

    `of_the_file`: the file itself is not taken; to send it again changes nothing.
    """

    def __init__(self, sentence: str, status: int = 400, *, of_the_file: bool = False) -> None:
        super().__init__(sentence)
        self.status = status
        self.of_the_file = of_the_file


# pdf.js decodes scans (JPEG 2000, JBIG2) in WebAssembly: allowed on this page alone.
@csp_update({"script-src": [SELF, "'wasm-unsafe-eval'"]})
@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def share(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    found = appointment_of(user, pk)
    if request.method != "POST":
        return render(request, "practitioner/share.html", share_context(request, found, user))
    try:
        document = _share_card(request, found, user)
    except CardRefused as refused:
        return answer_refused(request, found, user, refused)
    if request.headers.get("X-Requested-With") != "card":
        messages.success(request, _("« %(title)s » est partagé.") % {"title": document.title})
        return redirect("practitioner:share", pk=pk)
    return receipt(request, document)


def receipt(request: HttpRequest, document: SharedDocument) -> HttpResponse:
    """What the card turns into."""
    signed = _signed_page(request, document) if document.is_signed else None
    context = {
        "document": document,
        "notices": notice_sentences(document.notices),
        "pages": shown_pages(document, at_most=RECEIPT_PAGES, among=signed),
        "signed_page": signed,
    }
    return render(request, "practitioner/_receipt.html", context, status=201)


def _signed_page(request: HttpRequest, document: SharedDocument) -> int | None:
    """Where the signature just went: as the card said, else the last page."""
    try:
        return int(request.POST["page"])
    except (KeyError, ValueError):
        return document.page_count


@staff_only
@require_safe
def receipt_state(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """What became of the messages about a document: the receipt asks again while one of them waits."""
    document = get_object_or_404(visible_as_staff(user).select_related("appointment__practice"), pk=pk)
    set_clock(document.appointment.practice)
    return render(request, "practitioner/_receipt_state.html", {"document": document})


def share_context(request: HttpRequest, found: Appointment, user: User, **more: Any) -> dict[str, Any]:
    recipient = resolve(found)
    signs = may_sign(user, found.practice)
    library = LibraryDocument.objects.filter(practice=found.practice).in_use().select_related("category")
    pdfjs = {
        name: static(f"vendor/pdfjs/{path}")
        for name, path in (("module", "build/pdf.min.mjs"), ("worker", "build/pdf.worker.min.mjs"))
    }
    return (
        frame(
            request,
            user,
            "agenda",
            practice=found.practice,
            appointment=found,
            recipient=recipient,
            may_share=may_share(user, found.practice),
            may_sign=signs,
            has_signature=signs and SignatureImage.objects.filter(user=user).exists(),
            contacts_form=ContactsForm(
                only=list(recipient.missing),
                patient=found.patient,
                initial={name: getattr(found.patient, name) for name in recipient.missing},
            )
            if recipient.missing
            else None,
            standing_sentences=standing_sentences(recipient, found.patient),
            unconfirmed=unconfirmed_sentences(found.patient),
            patient=found.patient,
            patient_is_minor=found.patient.is_minor_now(),
            categories=Category.objects.filter(is_active=True),
            library=library.order_by("title"),
            documents=documents_of(found, user),
            pdfjs=pdfjs,
            pdfjs_base=f"{settings.STATIC_URL}vendor/pdfjs/",
            max_bytes=MAX_BYTES,
            extensions=",".join(MEDIA_TYPES),
            words=share_words(),
            may_sign_until=None if request.session.get(MAY_SIGN) else int(signed_in_until(request) * 1000),
        )
        | more
    )


def _share_card(request: HttpRequest, found: Appointment, user: User) -> SharedDocument:
    """One document, from the library or uploaded. Raises CardRefused."""
    with refusals_on_card():
        if library_id := request.POST.get("library_document"):
            library = LibraryDocument.objects.filter(practice=found.practice).in_use()
            return share_library_document(
                appointment=found, library_document=get_object_or_404(library, pk=_uuid(library_id)), by=user
            )
        code = request.POST.get("category", "")
        category = Category.objects.filter(is_active=True, code=code).first()
        if code and category is None:
            raise CardRefused(_("Choisissez une catégorie."))
        return _share_file(request, found, user, category)


@contextmanager
def refusals_on_card() -> Iterator[None]:
    """What sharing refuses, as the sentence of its card. OF_PAGES go through."""
    try:
        yield
    except WrongPatientSuspected as suspected:  # the card asks
        raise CardRefused(suspected.sentence, 409) from suspected
    except RecipientNotReady as refused:  # the page says what is missing, and has the fields for it
        raise CardRefused(
            _("Les coordonnées du destinataire ont changé. Rechargez la page : elle dit ce qui manque.")
        ) from refused
    except Refusal as refused:
        if refused.kind in OF_PAGES:
            raise
        later = refused.kind == Kind.TRY_LATER
        of_the_file = isinstance(refused, Refused) and not later
        raise CardRefused(refused.sentence, 503 if later else 400, of_the_file=of_the_file) from refused
    except ValidationError as refused:
        raise CardRefused(" ".join(refused.messages)) from refused


def _share_file(request: HttpRequest, found: Appointment, user: User, category: Category | None) -> SharedDocument:
    """Without a `category`, the one that its name and its text say. Raises CardRefused."""
    pk = _document_id(request, found, user)
    made = visible_as_staff(user).filter(pk=pk, appointment=found).first() if pk else None
    if made is not None:
        return made  # the first answer was lost on its way
    intake, placement = received(request)
    try:
        return share_upload(
            appointment=found,
            intake=intake,
            category=category or _category_of(intake),
            title=request.POST.get("title", ""),
            placement=placement,
            by=user,
            pk=pk,
            confirm_patient=bool(request.POST.get("confirm_patient")),
        )
    except (ValidationError, IntegrityError):
        made = visible_as_staff(user).filter(pk=pk, appointment=found).first() if pk else None
        if made is None:
            raise
        return made  # the same card, sent twice at once: the other was first


def _category_of(intake: Intake) -> Category:
    is_picture = intake.media_type != PDF
    likely = likely_category(name=intake.name, text=intake.opening_text, is_picture=is_picture).category
    if likely is None:
        discard(intake)
        raise CardRefused(_("Choisissez une catégorie."))
    return likely


@staff_only
@require_POST
def propose_category(request: HttpRequest, user: User, pk: uuid.UUID) -> JsonResponse:
    """What a card preselects before its file is sent. Keeps nothing of the name and the text."""
    check_may_share(appointment_of(user, pk), user)
    name, text = request.POST.get("name", ""), request.POST.get("text", "")
    likely = likely_category(name=name, text=text, is_picture=bool(request.POST.get("picture")))
    return JsonResponse({"category": likely.category.code if likely.category else "", "sentence": likely.sentence})


def received(request: HttpRequest) -> tuple[Intake, Placement | None]:
    """The card's file, checked; and where its signature goes, if it gets one. Raises SignInAgain but on a card."""
    if request.POST.get("sign"):
        try:
            require_sole_control(request)
        except SignInAgain as needed:
            if request.headers.get("X-Requested-With") != "card":
                raise
            raise CardRefused(needed.sentence, 401) from needed
    placement = _placement(request) if request.POST.get("sign") and "page" in request.POST else None
    file = request.FILES.get("file")
    intake = accept(file if isinstance(file, UploadedFile) else None)
    try:
        if request.POST.get("sign") and placement is None:
            placement = _bottom_right_of_last_page(intake)
    except BaseException:
        discard(intake)
        raise
    return intake, placement


def _document_id(request: HttpRequest, found: Appointment, user: User) -> uuid.UUID | None:
    """The same card sent again makes the same document. Derived, so that no card can name another's document."""
    key = request.headers.get("Idempotency-Key", "")
    return uuid.uuid5(found.pk, f"{user.pk} {key[:255]}") if key else None


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


def answer_refused(
    request: HttpRequest, found: Appointment, user: User, refused: CardRefused, **more: Any
) -> HttpResponse:
    if request.headers.get("X-Requested-With") == "card":
        response = render(request, "practitioner/_card_error.html", {"sentence": refused}, status=refused.status)
    else:
        doubt = refused.status == 409
        context = share_context(
            request, found, user, card_error=str(refused), has_errors=True, ask_to_confirm=doubt, **more
        )
        response = render(request, "practitioner/share.html", context, status=refused.status)
    if refused.status == 503:
        response["Retry-After"] = str(ScannerUnavailable.retry_after)
    return response


@staff_only
@require_POST
def complete_contacts(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Fill in what the record lacks, on the spot."""
    found = appointment_of(user, pk)
    missing = list(resolve(found).missing)
    form = ContactsForm(request.POST, only=missing, patient=found.patient)
    if not may_share(user, found.practice):
        return redirect("practitioner:appointment", pk=pk)
    if form.is_valid():
        with refusals_in(form):
            done = _enter_contacts(found, form, user)
            messages.success(request, done)
            return redirect("practitioner:share", pk=pk)
    context = share_context(request, found, user, contacts_form=form, form=form)
    return render(request, "practitioner/share.html", context, status=400)


@transaction.atomic
def _enter_contacts(found: Appointment, form: ContactsForm, by: User) -> str:
    """What it did. Staff who type the very contacts that waited to be confirmed confirm them. Raises as
    change_patient."""
    accesses = accesses_to(found.patient)
    before = {name: getattr(found.patient, name) for name in CONTACTS}
    changed = change_patient(patient=found.patient, by=by, within=found.pk, **form.changes())
    if before == {name: getattr(changed, name) for name in CONTACTS}:
        confirm_contacts(patient=changed, by=by, within=found.pk)
    return what_saving_did(accesses, accesses_to(changed))


@staff_only
@require_POST
def authorise(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    with refusals_told(request, level=messages.INFO):
        authorise_holder(appointment=appointment_of(user, pk), by=user)
    return redirect("practitioner:share", pk=pk)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Asks first: messages that have not left are called off with it."""
    found = appointment_of(user, pk)
    if request.method != "POST":
        return _ask_to_withdraw(request, user, found)
    withdraw_authorisation(appointment=found, by=user)
    messages.success(
        request, _("L’autorisation est retirée : la personne qui a pris le rendez-vous ne voit plus ces documents.")
    )
    return redirect("practitioner:appointment", pk=pk)


def _ask_to_withdraw(request: HttpRequest, user: User, found: Appointment) -> HttpResponse:
    check_may_share(found, user)
    seen = SharedDocument.objects.filter(appointment=found, audience=AudienceChoice.HOLDER).count()
    facts = {"holder": found.holder, "name": found.patient.full_name, "count": seen}
    question = Question(
        heading=_("Retirer l’autorisation donnée à %(holder)s ?") % facts,
        ends=[
            ngettext(
                "%(holder)s ne verra plus le document de %(name)s partagé pour ce rendez-vous.",
                "%(holder)s ne verra plus les %(count)s documents de %(name)s partagés pour ce rendez-vous.",
                seen,
            )
            % facts
            if seen
            else _("%(holder)s ne recevra aucun document de %(name)s pour ce rendez-vous.") % facts,
            _("Les messages qui ne sont pas encore partis sont annulés. Les documents restent au cabinet."),
        ],
        button=_("Retirer l’autorisation"),
        back=reverse("practitioner:appointment", args=[found.pk]),
    )
    return ask(request, user, question, practice=found.practice)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def take_back_document(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Asks first: the file goes, and nothing brings it back."""
    found = visible_as_staff(user).select_related("patient__practice", "appointment__practice", "holder")
    document = get_object_or_404(found, pk=pk)
    if request.method != "POST":
        return _ask_to_take_back(request, user, document)
    back = back_to(request.POST.get("back"), document)
    take_back(document=document, by=user)
    messages.success(request, _("« %(title)s » est retiré : plus personne ne le voit.") % {"title": document.title})
    return redirect(back)


def _ask_to_take_back(request: HttpRequest, user: User, document: SharedDocument) -> HttpResponse:
    check_may_share(document.appointment, user)
    back = request.GET.get("back", "")
    context = frame(
        request,
        user,
        "deliveries" if back == "deliveries" else "agenda",
        practice=document.patient.practice,
        document=document,
        back=back,
        back_to=back_to(back, document),
    )
    return render(request, "practitioner/take_back.html", context)


@staff_only
@require_safe
def receipt_page(request: HttpRequest, user: User, pk: uuid.UUID, page: int) -> HttpResponse:
    """What one has just shared, shown on its receipt. To look at it later is a reading, which is a POST."""
    just_shared = visible_as_staff(user).filter(shared_by=user, shared_at__gte=timezone.now() - RECEIPT_LASTS)
    return page_picture_of(request, get_object_or_404(just_shared.select_related("file"), pk=pk), page)


@staff_only
@require_POST
def download(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponseBase:
    document = get_object_or_404(visible_as_staff(user).select_related("file"), pk=pk)
    response = respond(document.file, title=document.title, request=request)
    note_reading(documents=[document], by=user, means=ReadingMeans.DOWNLOADED)
    return response


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise CardRefused(_("Ce document n’est plus dans la bibliothèque. Rechargez la page.")) from None
