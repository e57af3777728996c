"""Location, device and names are removed from a photograph; its pixels stay the same."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import ExifTags, Image, PngImagePlugin

from files.intake import Intake, Refused
from files.metadata import strip_jpeg

Receive = Callable[..., Intake]
SECRETS = (b"Telephone de Camille", b"Ordonnance pour Marie", b"GPSLatitude", b"<x:xmpmeta", b"Photoshop")


def exif(orientation: int = 1) -> Image.Exif:
    data = Image.Exif()
    data[ExifTags.Base.Make] = "Telephone de Camille"
    data[ExifTags.Base.Orientation] = orientation
    data.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (48.0, 51.0, 24.0)
    return data


def drawing() -> Image.Image:
    image = Image.linear_gradient("L").resize((64, 48)).convert("RGB")
    image.putpixel((3, 5), (200, 10, 10))
    return image


def saved(kind: str, **more: Any) -> bytes:
    buffer = io.BytesIO()
    drawing().save(buffer, kind, **more)
    return buffer.getvalue()


def jpeg(**more: Any) -> bytes:
    return saved("JPEG", exif=exif(6), comment=b"Ordonnance pour Marie", xmp=b"<x:xmpmeta/>", dpi=(300, 300), **more)


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


@pytest.mark.parametrize("more", [{}, {"progressive": True}, {"restart_marker_blocks": 2}, {"subsampling": 2}])
def test_a_photograph_loses_what_is_personal_and_keeps_its_pixels_and_its_side(
    more: dict[str, Any], receive: Receive
) -> None:
    content = jpeg(icc_profile=b"a colour profile", **more)
    intake = receive(content, "photo.jpg")
    stored = intake.path.read_bytes()
    assert not any(secret in stored for secret in SECRETS)
    before, after = opened(content), opened(stored)
    assert dict(before.getexif().get_ifd(ExifTags.IFD.GPSInfo)) != {}
    assert before.tobytes() == after.tobytes()
    assert after.getexif()[ExifTags.Base.Orientation] == 6
    assert dict(after.getexif().get_ifd(ExifTags.IFD.GPSInfo)) == {}
    assert after.info["icc_profile"] == b"a colour profile"
    assert after.info["dpi"] == (300, 300)
    assert intake.notices == ("metadata_removed",)
    assert intake.size == len(stored)


def test_what_stands_behind_a_photograph_goes_too(receive: Receive) -> None:
    plain = saved("JPEG")
    intake = receive(plain + b"PK\x03\x04 an archive", "photo.jpg")
    assert intake.path.read_bytes() == plain


def test_a_photograph_with_nothing_personal_is_left_byte_for_byte(receive: Receive) -> None:
    for kind, name in (("JPEG", "photo.jpg"), ("PNG", "photo.png")):
        content = saved(kind)
        intake = receive(content, name)
        assert intake.path.read_bytes() == content
        assert intake.notices == ()


def test_a_png_loses_its_texts_and_keeps_its_pixels_and_its_side(receive: Receive) -> None:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Author", "Telephone de Camille")
    texts.add_itxt("Description", "Ordonnance pour Marie", zip=True)
    content = saved("PNG", pnginfo=texts, exif=exif(8), dpi=(300, 300))
    intake = receive(content, "photo.png")
    stored = intake.path.read_bytes()
    after = opened(stored)
    assert b"Camille" not in stored
    assert opened(content).tobytes() == after.tobytes()
    assert "Description" not in after.info
    assert after.getexif()[ExifTags.Base.Orientation] == 8
    assert round(after.info["dpi"][0]) == 300
    assert intake.notices == ("metadata_removed",)


def test_a_tiff_that_says_where_it_was_taken_is_kept_and_told(receive: Receive) -> None:
    intake = receive(saved("TIFF", exif=exif().tobytes()), "scan.tiff")
    assert intake.notices == ("metadata_kept",)
    assert receive(saved("TIFF"), "scan.tiff").notices == ()


def test_a_photograph_of_a_telephone_becomes_a_jpeg_and_is_told(receive: Receive) -> None:
    heic = Path(__file__).with_name("photograph.heic").read_bytes()  # drawing(), with the metadata of exif()
    assert b"Telephone de Camille" in heic
    intake = receive(heic, "IMG_0042.HEIC")
    stored = intake.path.read_bytes()
    assert (intake.name, intake.media_type, intake.page_count) == ("IMG_0042.jpg", "image/jpeg", 1)
    assert intake.notices == ("heic_converted",)
    assert b"Camille" not in stored
    assert opened(stored).size == (64, 48)
    with pytest.raises(Refused):
        receive(heic[:200], "IMG_0042.HEIC")


def test_orientation_is_read_in_both_byte_orders() -> None:
    for order in ("<", ">"):
        data = exif(3)
        data.endian = order
        stripped = strip_jpeg(saved("JPEG", exif=data))
        assert opened(stripped).getexif()[ExifTags.Base.Orientation] == 3
