"""The site's addresses, and a minimal view that only checks the session and returns 1 kB from memory."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path

from docshare import urls

handler400, handler403, handler404, handler500 = urls.handler400, urls.handler403, urls.handler404, urls.handler500
CONTENT = b"x" * 1024


def session(_request: HttpRequest) -> HttpResponse:
    """For signed-in users; the middleware refuses everybody else."""
    return HttpResponse(CONTENT, content_type="application/octet-stream")


urlpatterns = [*urls.urlpatterns, path("bench/session/", session)]
