"""Decodes pictures and PDFs in full, in the sandbox, for intake and previews. Imports no Django.

Functions return JSON values; a refusal is `{"refused": code}`.
"""

from __future__ import annotations

import math
import resource
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pi_heif
import pypdfium2 as pdfium
from PIL import Image, ImageOps, UnidentifiedImageError

from files.small_pictures import picture_below
from files.structure import contents

MAX_FRAME_PIXELS = 100_000_000  # 4 bytes each once decoded; an A4 page at 1000 dpi has 97 million
MAX_ALL_PIXELS = 400_000_000  # over all frames
MAX_SIGNATURE_PIXELS = 30_000_000  # a photograph of a signature
MAX_FRAMES = 500
MAX_PAGES = 5_000
PILLOW_FORMATS = {
    "image/png": ["PNG"],
    "image/jpeg": ["JPEG", "MPO"],  # MPO: a JPEG of some telephones, with a second picture behind
    "image/gif": ["GIF"],
    "image/bmp": ["BMP"],
    "image/tiff": ["TIFF"],
    "image/heic": ["HEIF"],
}
OPENING_PAGES = 3
OPENING_TEXT = 20_000  # characters
TEXT_SECONDS = 2  # of processor time; a page of text takes some milliseconds
JPEG_QUALITY = 92
MP_ENTRIES = 0xB002
GAIN_MAPS = (b"hdrgm", b"HDRGainMap", b"urn:iso:std:iso:ts:21496")  # brightness data for the same picture
Answer = dict[str, Any]

pi_heif.register_heif_opener()
warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our bounds above are lower


def check_picture(path: str, media_type: str) -> Answer:
    """Decode every frame within the pixel budget. Answers `{"page_count": frames}`; and if only the first of several
    pictures will be stored, `{"left_out": how many others}`."""
    try:
        with Image.open(path, formats=PILLOW_FORMATS[media_type]) as image:
            if image.width * image.height > MAX_FRAME_PIXELS:
                return {"refused": "too_many_pixels"}
            # Of MPO and HEIF only the main picture is stored, because no browser-safe format holds several.
            left_out = other_pictures(image, path)
            frames = 1 if image.format in ("MPO", "HEIF") else getattr(image, "n_frames", 1)
            if frames > MAX_FRAMES:
                return {"refused": "too_many_pixels"}
            pixels = 0
            for number in range(frames):
                if frames > 1:
                    image.seek(number)
                pixels += image.width * image.height
                if image.width * image.height > MAX_FRAME_PIXELS or pixels > MAX_ALL_PIXELS:
                    return {"refused": "too_many_pixels"}
                image.load()
    except Image.DecompressionBombError:
        return {"refused": "too_many_pixels"}
    except MemoryError:
        raise
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError):
        return {"refused": "unreadable"}  # what Pillow's decoders raise on damaged pictures
    return {"page_count": frames} | ({"left_out": left_out} if left_out else {})


def other_pictures(image: Image.Image, path: str) -> int:
    """How many pictures a HEIF or MPO file has beside its main one: not thumbnails, depths and gain maps of it."""
    if image.format == "HEIF":
        return int(getattr(image, "n_frames", 1)) - 1  # pictures of the first rank only (ISO/IEC 23008-12, 6.3)
    if image.format != "MPO":
        return 0
    kinds = [entry["Attribute"]["MPType"] for entry in cast("Any", image).mpinfo[MP_ENTRIES]][1:]
    content = Path(path).read_bytes()
    gain_map = any(mark in content for mark in GAIN_MAPS)
    return sum(
        kind.startswith("Multi-Frame Image") or (kind == "Undefined" and not gain_map)  # CIPA DC-007, 5.2.3.3
        for kind in kinds
    )


def look_at_pdf(path: str) -> Answer:
    """Open as a viewer would, without a password; no page is read. Answers `{"page_count"}`."""
    pdf = _opened(path)
    return pdf if isinstance(pdf, dict) else {"page_count": len(pdf)}


