"""One appointment: its panel, its history, moving, cancelling, deleting."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.roles import may_share
from appointments.authorisation import keep_with_holder, outlived_authorisation
from appointments.booking import AppointmentCancelled, cancel, delete, move
from appointments.history import history_of
from appointments.instructions import instructions_of
from appointments.models import Appointment
from appointments.recipients import resolve
from documents.access import around
from documents.models import Category, SharedDocument
from documents.notices import notice_sentences
from patients.proofs import proofs_of
from patients.relatives import look_alikes
from portals.form_errors import say_refusal
from portals.practitioner.agenda import agenda_context
from portals.practitioner.auto_sends import auto_sends_of
from portals.practitioner.forms import MoveForm
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
    context |= agenda_context(request, found.practice, day=found.local_start.date())
    return render(request, "practitioner/agenda.html", frame(request, user, "agenda", **context))


def panel_context(found: Appointment, user: User) -> dict[str, Any]:
    documents = documents_of(found, user)
    outlived = outlived_authorisation(found)
    return {
        "appointment": found,
        "recipient": resolve(found),
        "proofs": proofs_of(found.patient),
        "documents": documents,
        "outlived": outlived,
        "outlived_count": sum(one.authorisation_id == outlived.pk for one in documents) if outlived else 0,
        "look_alikes": look_alikes(found.patient),
        "auto_sends": auto_sends_of(found),
        "reminders": found.reminders.exclude(state="cancelled"),
        "instructions": instructions_of(found),
        "may_share": may_share(user, found.practice),
    }


def documents_of(found: Appointment, user: User) -> list[SharedDocument]:
    visible = around(found, user=user).select_related(
        "category", "file", "shared_by", "signed_by", "holder", "authorisation", "patient", "practice"
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
            "notes": _notes(line.detail),
        }
        for line in lines
    ]
    return render(
        request,
        "practitioner/history.html",
        frame(request, user, "agenda", practice=found.practice, appointment=found, lines=told),
    )


def _notes(detail: dict[str, Any]) -> list[str]:
    """What intake noticed of a shared document, and that staff vouched for whom it concerns."""
    confirmed = [_("Il nommait un autre patient : le destinataire a été confirmé.")]
    return notice_sentences(detail.get("notices", [])) + (confirmed if detail.get("patient_confirmed") else [])


def ACTION_WORDS() -> dict[str, str]:  # noqa: N802  # a table, in the language of the page
    return {
        "appointment.booked": _("Rendez-vous pris"),
        "appointment.moved": _("Rendez-vous déplacé"),
        "appointment.cancelled": _("Rendez-vous annulé"),
        "document.shared": _("Document partagé"),
        "document.taken_back": _("Document retiré"),
        "document.replaced": _("Document remplacé par une nouvelle version"),
        "document.reminded": _("Document non lu : destinataire relancé automatiquement"),
        "document.read": _("Document lu par le destinataire"),
        "document.consulted": _("Document ouvert par le cabinet"),
        "holder.authorised": _("Titulaire du compte autorisé"),
        "holder.authorisation_withdrawn": _("Autorisation du titulaire retirée"),
        "holder.authorisation_kept": _("Documents laissés au titulaire du compte"),
        "auto_send.sent": _("Document envoyé automatiquement"),
        "auto_send.sent_again": _("Message d’un envoi automatique renvoyé"),
        "auto_send.failed": _("Document automatique non envoyé : mise en page impossible"),
        "link.revoked": _("Lien fermé"),
        "auto_send.cancelled": _("Envoi automatique annulé"),
        "document.chased": _("Destinataire relancé"),
        "auto_send.planned_again": _("Envoi automatique prévu de nouveau"),
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
    context = frame(request, user, "agenda", practice=found.practice, appointment=found, form=form)
    return render(request, "practitioner/move.html", context, status=400 if form.errors else 200)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def cancel_appointment(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Asks first: the patient is told at once, and nothing takes that back."""
    found = appointment_of(user, pk)
    if request.method != "POST":
        context = frame(request, user, "agenda", practice=found.practice, appointment=found)
        return render(request, "practitioner/cancel.html", context)
    cancel(appointment=found, by=user)
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
    context = frame(
        request, user, "agenda", practice=found.practice, appointment=found, documents=documents_of(found, user)
    )
    return render(request, "practitioner/delete.html", context)
