"""Determines the type of a file by its first bytes; the extension must agree, and the declared type is ignored."""

from __future__ import annotations

from django.utils.translation import gettext as _

from files.limits import HEIC, MEDIA_TYPES, PDF
from files.names import extension_of
from files.upload import Refused, Upload

HEAD_BYTES = 1024  # where viewers look for a PDF's header
# Major brands of still pictures in HEVC (ISO/IEC 23008-12, annex B; ISO/IEC 14496-12, 4.3).
HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"mif1")


def check_kind(upload: Upload) -> None:
    with upload.path.open("rb") as file:
        media_type = sniff(file.read(HEAD_BYTES))
    name, extension = upload.name, extension_of(upload.name)
    # A name without extension does not state a type: the content decides.
    expected = MEDIA_TYPES.get(extension) if extension else media_type
    if expected is None:
        raise Refused("kind_refused", kind_refused_sentence(name))
    if media_type is None:
        raise Refused(
            "kind_refused",
            _(
                "Le contenu de « %(name)s » n’est pas celui d’un fichier %(extension)s. "
                "Enregistrez-le de nouveau en PDF, puis ajoutez-le."
            )
            % {"name": name, "extension": extension},
        )
    if media_type != expected:
        raise Refused(
            "extension_mismatch",
            _(
                "Le nom de « %(name)s » ne correspond pas à son contenu. "
                "Vérifiez qu’il s’agit du bon fichier, puis corrigez son extension."
            )
            % {"name": name},
        )
    upload.media_type = media_type


def kind_refused_sentence(name: str) -> str:
    return _(
        "« %(name)s » n’est pas d’un format accepté. Formats acceptés : PDF, BMP, GIF, HEIC, JPEG, PNG et TIFF. "
        "Enregistrez-le en PDF, puis ajoutez-le."
    ) % {"name": name}


def sniff(head: bytes) -> str | None:
    """The accepted media type that these first bytes belong to, or None."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return "image/tiff"
    if head[4:8] == b"ftyp" and head[8:12] in HEIC_BRANDS:
        return HEIC
    if head.startswith(b"BM"):
        return "image/bmp"
    # Viewers take a PDF header anywhere in the first kilobyte. A file that begins as something else that a program
    # would run or render (a page, an archive, an executable, a script) has that type, whatever follows.
    begins = head.lstrip(b"\xef\xbb\xbf\0\t\r\n ")
    if b"%PDF-" in head and not begins.startswith((b"<", b"PK", b"MZ", b"\x7fELF", b"#!", b"{\\rtf", b"\xd0\xcf")):
        return PDF
    return None
