"""Publishes the revocation lists of the installation's authorities."""

from __future__ import annotations

import logging
import uuid

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from signing.certificates import revocation_list_of
from signing.models import InstallationAuthority
from signing.pdf.keys import KeyNotOpened

logger = logging.getLogger(__name__)

KEPT_BY_CACHES = 3600  # seconds; a revocation may become visible this much later


@login_not_required
@require_safe
def revocation_list(_request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The list (RFC 5280), at the address that the certificates name; media type of RFC 2585."""
    authority = get_object_or_404(InstallationAuthority, pk=pk)
    try:
        revocations = revocation_list_of(authority)
    except KeyNotOpened:
        logger.exception("No revocation list of authority %s: its key cannot be opened (SIGNING_PASSPHRASE).", pk)
        return HttpResponse(status=503)
    response = HttpResponse(revocations, content_type="application/pkix-crl")
    response["Cache-Control"] = f"public, max-age={KEPT_BY_CACHES}"
    return response
