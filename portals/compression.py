"""Compressed pages: gzip for what is text and built in memory, with a length that tells less."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

TEXTS = frozenset({"text/html", "application/json", "application/fhir+json", "text/plain", "text/calendar"})


class CompressTextsMiddleware(GZipMiddleware):
    """Django's own, for texts alone: a document is a stream with a length, ranges and an ETag of its bytes, and is
    compressed already. Up to 100 random bytes are added to each answer (docs/decisions/0055)."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Compress a text that is longer than 200 bytes where the browser accepts it."""
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip()
        if response.streaming or kind not in TEXTS:
            return response
        return super().process_response(request, response)
