"""Pictures in the forms that telephones, scanners and drawing software write, generated here."""

from __future__ import annotations

import io
from collections.abc import Callable

from PIL import Image, ImageCms, ImageDraw

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def written(image: Image.Image, kind: str, **more: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **more)
    return buffer.getvalue()


def photograph() -> bytes:
    """A progressive JPEG with a colour profile, a comment and an Exif block."""
    image = Image.radial_gradient("L").resize((300, 200)).convert("RGB")
    image.paste((20, 60, 30), (100, 50, 180, 120))
    exif = Image.Exif()
    exif[271] = "Appareil"
    return written(image, "JPEG", progressive=True, icc_profile=PROFILE, exif=exif, comment=b"Salle 2", dpi=(72, 72))


def icon() -> Image.Image:
    """Sixteen pixels wide."""
    image = Image.new("RGB", (16, 16), "white")
    ImageDraw.Draw(image).ellipse((2, 2, 13, 13), fill="yellow", outline="black")
    return image


def scanned_pages() -> bytes:
    """Three pages in two colours, with fax compression."""
    pages = [Image.new("1", (1654, 2339), 1) for _ in range(3)]
    for number, page in enumerate(pages):
        ImageDraw.Draw(page).rectangle((200, 200 + 300 * number, 1400, 400 + 300 * number), fill=0)
    return written(pages[0], "TIFF", compression="group4", save_all=True, append_images=pages[1:])


PICTURES: dict[str, Callable[[], bytes]] = {
    "photograph.jpg": photograph,
    "icon.png": lambda: written(icon(), "PNG", icc_profile=PROFILE, dpi=(72, 72)),
    "icon in LZW.tiff": lambda: written(icon(), "TIFF", compression="tiff_lzw", icc_profile=PROFILE),
    "palette.png": lambda: written(icon().quantize(8), "PNG"),
    "clear.png": lambda: written(icon().convert("RGBA"), "PNG"),
    "fax.tiff": scanned_pages,
}
