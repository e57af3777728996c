"""`/verify/`: drop a PDF and read who signed it, when, and whether it has changed. Stores nothing of it."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from accounts.addresses import counted_address
from files.intake import Refused, TryLater
from portals.calls import VERIFICATIONS_A_MINUTE, leave_unread, too_many
from portals.verification_words import consent_words, integrity_words, level_words, trust_words, verdict_words
from signing.verification import Verification, admitted, verify_upload


@csrf_exempt  # the CSRF check would parse the file before the rate limit
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def verify(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _page(request)
    if too_many("Verifications", counted_address(request), a_minute=VERIFICATIONS_A_MINUTE):
        sentence = _("Trop de vérifications en une minute. Attendez un peu.")
        return _later(request, sentence, status=429, seconds=60)
    try:
        with admitted():
            return _verified(request)
    except TryLater as busy:
        return _later(request, busy.sentence, status=503, seconds=busy.retry_after)


@csrf_protect
def _verified(request: HttpRequest) -> HttpResponse:
    file = request.FILES.get("file")
    try:
        verification = verify_upload(file if isinstance(file, UploadedFile) else None)
    except TryLater:
        raise
    except Refused as refused:
        return _page(request, refused=refused.sentence, status=413 if refused.code == "too_large" else 400)
    return _page(request, found=verification)


def _later(request: HttpRequest, sentence: str, *, status: int, seconds: int) -> HttpResponse:
    leave_unread(request)
    response = _page(request, refused=sentence, status=status)
    response["Retry-After"] = str(seconds)
    return response


def _page(
    request: HttpRequest, *, found: Verification | None = None, refused: str = "", status: int = 200
) -> HttpResponse:
    context: dict[str, Any] = {"found": found, "refused": refused, "has_errors": bool(refused)}
    if found is not None:
        context["verdict"] = verdict_words(found.verdict)
        context["signatures"] = [
            {
                "one": signature,
                "consent": consent_words(signature.consent, sealed_elsewhere=signature.sealed_elsewhere)
                if signature.consent
                else "",
                "integrity": integrity_words(signature),
                "trust": trust_words(signature),
                "level": level_words(
                    signature.level, time_trusted=signature.time_trusted or not signature.timestamped_at
                ),
            }
            for signature in found.signatures
        ]
    response = render(request, "public/verify.html", context, status=status)
    response["Cache-Control"] = "no-store, private"
    return response
