"""Filling in a document of the library for one appointment, then sharing it or having it signed."""

from __future__ import annotations

import json
import uuid
from typing import Any

from csp.constants import SELF
from csp.decorators import csp_update
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.sole_control import MAY_SIGN, require_sole_control, signed_in_until
from appointments.models import Appointment
from appointments.recipients import resolve
from documents.filling.drafts import draft_of, end_draft, keep_draft
from documents.filling.filled import print_filled, share_filled
from documents.models import FillingDraft, LibraryDocument, LibraryVersion, Task
from documents.sharing.uploads import check_may_share
from documents.to_sign.preparing import PARTS, change_task, prepare_task
from portals.answers import done
from portals.clock import set_clock
from portals.form_errors import refusals_in
from portals.pagination import list_page
from portals.practitioner.filling_form import MYSELF, FillingForm, initial_of
from portals.practitioner.paper import PaperPage, drawn
from portals.practitioner.script_configs import filling_config
from portals.practitioner.staff import appointment_of, frame, staff_only
from portals.practitioner.undo_offer import offer_to_undo, session_mark, share_act


@staff_only
@require_safe
def choose(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """The documents that can be filled in, and one's own unfinished ones."""
    appointment = appointment_of(user, pk)
    check_may_share(appointment, user)
    drafts = FillingDraft.objects.filter(user=user, appointment=appointment).select_related("version__document")
    documents = LibraryDocument.objects.filter(practice=appointment.practice).in_use().prefetch_related("versions")
    templates = [one for one in documents.select_related("category").order_by("title") if one.newest.body]
    context = frame(
        request,
        user,
        "agenda",
        practice=appointment.practice,
        appointment=appointment,
        drafts=drafts.order_by("-changed_at"),
        templates=list_page(request, sorted(templates, key=lambda one: not one.newest.has_blanks)),
    )
    return render(request, "practitioner/fill_choose.html", context)


# pdf.js decodes pictures of a paper in WebAssembly, as on the share page.
@csp_update({"script-src": [SELF, "'wasm-unsafe-eval'"]})
@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def fill(request: HttpRequest, user: User, pk: uuid.UUID, template: uuid.UUID) -> HttpResponse:
    """A POST keeps what was typed; then it shows the paper (`show`, `pdf`), or shares or prepares it."""
    appointment = appointment_of(user, pk)
    check_may_share(appointment, user)
    written = _version(appointment, template)
    draft = draft_of(user, appointment, written)
    form = FillingForm(request.POST or None, version=written, user=user, initial=initial_of(written, None) | draft)
    context = {"appointment": appointment, "version": written, "form": form, "has_draft": bool(draft)}
    if request.method != "POST":
        return _page(request, user, context)
    keep_draft(appointment=appointment, version=written, typed=form.typed(), by=user)
    if "keep" in request.POST:
        return HttpResponse(status=204)
    if "show" in request.POST or "pdf" in request.POST:
        return _shown(request, user, context)
    if form.is_valid():
        with refusals_in(form):
            return _finished(request, user, appointment, form)
    return _page(request, user, context)


@staff_only
@require_POST
def forget(request: HttpRequest, user: User, pk: uuid.UUID, template: uuid.UUID) -> HttpResponse:
    appointment = appointment_of(user, pk)
    end_draft(user, appointment, _version(appointment, template))
    messages.success(request, _("Ce que vous aviez commencé à remplir est effacé."))
    return done("practitioner:fill-choose", pk=pk)


@csp_update({"script-src": [SELF, "'wasm-unsafe-eval'"]})
@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Correct what was prepared, or sent back."""
    task = get_object_or_404(Task.objects.of_sharers(user).open().select_related(*PARTS), pk=pk)
    set_clock(task.practice)
    form = FillingForm(
        request.POST or None, version=task.version, user=user, task=task, initial=initial_of(task.version, task)
    )
    context = {"appointment": task.appointment, "version": task.version, "form": form, "task": task}
    if "show" in request.POST or "pdf" in request.POST:
        return _shown(request, user, context)
    if request.method == "POST" and form.is_valid() and (practitioner := form.practitioner()):
        with refusals_in(form):
            revision = request.POST.get("revision", "")
            seen = int(revision) if revision.isdecimal() and len(revision) < 9 else 0
            change_task(
                task=task,
                filling=form.filling(),
                practitioner=practitioner,
                revision=seen,
                by=user,
                confirm_patient=form.confirms_patient,
            )
            sentence = _("« %(title)s » est à signer par %(name)s.")
            messages.success(request, sentence % {"title": form.cleaned_data["title"], "name": practitioner})
            return done("practitioner:appointment", pk=task.appointment_id)
    return _page(request, user, context)


def _finished(request: HttpRequest, user: User, appointment: Appointment, form: FillingForm) -> HttpResponse:
    """Raises SignInAgain, and what the use cases raise."""
    filling, practitioner, confirms = form.filling(), form.practitioner(), form.confirms_patient
    pk = _document_id(request, appointment, user, form)
    if practitioner is not None:
        prepare_task(
            appointment=appointment,
            filling=filling,
            practitioner=practitioner,
            by=user,
            pk=pk,
            confirm_patient=confirms,
        )
        sentence = _("« %(title)s » est à signer par %(name)s.")
        messages.success(request, sentence % {"title": filling.title, "name": practitioner})
        return done("practitioner:appointment", pk=appointment.pk)
    if form.signs_oneself:
        require_sole_control(request)
    mark = session_mark(request)
    document = share_filled(
        appointment=appointment, filling=filling, by=user, pk=pk, session=mark, confirm_patient=confirms
    )
    offer_to_undo(request, share_act(document, user, mark))
    messages.success(request, _("« %(title)s » est partagé.") % {"title": document.title})
    return done("practitioner:share", pk=appointment.pk)


def _document_id(request: HttpRequest, appointment: Appointment, user: User, form: FillingForm) -> uuid.UUID | None:
    """A form sent twice makes one document; one that was changed after going back makes another."""
    key = request.POST.get("key", "")[:64]
    sent = json.dumps([str(user.pk), str(form.version.pk), key, form.typed()], sort_keys=True)
    return uuid.uuid5(appointment.pk, sent) if key else None


def _shown(request: HttpRequest, user: User, context: dict[str, Any]) -> HttpResponse:
    """The paper as it stands, made for this answer alone: a PDF for the page's script, else pictures in the page."""
    form: FillingForm = context["form"]
    pages: list[PaperPage] = []
    if form.is_valid():
        with refusals_in(form), print_filled(context["appointment"], form.filling()) as paper:
            if "pdf" in request.POST:
                return HttpResponse(paper.path.read_bytes(), content_type="application/pdf")
            pages = drawn(paper)
    if "pdf" in request.POST:
        sentences = [str(sentence) for sentences in form.errors.values() for sentence in sentences]
        return HttpResponse("\n".join(sentences), status=400, content_type="text/plain; charset=utf-8")
    return _page(request, user, context, pages=pages)


def _page(request: HttpRequest, user: User, context: dict[str, Any], **more: Any) -> HttpResponse:
    appointment, form = context["appointment"], context["form"]
    signs = any(value == MYSELF for value, _words in form.signers)
    config = filling_config(stamp=reverse("practitioner:stamp", args=[appointment.pk]) if signs else "")
    may_sign_until = "" if request.session.get(MAY_SIGN) else str(int(signed_in_until(request) * 1000))
    whole = frame(
        request,
        user,
        "agenda",
        practice=appointment.practice,
        recipient=resolve(appointment),
        may_share=True,
        patient=appointment.patient,
        key=request.POST.get("key") or uuid.uuid4().hex,
        newer=_newer(form.version),
        config=config,
        may_sign_until=may_sign_until,
        **context,
        **more,
    )
    return render(request, "practitioner/fill.html", whole, status=400 if form.errors else 200)


def _newer(written: LibraryVersion) -> LibraryVersion | None:
    """The version that has taken its place: an old tab, a draft, or what was prepared, still has this one."""
    newest = LibraryVersion.objects.filter(document=written.document_id).order_by("-number").first()
    return newest if newest and newest.pk != written.pk and newest.body else None


def _version(appointment: Appointment, pk: uuid.UUID) -> LibraryVersion:
    """A written document of the appointment's practice. Raises Http404."""
    written = LibraryVersion.objects.exclude(body="").filter(document__practice=appointment.practice_id)
    return get_object_or_404(written.select_related("document__practice", "document__category"), pk=pk)
