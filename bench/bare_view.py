"""The floor for pages of staff: a view behind sessions and sign-in alone that asks the database three questions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.test import Client
from django.test.utils import override_settings
from django.urls import path

MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "bench.bare_view.bare_addresses",
]


def bare_addresses(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    def middleware(request: HttpRequest) -> HttpResponse:
        request.urlconf = "bench.bare_view"
        return get_response(request)

    return middleware


def bare(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The appointment, its record and the documents shared around it, each by one query, without a template."""
    from appointments.models import Appointment
    from documents.models import SharedDocument
    from patients.models import Patient

    if not request.user.is_authenticated:
        return HttpResponseForbidden()
    found = Appointment.objects.get(pk=pk)
    patient = Patient.objects.get(pk=found.patient_id)
    documents = list(SharedDocument.objects.filter(appointment=found))
    return HttpResponse(f"{found.starts_at}, {patient.last_name}, {len(documents)}")


def behind_sessions_alone(client: Client) -> Client:
    """The client, whose requests pass these three middlewares and no other."""
    with override_settings(MIDDLEWARE=MIDDLEWARE):
        cast("Any", client.handler).load_middleware()
    return client


urlpatterns = [path("bare/<uuid:pk>/", bare)]
