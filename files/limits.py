"""The accepted file types and sizes."""

from __future__ import annotations

MAX_BYTES = 52_428_800  # 50 MiB; screens say "50 Mo"
PDF = "application/pdf"
HEIC = "image/heic"  # photographs of telephones; stored as JPEG
JPEG = "image/jpeg"
# Media types by extension: the accepted types, and the type that each extension requires.
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
# Extensions that every computer opens; others are replaced by one from EXTENSIONS.
USUAL = {".pdf", ".bmp", ".gif", ".jpg", ".jpeg", ".png", ".tif", ".tiff"}
EXTENSIONS = {  # the extension of a download
    "application/zip": ".zip",  # made by the site, never accepted
    PDF: ".pdf",
    "image/bmp": ".bmp",
    "image/gif": ".gif",
    JPEG: ".jpg",
    "image/png": ".png",
    "image/tiff": ".tiff",
}
