"""Pictures of pages for a preview, with their text."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name
from PIL import Image

from files import decoding, preview
from files.limits import PDF as PDF_TYPE
from files.models import StoredFile
from files.small_pictures import picture_below
from tests.documents.conftest import PDF
from tests.pdf_samples import SAMPLES
from tests.pdfs import pdf_with_page
from tests.picture_samples import PICTURES
from tests.sample_folder import over_the_folder, viewer_opens

pytestmark = pytest.mark.django_db
Keep = Callable[..., StoredFile]
MEDIA_TYPES_BY_SUFFIX = {
    ".pdf": PDF_TYPE, ".jpg": "image/jpeg", ".png": "image/png", ".tiff": "image/tiff",
}  # fmt: skip
BLANK = ("a cropped page.pdf", "larger units.pdf", "a page of five metres.pdf")
LIGHT, DARK = 200, 60  # grey levels of the left and the right half


def halves(mode: str) -> Image.Image:
    """Left light, right dark, in this mode of Pillow."""
    grey = Image.new("L", (60, 40), LIGHT)
    grey.paste(DARK, (30, 0, 60, 40))
    if mode == "I;16":
        return Image.frombytes("I;16", grey.size, b"".join(bytes([level, level]) for level in grey.tobytes()))
    if mode in ("I", "F"):
        return halves("I;16").convert("I").convert(mode)  # radiographs have more than 256 levels
    if mode == "1":
        return grey.point([0] * 128 + [255] * 128).convert("1")
    return grey.convert("RGB").convert(mode) if mode in ("CMYK", "LAB", "RGBA") else grey.convert(mode)


def written(image: Image.Image, kind: str, **more: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **more)
    return buffer.getvalue()


def shown(stored: StoredFile, page: int = 1, width: int = 60) -> Image.Image:
    picture = preview.page_image(stored, page=page, width=width)
    return Image.open(io.BytesIO(picture), formats=["WEBP", "PNG"]).convert("L")


@pytest.mark.parametrize(
    ("mode", "kind", "name"),
    [
        ("RGB", "BMP", "scan.bmp"),
        ("L", "BMP", "scan.bmp"),
        ("P", "BMP", "scan.bmp"),
        ("1", "BMP", "scan.bmp"),
        ("RGB", "TIFF", "scan.tiff"),
        ("L", "TIFF", "scan.tif"),
        ("1", "TIFF", "scan.tif"),
        ("P", "TIFF", "scan.tif"),
        ("RGBA", "TIFF", "scan.tif"),
        ("CMYK", "TIFF", "scan.tif"),
        ("LAB", "TIFF", "scan.tif"),
        ("I;16", "TIFF", "radio.tif"),
        ("I", "TIFF", "radio.tif"),
        ("F", "TIFF", "radio.tif"),
        ("CMYK", "JPEG", "photo.jpg"),
        ("I;16", "PNG", "radio.png"),
        ("P", "GIF", "dessin.gif"),
    ],
)
def test_a_picture_of_any_kind_is_shown_light_where_it_is_light(mode: str, kind: str, name: str, keep: Keep) -> None:
    image = shown(keep(written(halves(mode), kind), name))
    light, dark = (image.crop((x, 20, x + 1, 21)).tobytes()[0] for x in (10, 50))
    assert light > dark + 60


def test_each_frame_of_a_scan_is_a_page_of_its_own(keep: Keep) -> None:
    frames = [Image.new("L", (40, 40), level) for level in (20, 120, 220)]
    stored = keep(written(frames[0], "TIFF", save_all=True, append_images=frames[1:]), "scan.tiff")
    levels = [shown(stored, page).getpixel((20, 20)) for page in (1, 2, 3)]
    assert levels == pytest.approx([20, 120, 220], abs=4)
    for page in (0, 4):
        with pytest.raises(preview.NoPreview):
            preview.page_image(stored, page=page, width=60)
    assert preview.page_texts(stored, pages=3) == ["", "", ""]


def test_a_pdf_is_shown_with_its_text_page_by_page(keep: Keep) -> None:
    assert "Paracétamol" in preview.page_texts(keep(PDF, "ordonnance.pdf"), pages=1)[0]
    stored = keep(pdf_with_page(pages=3, rotate=90), "scan.pdf")
    assert shown(stored, 3, 400).size == (400, 283)  # rotated, as displayed
    assert preview.page_texts(stored, pages=5) == [""] * 5


@pytest.mark.filterwarnings("ignore::pikepdf.PageCopyWarning")  # losing a field is what this tests
def test_fields_of_a_form_are_on_the_picture_as_browsers_draw_them(keep: Keep) -> None:
    """With a form in the catalogue, and on a page that was taken out of a form."""
    for has_form in (True, False):
        buffer = io.BytesIO()
        with pikepdf.open(io.BytesIO(pdf_with_page())) as pdf:
            black = pdf.make_stream(b"0 0 100 100 re f", Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 100, 100])
            field = Dictionary(
                Type=Name.Annot, Subtype=Name.Widget, FT=Name.Sig, T="s", Rect=[100, 600, 400, 800], F=4,
                AP=Dictionary(N=black),
            )  # fmt: skip
            field = pdf.make_indirect(field)
            pdf.pages[0].obj.Annots = Array([field])
            if has_form:
                pdf.Root.AcroForm = Dictionary(Fields=Array([field]), SigFlags=3)
            pdf.save(buffer)
        assert shown(keep(buffer.getvalue(), "formulaire.pdf"), width=595).getpixel((250, 142)) == 0, has_form


def test_a_photograph_is_shown_upright(keep: Keep) -> None:
    turned = Image.Exif()
    turned[274] = 6
    assert shown(keep(written(Image.new("RGB", (80, 40)), "JPEG", exif=turned), "photo.jpg"), width=40).size == (
        40,
        80,
    )


SHOWN = {f"{sample.name}.pdf": sample.content for sample in SAMPLES if not sample.refused} | PICTURES


@pytest.mark.parametrize("page", [1, 2, 3, 6])
@pytest.mark.parametrize("name", SHOWN)
def test_a_page_weighs_at_most_40_kb_and_stays_readable(name: str, page: int, tmp_path: Path) -> None:
    path = tmp_path / f"document{Path(name).suffix}"
    path.write_bytes(SHOWN[name]())
    is_light_and_readable(path, page, tmp_path / "page.webp", has_ink=name not in BLANK)


@pytest.mark.parametrize("page", [1, 2, 3, 6])
@over_the_folder(*MEDIA_TYPES_BY_SUFFIX)
def test_a_page_of_a_document_of_a_folder_weighs_at_most_40_kb(path: Path, page: int, tmp_path: Path) -> None:
    if path.suffix != ".pdf" or viewer_opens(path.read_bytes()):
        is_light_and_readable(path, page, tmp_path / "page.webp", has_ink=False)


def is_light_and_readable(path: Path, page: int, output: Path, *, has_ink: bool) -> None:
    kind = MEDIA_TYPES_BY_SUFFIX[path.suffix]
    answer = decoding.render_page(str(path), kind, page, 1200, preview.MAX_PICTURE_BYTES, str(output))
    if answer.get("refused") == "no_such_page":
        assert page > 1
        return
    assert output.stat().st_size <= 40_000
    assert int(str(answer["width"])) >= min(550, 1200 if kind == PDF_TYPE else 16)  # a telephone at 1.5 pixels
    with Image.open(output) as picture:
        darkest, lightest = picture.convert("L").getextrema()
    assert not has_ink or int(str(lightest)) - int(str(darkest)) > 100  # ink on paper


def test_text_with_a_coloured_stamp_keeps_its_colours_on_white_paper() -> None:
    page = Image.new("RGB", (1200, 1700), "white")
    page.paste((11, 110, 112), (700, 1400, 1100, 1404))
    page.paste((251, 251, 251), (100, 1450, 1100, 1690))  # nearly white, as the edges of letters are
    for row in range(60):
        page.paste((20, 20, 20), (100, 100 + 20 * row, 1000, 102 + 20 * row))
    encoded, sized = picture_below(page, 40_000)
    drawn = Image.open(io.BytesIO(encoded))
    assert (drawn.format, sized.width) == ("PNG", 1200)
    colours = drawn.convert("RGB")
    assert colours.getpixel((5, 5)) == (255, 255, 255)
    stamp = colours.getpixel((900, 1402))
    assert isinstance(stamp, tuple)
    assert all(abs(one - other) <= 8 for one, other in zip(stamp, (11, 110, 112), strict=True))


@pytest.mark.lengthy
def test_noise_fits_too_and_a_radiograph_keeps_its_tones(tmp_path: Path) -> None:
    noise = Image.effect_noise((1600, 2400), 90)
    tones = Image.linear_gradient("L").resize((1200, 1200))
    for name, image in (("noise", noise), ("tones", tones)):
        encoded, sized = picture_below(image.convert("RGB"), 40_000)
        assert len(encoded) <= 40_000
        assert sized.width >= (100 if name == "noise" else 1200)
    grey = Image.open(io.BytesIO(encoded)).convert("L")
    assert len(grey.getcolors() or []) > 60  # not reduced to few levels
