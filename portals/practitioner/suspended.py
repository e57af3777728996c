"""The one page that staff of suspended practices see: why, since when, and whom to ask."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from practices.roles import PracticeSuspended


def suspended_page(request: HttpRequest, refused: PracticeSuspended) -> HttpResponse:
    rows = [(one, timezone.localtime(one.suspended_at, one.zone).date()) for one in refused.practices]
    context = {"rows": rows, "publisher": settings.PUBLISHER, "legal_email": settings.LEGAL_EMAIL}
    return render(request, "practitioner/suspended.html", context, status=403)