def check_pdf(path: str, *, ask: Callable[[Answer], Any]) -> Answer:
    """Open as a viewer would, without a password, and call `ask` with `{"page_count", "signature_count", "contains"}`
    (the codes of files.structure).

    Then answers `{"text"}`, of the first pages. A page of a few kilobytes can keep a reader busy for minutes: after
    TEXT_SECONDS of processor time this process is killed, and only what `ask` received is known.
    """
    pdf = _opened(path)
    if isinstance(pdf, dict):
        return pdf
    signatures = max(0, pdfium.raw.FPDF_GetSignatureCount(pdf.raw))
    ask({"page_count": len(pdf), "signature_count": signatures, "contains": contents(path)})
    _stop_after(TEXT_SECONDS)
    return {"text": _opening_text(pdf)}


def _opened(path: str) -> pdfium.PdfDocument | Answer:
    """The document, or the code of its refusal."""
    try:
        pdf = pdfium.PdfDocument(path)
    except pdfium.PdfiumError as error:
        # FPDF_ERR_PASSWORD, FPDF_ERR_SECURITY (fpdfview.h)
        locked = getattr(error, "err_code", None) in (4, 5) or "password" in str(error).lower()
        return {"refused": "password" if locked else "unreadable"}
    if len(pdf) == 0:
        return {"refused": "unreadable"}
    if len(pdf) > MAX_PAGES:
        return {"refused": "too_complex"}
    return pdf


def _stop_after(seconds: int) -> None:
    """Kill this process once it has used this much more processor time; pdfium can't be interrupted."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
    wanted = math.ceil(used.ru_utime + used.ru_stime) + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (wanted if soft == resource.RLIM_INFINITY else min(wanted, soft), hard))


def _opening_text(pdf: pdfium.PdfDocument) -> str:
    text = ""
    for number in range(min(len(pdf), OPENING_PAGES)):
        try:
            text += pdf[number].get_textpage().get_text_bounded()[: OPENING_TEXT - len(text)] + "\n"
        except pdfium.PdfiumError:
            continue  # the page can be shown, but its text can't be read
    return text


def to_jpeg(path: str, output: str) -> Answer:
    """Write a HEIC photograph as a JPEG, upright, with its colour profile and no other metadata."""
    with Image.open(path, formats=["HEIF"]) as source:
        colours = source.info.get("icc_profile")
        upright = ImageOps.exif_transpose(source).convert("RGB")
    upright.save(output, "JPEG", quality=JPEG_QUALITY, icc_profile=colours)
    return {"width": upright.width, "height": upright.height}


def draw_fields(pdf: pdfium.PdfDocument) -> None:
    """Let pdfium draw fields and signatures, as browsers do, also in documents without a form in their catalogue,
    which pypdfium2 leaves out. Call it before a page is loaded."""
    pdf.get_formtype = lambda: pdfium.raw.FORMTYPE_ACRO_FORM
    pdf.init_forms()


def render_page(path: str, media_type: str, page: int, width: int, most: int, output: str) -> Answer:
    """Write page (from 1) to `output`, as a PNG or a WebP of this width, or narrower to stay below `most` bytes.
    Answers `{"width", "height"}`, in pixels."""
    if media_type == "application/pdf":
        pdf = pdfium.PdfDocument(path)
        if not 1 <= page <= len(pdf):
            return {"refused": "no_such_page"}
        draw_fields(pdf)
        pdf_page = pdf[page - 1]
        page_width, page_height = pdf_page.get_size()
        scale = min(width / max(page_width, 1), 3 * width / max(page_height, 1))
        image = pdf_page.render(scale=scale, may_draw_forms=True).to_pil()
    else:
        with Image.open(path, formats=PILLOW_FORMATS[media_type]) as source:
            if not 1 <= page <= getattr(source, "n_frames", 1):
                return {"refused": "no_such_page"}
            source.seek(page - 1)
            source.draft("RGB", (width, width * 3))
            image = eight_bits(source)
            image.info["exif"] = source.info.get("exif", b"")
        image = ImageOps.exif_transpose(image)
        image.thumbnail((width, width * 3))
    encoded, image = picture_below(image, most)
    Path(output).write_bytes(encoded)
    return {"width": image.width, "height": image.height}


def eight_bits(source: Image.Image) -> Image.Image:
    """The picture with 8 bits per channel. If it has more (radiographs), the darkest becomes black and the lightest
    white."""
    if source.mode.startswith(("I", "F")):
        levels = source.convert("F")
        darkest, lightest = cast("tuple[float, float]", levels.getextrema())
        spread = 255 / max(lightest - darkest, 1e-9)
        return levels.point(lambda level: level * spread - darkest * spread).convert("RGB")
    return source.convert("RGBA" if "A" in source.getbands() or "transparency" in source.info else "RGB")


def page_texts(path: str, pages: int, limit: int) -> Answer:
    """The texts of a PDF's first pages, at most `limit` characters each."""
    pdf = pdfium.PdfDocument(path)
    texts = []
    for number in range(min(pages, len(pdf))):
        try:
            texts.append(pdf[number].get_textpage().get_text_bounded()[:limit])
        except pdfium.PdfiumError:
            texts.append("")  # the page can be shown, but its text can't be read
    return {"texts": texts}


