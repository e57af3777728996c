"""A signature that somebody drew on a page (static/js/drawing_pad.js) or chose as a file."""

from __future__ import annotations

import base64
import binascii
import io

from django.core.files.uploadedfile import InMemoryUploadedFile, UploadedFile
from django.http import HttpRequest

DATA_URL = "data:image/png;base64,"
MAX_DRAWING = 2_000_000  # characters


def uploaded_image(request: HttpRequest) -> UploadedFile[bytes] | None:
    """The chosen file, or the drawing as a PNG."""
    if drawing := drawn_image(request):
        return drawing
    file = request.FILES.get("file")
    return file if isinstance(file, UploadedFile) else None


def drawn_image(request: HttpRequest) -> UploadedFile[bytes] | None:
    """The drawing as a PNG; None without one."""
    drawing = request.POST.get("drawing", "")
    if not drawing.startswith(DATA_URL) or len(drawing) > MAX_DRAWING:
        return None
    try:
        png = base64.b64decode(drawing.removeprefix(DATA_URL), validate=True)
    except binascii.Error:
        return None
    return InMemoryUploadedFile(io.BytesIO(png), "drawing", "signature.png", "image/png", len(png), None)
