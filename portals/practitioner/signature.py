""" "Ma signature": draw or import; the certificate behind it."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.sole_control import require_recent_sign_in, signed_in_until
from files.intake import Refused
from portals.answers import done
from portals.drawings import uploaded_image
from portals.practitioner.card import CardRefused, refusals_on_card
from portals.practitioner.certificate import certificate_facts
from portals.practitioner.staff import frame, staff_only
from signing.certificates import in_use, revoke_certificate
from signing.models import SignatureImage
from signing.signatures import set_signature_image, why_unable


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def my_signature(request: HttpRequest, user: User) -> HttpResponse:
    error = ""
    if request.headers.get("X-Requested-With") == "card":
        return _from_share_page(request, user)
    if request.method == "POST":
        require_recent_sign_in(request)
        try:
            set_signature_image(user=user, upload=uploaded_image(request), by=user)
        except Refused as refused:
            error = refused.sentence
        else:
            messages.success(request, _("Votre signature est enregistrée."))
            return done("practitioner:signature")
    context = frame(
        request,
        user,
        "signature",
        image=SignatureImage.objects.filter(user=user).first(),
        credential=in_use(user),
        certificate=certificate_facts(user),
        level=settings.SIGNATURE_LEVEL,
        signed_in_until=int(signed_in_until(request) * 1000),
        unable=why_unable(user),
        error=error,
        has_errors=bool(error),
    )
    return render(request, "practitioner/signature.html", context, status=400 if error else 200)


def _from_share_page(request: HttpRequest, user: User) -> HttpResponse:
    """The same without leaving the share page: 204, 401 if a sign-in is needed first, or a sentence."""
    try:
        with refusals_on_card():
            require_recent_sign_in(request)
            set_signature_image(user=user, upload=uploaded_image(request), by=user)
    except CardRefused as refused:
        return render(request, "practitioner/_card_error.html", {"sentence": refused}, status=refused.status)
    return HttpResponse(status=204)


@staff_only
@require_safe
def image(request: HttpRequest, user: User) -> HttpResponse:
    """The user's own signature image; nobody else can fetch it."""
    own = SignatureImage.objects.filter(user=user).first()
    if own is None:
        raise Http404
    return HttpResponse(bytes(own.png), content_type="image/png")


@staff_only
@require_POST
def revoke(request: HttpRequest, user: User) -> HttpResponse:
    require_recent_sign_in(request)
    revoke_certificate(user=user, by=user)
    messages.success(request, _("Votre certificat est révoqué. Votre prochaine signature en créera un nouveau."))
    return done("practitioner:signature")
