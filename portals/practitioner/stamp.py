"""The picture of a practitioner's own stamp, which scripts lay over a page. Nobody else can fetch it, and no cache
stores it."""

from __future__ import annotations

import uuid

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from portals.drawings import uploaded_image
from portals.practitioner.card import CardRefused, refusals_on_card
from portals.practitioner.practices import practice_of
from portals.practitioner.staff import appointment_of, staff_only
from practices.roles import may_sign
from signing.models import SignatureImage
from signing.stamp_preview import own_stamp, tried_stamp

SAMPLE_WIDTH = 148.8  # points: the usual width on A4


@staff_only
@require_safe
def stamp(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """The stamp that a signature around this appointment would have now, `width` points of paper wide. Raises Http404
    for those who cannot sign."""
    practice = appointment_of(user, pk).practice
    if not may_sign(user, practice) or not SignatureImage.objects.filter(user=user).exists():
        raise Http404
    return _picture(own_stamp(by=user, zone=practice.zone, width=_width(request)))


@staff_only
@require_safe
def sample(request: HttpRequest, user: User) -> HttpResponse:
    """The stamp on the sample page of "Ma signature", with the image that is stored, if any."""
    return _picture(own_stamp(by=user, zone=practice_of(request, user).zone, width=SAMPLE_WIDTH))


@staff_only
@require_POST
def tried(request: HttpRequest, user: User) -> HttpResponse:
    """The same with the drawing or the image of the form, which is not stored; or a sentence."""
    zone = practice_of(request, user).zone
    try:
        with refusals_on_card():
            upload = uploaded_image(request)
            return _picture(tried_stamp(by=user, zone=zone, width=SAMPLE_WIDTH, upload=upload))
    except CardRefused as refused:
        return render(request, "practitioner/_card_error.html", {"sentence": refused}, status=refused.status)


def _width(request: HttpRequest) -> float:
    try:
        return float(request.GET["width"])
    except (KeyError, ValueError):
        raise Http404 from None


def _picture(png: bytes) -> HttpResponse:
    response = HttpResponse(png, content_type="image/png")
    response["Cache-Control"] = "no-store, private"
    return response
