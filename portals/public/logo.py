"""The logo of a practice, for the emails that it sends. Open to all: it stands on every letter of the practice."""

from __future__ import annotations

import uuid

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from practices.models import PracticeLogo

DAY = 86_400  # seconds


@login_not_required
@require_safe
def logo(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The current one, whatever version the email was written with. None for a practice with a discreet name, which
    the logo would spell."""
    stored = get_object_or_404(PracticeLogo, practice=pk, practice__discreet_name="")
    response = HttpResponse(bytes(stored.png), content_type="image/png")
    response["Cache-Control"] = f"public, max-age={DAY}"
    response["Content-Security-Policy"] = "default-src 'none'"
    response["X-Content-Type-Options"] = "nosniff"
    return response
