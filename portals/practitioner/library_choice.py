"""Documents of the library to choose on the share page: the first ones, and any by what is typed."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.models import User
from appointments.models import Appointment
from documents.models import LibraryDocument
from documents.models.library import LibraryDocumentQuerySet
from documents.sharing.uploads import check_may_share
from patients.names import SearchTooLong
from portals.practitioner.staff import appointment_of, staff_only
from schema.composed import composed_once

MOST = 100  # of a list


@staff_only
@require_safe
def choices(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """The rows for the search field."""
    appointment = appointment_of(user, pk)
    check_may_share(appointment, user)
    return render(request, "practitioner/_library_choice.html", library_choice(request, appointment))


def library_choice(request: HttpRequest, appointment: Appointment) -> dict[str, Any]:
    """`library`: MOST documents at most whose titles have each word of the parameter of the same name;
    `library_said`: what there is beside them."""
    words = request.GET.get("library", "")
    context = {"appointment": appointment, "library_words": words, "library": [], "library_said": ""}
    try:
        rows = _found(appointment.practice_id, words) if words.strip() else list(_first(appointment.practice_id))
    except SearchTooLong as refused:
        return context | {"library_said": " ".join(refused.messages)}
    if not rows and words.strip():
        context["library_said"] = _("Aucun document ne correspond.")
    elif len(rows) > MOST:
        context["library_said"] = _("Seuls les premiers titres sont affichés : cherchez les autres.")
    return context | {"library": rows[:MOST]}


@composed_once
def _first(practice: uuid.UUID) -> QuerySet[LibraryDocument]:
    return _in_order(_in_use(practice))


def _found(practice: uuid.UUID, words: str) -> list[LibraryDocument]:
    return list(_in_order(_in_use(practice).search(words)))


def _in_use(practice: uuid.UUID) -> LibraryDocumentQuerySet:
    return LibraryDocument.objects.filter(practice=practice).in_use()


def _in_order(found: LibraryDocumentQuerySet) -> QuerySet[LibraryDocument]:
    return found.with_newest().select_related("category").order_by("title", "pk")[: MOST + 1]