def _on_white(path: str) -> Image.Image | Answer:
    """A picture that somebody drew or photographed, upright; or the refusal of what is none."""
    try:
        with Image.open(path, formats=["PNG", "JPEG", "MPO", "GIF", "BMP", "TIFF"]) as source:
            if source.width * source.height > MAX_SIGNATURE_PIXELS:
                return {"refused": "too_many_pixels"}
            with_alpha = ImageOps.exif_transpose(source).convert("RGBA")
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError):
        return {"refused": "unreadable"}
    on_white = Image.new("RGBA", with_alpha.size, "white")
    on_white.alpha_composite(with_alpha)
    return on_white


def clean_signature(path: str, output: str, max_width: int, max_height: int) -> Answer:
    """Re-encode a picture of a signature as PNG: white transparent, cropped to the ink, bounded."""
    on_white = _on_white(path)
    if isinstance(on_white, dict):
        return on_white
    on_white.thumbnail((max_width * 2, max_height * 4))
    grey = on_white.convert("L")
    # Paper is never quite white: what is lighter than three quarters is paper, what is darker fades in.
    ink = grey.point([255 if level < 96 else max(0, int((192 - level) * 255 / 96)) for level in range(256)])
    box = ink.point([255 if level > 40 else 0 for level in range(256)]).getbbox()
    if box is None or (box[2] - box[0]) < 10 or (box[3] - box[1]) < 4:
        return {"refused": "blank"}
    result = on_white.convert("RGB").convert("RGBA")
    result.putalpha(ink)
    result = result.crop(box)
    result.thumbnail((max_width, max_height))
    result.save(output, "PNG", optimize=True)
    return {"width": result.width, "height": result.height}


def clean_logo(path: str, output: str, max_width: int, max_height: int) -> Answer:
    """Re-encode a picture as PNG on white, bounded, without its empty margins. Answers `{"width", "height"}`."""
    on_white = _on_white(path)
    if isinstance(on_white, dict):
        return on_white
    result = on_white.convert("RGB")
    box = ImageOps.invert(result).convert("L").point([255 if level > 12 else 0 for level in range(256)]).getbbox()
    if box is None or box[2] - box[0] < 8 or box[3] - box[1] < 8:
        return {"refused": "blank"}
    result = result.crop(box)
    result.thumbnail((max_width, max_height), Image.Resampling.LANCZOS)
    if len(result.getcolors(maxcolors=result.width * result.height) or []) > 256:  # a photograph, or soft edges
        result = result.quantize(256, Image.Quantize.MEDIANCUT)
    result.save(output, "PNG", optimize=True)
    return {"width": result.width, "height": result.height}
