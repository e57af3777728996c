"""Staying signed in: the button of the warning that a session is about to end."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST


@require_POST
def stay(_request: HttpRequest) -> HttpResponse:
    """Nothing but a request of a person's own hand, which counts as use (accounts/sessions.py)."""
    return HttpResponse(status=204)
