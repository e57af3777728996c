"""Generates simple PDF letters and drawn signatures for the demo."""

from __future__ import annotations

import io
import math

import pikepdf
from PIL import Image, ImageDraw

A4 = (595, 842)  # points


def letter(title: str, paragraphs: list[str], *, heading: str) -> bytes:
    """A one-page A4 PDF in Helvetica."""
    pdf = pikepdf.Pdf.new()
    fonts = pikepdf.Dictionary(
        {
            name: pdf.make_indirect(
                pikepdf.Dictionary(
                    Type=pikepdf.Name.Font,
                    Subtype=pikepdf.Name.Type1,
                    BaseFont=pikepdf.Name(base),
                    Encoding=pikepdf.Name.WinAnsiEncoding,
                )
            )
            for name, base in (("/R", "/Helvetica"), ("/B", "/Helvetica-Bold"))
        }
    )
    lines = [_text("/B", 11, 56, 780, heading), _text("/B", 18, 56, 724, title)]
    y = 684
    for paragraph in paragraphs:
        for line in _wrap(paragraph, 84):
            lines.append(_text("/R", 11, 56, y, line))
            y -= 17
        y -= 9
    page = pikepdf.Dictionary(
        Type=pikepdf.Name.Page,
        MediaBox=[0, 0, *A4],
        Resources=pikepdf.Dictionary(Font=fonts),
        Contents=pdf.make_stream(b"\n".join(lines)),
    )
    pdf.pages.append(pikepdf.Page(pdf.make_indirect(page)))
    with pdf.open_metadata() as metadata:
        metadata["dc:title"] = title
    buffer = io.BytesIO()
    pdf.save(buffer)
    return buffer.getvalue()


def signature(seed: int) -> bytes:
    """A PNG of a hand-drawn looking signature, black on white."""
    image = Image.new("L", (900, 320), 255)
    draw = ImageDraw.Draw(image)
    points = []
    for step in range(400):
        t = step / 400 * math.tau * 2.5
        x = 80 + step * 1.85 + 34 * math.sin(t * (2 + seed % 3))
        y = 165 + 78 * math.sin(t * 1.7 + seed) * math.cos(t * 0.45) - step * 0.06
        points.append((x, y))
    draw.line(points, fill=20, width=7, joint="curve")
    draw.line([(110, 262), (760, 236 - seed * 6)], fill=20, width=5)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def _text(font: str, size: int, x: int, y: int, text: str) -> bytes:
    encoded = text.encode("cp1252", "replace").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
    return b"BT %s %d Tf %d %d Td (%s) Tj ET" % (font.encode(), size, x, y, encoded)


def _wrap(text: str, width: int) -> list[str]:
    lines, line = [], ""
    for word in text.split(" "):
        if len(line) + len(word) + 1 > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return [*lines, line]
