"""What is taken, and how much of it. Said once."""

from __future__ import annotations

MAX_BYTES = 52_428_800  # 50 MiB; screens say "50 Mo"
PDF = "application/pdf"
HEIC = "image/heic"  # photographs of telephones; kept as JPEG
JPEG = "image/jpeg"
# Media types by extension: what is accepted, and what a file must be to carry the extension.
MEDIA_TYPES = {
    ".pdf": PDF,
    ".bmp": "image/bmp",
    ".dib": "image/bmp",
    ".gif": "image/gif",
    ".heic": HEIC,
    ".heif": HEIC,
    ".hif": HEIC,
    ".jpg": JPEG,
    ".jpeg": JPEG,
    ".jpe": JPEG,
    ".jfif": JPEG,
    ".jfi": JPEG,
    ".jif": JPEG,
    ".pjpeg": JPEG,
    ".pjp": JPEG,
    ".png": "image/png",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
}
# Those that every computer opens; the others become the one below.
USUAL = {".pdf", ".bmp", ".gif", ".jpg", ".jpeg", ".png", ".tif", ".tiff"}
EXTENSIONS = {  # the extension that a download carries
    PDF: ".pdf",
    "image/bmp": ".bmp",
    "image/gif": ".gif",
    JPEG: ".jpg",
    "image/png": ".png",
    "image/tiff": ".tiff",
}
