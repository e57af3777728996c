"""What the installation's authority tells everybody: which certificates it has taken back."""

from __future__ import annotations

import uuid

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from documents.certificates import revocation_list_of
from documents.models import InstallationAuthority

KEPT_BY_CACHES = 3600  # seconds: so late may a revocation be seen


@login_not_required
@require_safe
def revocation_list(_request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """RFC 5280 at the address that certificates name; RFC 2585 for its type."""
    found = revocation_list_of(get_object_or_404(InstallationAuthority, pk=pk))
    response = HttpResponse(found, content_type="application/pkix-crl")
    response["Cache-Control"] = f"public, max-age={KEPT_BY_CACHES}"
    return response
