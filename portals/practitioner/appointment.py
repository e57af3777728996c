"""One appointment: its panel, its history, booking, cancelling, deleting."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Practice, User
from accounts.roles import may_share
from appointments.authorisation import keep_with_holder, outlived_authorisation
from appointments.booking import AppointmentCancelled, book, cancel, delete, move
from appointments.history import history_of
from appointments.models import Appointment
from appointments.recipients import resolve
from documents.access import around
from documents.models import Category, SharedDocument
from patients.records import create_patient
from patients.relatives import look_alikes
from portals.form_errors import say_refusal
from portals.practitioner.agenda import agenda_context
from portals.practitioner.forms import BookingForm, MoveForm
from portals.practitioner.staff import appointment_of, frame, staff_only

HISTORY_LINES = 200


@staff_only
@require_safe
def appointment(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """The panel, alone for htmx; beside the agenda of its day otherwise (alone again on a small screen)."""
    found = appointment_of(user, pk)
    context = panel_context(found, user)
    if request.headers.get("HX-Request") == "true" and request.headers.get("HX-Target") == "panel":
        return render(request, "practitioner/_panel.html", context)
    context |= agenda_context(request, user, day=found.local_start.date())
    return render(request, "practitioner/agenda.html", frame(user, "agenda", **context))


def panel_context(found: Appointment, user: User) -> dict[str, Any]:
    documents = documents_of(found, user)
    outlived = outlived_authorisation(found)
    return {
        "appointment": found,
        "recipient": resolve(found),
        "documents": documents,
        "outlived": outlived,
        "outlived_count": sum(one.authorisation_id == outlived.pk for one in documents) if outlived else 0,
        "look_alikes": look_alikes(found.patient),
        "auto_sends": found.auto_sends.select_related("document", "rule", "shared", "link"),
        "may_share": may_share(user, found.practice),
    }


def documents_of(found: Appointment, user: User) -> list[SharedDocument]:
    visible = around(found, user=user).select_related(
        "category", "file", "shared_by", "signed_by", "holder", "authorisation", "patient"
    )
    return list(visible.prefetch_related("messages"))


@staff_only
@require_safe
def history(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    found = appointment_of(user, pk)
    lines = list(history_of(found)[:HISTORY_LINES])
    actors = User.objects.in_bulk({line.actor_id for line in lines if line.actor_id})
    titles = dict(around(found, user=user).values_list("pk", "title"))
    categories = {category.code: category.label for category in Category.objects.all()}
    told = [
        {
            "at": line.at,
            "actor": actors.get(line.actor_id) if line.actor_id else None,
            "words": ACTION_WORDS().get(line.action, line.action),
            "what": titles.get(line.object_id) or categories.get(str(line.detail.get("category", "")), ""),
        }
        for line in lines
    ]
    return render(request, "practitioner/history.html", frame(user, "agenda", appointment=found, lines=told))


def ACTION_WORDS() -> dict[str, str]:  # noqa: N802  # a table, in the language of the page
    return {
        "appointment.booked": _("Rendez-vous pris"),
        "appointment.moved": _("Rendez-vous déplacé"),
        "appointment.cancelled": _("Rendez-vous annulé"),
        "document.shared": _("Document partagé"),
        "document.taken_back": _("Document retiré"),
        "document.read": _("Document lu par le destinataire"),
        "document.consulted": _("Document ouvert par le cabinet"),
        "holder.authorised": _("Titulaire du compte autorisé"),
        "holder.authorisation_withdrawn": _("Autorisation du titulaire retirée"),
        "holder.authorisation_kept": _("Documents laissés au titulaire du compte"),
        "auto_send.sent": _("Document envoyé automatiquement"),
        "link.revoked": _("Lien fermé"),
        "auto_send.cancelled": _("Envoi automatique annulé"),
        "contact.changed": _("Coordonnées du patient modifiées"),
        "invitation.sent": _("Invitation envoyée"),
        "invitation.stopped": _("Invitation arrêtée"),
        "message.failed": _("Message non remis"),
    }


@staff_only
@require_POST
def keep_documents_with_holder(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    keep_with_holder(appointment=appointment_of(user, pk), by=user)
    messages.success(request, _("Les documents déjà partagés restent visibles par le titulaire du compte."))
    return redirect("practitioner:appointment", pk=pk)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def move_appointment(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    found = appointment_of(user, pk)
    initial = {
        "starts_at": found.local_start,
        "agenda": found.agenda_id,
        "visit_reason": found.visit_reason_id,
    }
    form = MoveForm(request.POST or None, practice=found.practice, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            move(appointment=found, by=user, **form.cleaned_data)
        except ValidationError as refused:
            say_refusal(form, refused)
        except AppointmentCancelled:
            form.add_error(None, _("Ce rendez-vous est annulé : prenez-en un autre."))
        else:
            messages.success(request, _("Le rendez-vous est déplacé."))
            return redirect("practitioner:appointment", pk=pk)
    context = frame(user, "agenda", appointment=found, form=form)
    return render(request, "practitioner/move.html", context, status=400 if form.errors else 200)


@staff_only
@require_POST
def cancel_appointment(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    cancel(appointment=appointment_of(user, pk), by=user)
    messages.success(request, _("Le rendez-vous est annulé. Les documents partagés restent visibles."))
    return redirect("practitioner:appointment", pk=pk)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def delete_appointment(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Says first, in plain words, which documents vanish."""
    found = appointment_of(user, pk)
    if request.method == "POST":
        day = found.local_start.date()
        delete(appointment=found, by=user)
        messages.success(request, _("Le rendez-vous et ses documents partagés sont supprimés."))
        response = redirect("practitioner:agenda")
        response["Location"] += f"?date={day.isoformat()}"
        return response
    context = frame(user, "agenda", appointment=found, documents=documents_of(found, user))
    return render(request, "practitioner/delete.html", context)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def new_appointment(request: HttpRequest, user: User) -> HttpResponse:
    practice: Practice = agenda_context(request, user)["practice"]
    initial = {"starts_at": request.GET.get("start"), "agenda": request.GET.get("agenda")}
    form = BookingForm(request.POST or None, practice=practice, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            made = _book(form.cleaned_data, practice, user)
        except ValidationError as refused:
            say_refusal(form, refused)
        else:
            messages.success(request, _("Le rendez-vous est pris."))
            return redirect("practitioner:appointment", pk=made.pk)
    return render(request, "practitioner/new_appointment.html", frame(user, "agenda", form=form))


@transaction.atomic
def _book(asked: dict[str, Any], practice: Practice, user: User) -> Appointment:
    patient = asked["patient"] or create_patient(
        practice=practice,
        **{name: asked[name] for name in ("first_name", "last_name", "birth_date")},
        email=asked["email"] or None,
        mobile=asked["mobile"] or None,
        by=user,
    )
    return book(
        agenda=asked["agenda"],
        visit_reason=asked["visit_reason"],
        patient=patient,
        starts_at=asked["starts_at"],
        kind=asked["kind"],
        by=user,
    )
