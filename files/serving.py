"""Serves stored files as downloads with the verified type, so that the browser never runs them.

DOCUMENT_SERVING says which process sends the bytes: "direct" (this process; ranges answered), "accel" (nginx, which
answers ranges itself), "presigned" (S3 does).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import BinaryIO, Literal

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase

from files import storage
from files.models import StoredFile
from files.names import content_disposition, download_name

CHUNK = 1 << 16
ACCEL_PREFIX = "/internal-documents/"
RANGE = re.compile(r"^bytes=(\d{0,18})-(\d{0,18})$")  # a longer number exceeds every file, and the header is ignored


def respond(
    stored: StoredFile,
    *,
    title: str,
    request: HttpRequest,
    disposition: Literal["attachment", "inline"] = "attachment",
) -> HttpResponseBase:
    """A response with the file, named by the title that its reader sees; always a download if an upload like it would
    be refused. Raises files.storage.BytesChanged if the stored bytes are missing or changed."""
    storage.check_unchanged(stored)
    inline = disposition == "inline" and not stored.refused_as
    header = content_disposition(download_name(title, stored.media_type), inline=inline)
    if settings.DOCUMENT_SERVING == "presigned":
        response: HttpResponseBase = _presigned(stored, header)
    elif settings.DOCUMENT_SERVING == "accel":
        response = HttpResponse(content_type=stored.media_type)
        response["X-Accel-Redirect"] = ACCEL_PREFIX + stored.key
    else:
        response = _direct(stored, request)
    response["Content-Disposition"] = header
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store, private"
    return response


def _presigned(stored: StoredFile, header: str) -> HttpResponseRedirect:
    """Redirect to an address of the storage that is valid for a minute and for this file only."""
    response = HttpResponseRedirect(
        storage.presigned_url(
            stored,
            {
                "ResponseContentDisposition": header,
                "ResponseContentType": stored.media_type,
                "ResponseCacheControl": "no-store, private",
            },
        )
    )
    response.status_code = HTTPStatus.SEE_OTHER  # a POST becomes a GET
    return response


def _direct(stored: StoredFile, request: HttpRequest) -> HttpResponseBase:
    """The whole file, or the one range asked for (RFC 9110, section 14)."""
    etag = f'"{stored.sha256}"'
    wanted = RANGE.match(request.headers.get("Range", ""))
    if wanted and request.headers.get("If-Range", etag) == etag and any(wanted.groups()):
        first, last = _range(wanted[1], wanted[2], stored.size)
        if first > last or first >= stored.size:
            response: HttpResponseBase = HttpResponse(status=416, content_type=stored.media_type)
            response["Content-Range"] = f"bytes */{stored.size}"
            return response
        file = storage.open_(stored)
        response = StreamingHttpResponse(
            _part(file, first, last - first + 1), status=206, content_type=stored.media_type
        )
        response["Content-Range"] = f"bytes {first}-{last}/{stored.size}"
        response["Content-Length"] = str(last - first + 1)
    else:
        response = FileResponse(storage.open_(stored), content_type=stored.media_type)
        response["Content-Length"] = str(stored.size)
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = etag
    return response


def _range(first: str, last: str, size: int) -> tuple[int, int]:
    """First and last byte, both inclusive; "-500" is the last 500 bytes."""
    if not first:
        return max(0, size - int(last)), size - 1
    return int(first), min(int(last), size - 1) if last else size - 1


def _part(file: BinaryIO, first: int, length: int) -> Iterator[bytes]:
    with file:
        file.seek(first)
        while length > 0 and (chunk := file.read(min(CHUNK, length))):
            length -= len(chunk)
            yield chunk
