"""`/verify/`: drop a PDF and read who signed it, when, and whether it has changed. Nothing is kept of it."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from rest_framework.throttling import BaseThrottle

from documents.files.intake import Refused
from documents.verification import Verification, verify_upload
from portals.calls import VERIFICATIONS_A_MINUTE, too_many
from portals.verification_words import integrity_words, level_words, trust_words, verdict_words


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def verify(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _page(request)
    address = BaseThrottle().get_ident(request)  # type: ignore[arg-type]  # reads META alone
    if too_many("Verifications", address, a_minute=VERIFICATIONS_A_MINUTE):
        response = _page(request, refused=_("Trop de vérifications en une minute. Attendez un peu."), status=429)
        response["Retry-After"] = "60"
        return response
    file = request.FILES.get("file")
    try:
        found = verify_upload(file if isinstance(file, UploadedFile) else None)
    except Refused as refused:
        return _page(request, refused=refused.message, status=413 if refused.code == "too_large" else 400)
    return _page(request, found=found)


def _page(
    request: HttpRequest, *, found: Verification | None = None, refused: str = "", status: int = 200
) -> HttpResponse:
    context: dict[str, Any] = {"found": found, "refused": refused, "has_errors": bool(refused)}
    if found is not None:
        context["verdict"] = verdict_words(found.verdict)
        context["signatures"] = [
            {
                "one": signature,
                "integrity": integrity_words(signature),
                "trust": trust_words(signature),
                "level": level_words(signature.level),
            }
            for signature in found.signatures
        ]
    response = render(request, "public/verify.html", context, status=status)
    response["Cache-Control"] = "no-store, private"
    return response
