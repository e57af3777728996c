"""A signature image is converted for stamps once, by a child without a document, and drawn the same as before."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator

import pikepdf
import pypdfium2 as pdfium
import pytest
from django.utils import timezone
from PIL import Image

from files import sandbox
from signing.pdf import kept_images
from signing.pdf.credentials import Credential
from signing.pdf.kept_images import LONGEST, image_for_stamps
from signing.pdf.placement import Placement
from signing.pdf.sign import CannotSign, sign
from signing.pdf.stamp import StampContent
from signing.pdf.stamp_image import StampImage, converted
from signing.pdf.stamp_picture import NoStampPicture, stamp_picture
from tests.pdfs import pdf_with_page
from tests.signing.conftest import Receive, pdfsig
from tests.signing.test_stamp import drawn_signature

Children = list[str]  # the functions that children ran


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> Iterator[Children]:
    ran: Children = []
    run = sandbox._run

    def noted(job: sandbox._Job, wall_seconds: float) -> tuple[object, float]:
        ran.append(job.function.__name__)
        return run(job, wall_seconds)

    kept_images._converted.cache_clear()
    monkeypatch.setattr(sandbox, "_run", noted)
    yield ran
    kept_images._converted.cache_clear()


def noise(width: int, height: int) -> bytes:
    """A PNG that does not compress."""
    content = random.Random(7).randbytes(width * height * 4)
    buffer = io.BytesIO()
    Image.frombytes("RGBA", (width, height), content).save(buffer, "PNG")
    return buffer.getvalue()


def signed(receive: Receive, credential: Credential, png: bytes, content: bytes | None = None) -> bytes:
    done = sign(
        receive(content or pdf_with_page()),
        placement=Placement(page=1, x=0.5, y=0.5, width=0.5),
        credential=credential,
        appearance=StampContent(image_png=png, signer_name="Dr Morel", professional_number=""),
        signing_time=timezone.now(),
    )
    assert "Signature is Valid" in pdfsig(done.intake.path)
    return done.intake.path.read_bytes()


def red_of(document: bytes) -> int:
    """How many pixels of the first page are red."""
    shown = pdfium.PdfDocument(document)
    shown.init_forms()
    colours = shown[0].render(scale=1, may_draw_forms=True).to_pil().convert("RGB").getcolors(1 << 20) or []
    return sum(count for count, (red, green, blue) in colours if red > 200 and green < 80 and blue < 80)


def test_the_second_signature_does_not_convert_it_again(
    receive: Receive, credential: Credential, children: Children
) -> None:
    for _ in range(2):
        signed(receive, credential, drawn_signature())
    assert children.count("convert") == 1
    signed(receive, credential, noise(20, 20))
    assert children.count("convert") == 2


def test_what_is_kept_is_what_the_child_that_signs_would_draw() -> None:
    assert image_for_stamps(drawn_signature()) == converted(drawn_signature())


@pytest.mark.parametrize("size", [(200, 100), (1200, 400)])
def test_large_images_are_not_kept(size: tuple[int, int], children: Children) -> None:
    png = noise(*size)
    assert (len(png) > LONGEST) == (image_for_stamps(png) is png)
    assert len(children) == (len(png) <= LONGEST)


def test_small_images_that_become_large_are_not_kept(
    receive: Receive, credential: Credential, children: Children, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_images, "MOST", 100)
    png = drawn_signature()
    assert image_for_stamps(png) == image_for_stamps(png) == png
    assert children == ["convert"]
    signed(receive, credential, png)


@pytest.mark.parametrize("user_password", [None, ""])
@pytest.mark.parametrize("kept", [True, False])
def test_the_image_is_shown(
    user_password: str | None,
    kept: bool,
    receive: Receive,
    credential: Credential,
    children: Children,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In an encrypted document, too."""
    monkeypatch.setattr(kept_images, "LONGEST", LONGEST if kept else 0)
    red = io.BytesIO()
    Image.new("RGBA", (300, 100), (255, 0, 0, 255)).save(red, "PNG")
    content = pdf_with_page()
    if user_password is not None:
        written = io.BytesIO()
        with pikepdf.open(io.BytesIO(content)) as pdf:
            pdf.save(written, encryption=pikepdf.Encryption(owner="owner", user=user_password, R=6))
        content = written.getvalue()
    assert red_of(signed(receive, credential, red.getvalue(), content)) > 1000
    assert ("convert" in children) == kept


def test_a_damaged_image_is_refused_and_not_remembered(
    receive: Receive, credential: Credential, children: Children
) -> None:
    damaged = drawn_signature()[:200]
    for _ in range(2):
        with pytest.raises(CannotSign) as refused:
            signed(receive, credential, damaged)
        assert refused.value.code == "too_complex"
        with pytest.raises(NoStampPicture):
            stamp_picture(StampContent(damaged, "Dr Morel", ""), width=100, at=timezone.now())
    assert children.count("convert") == 4


def test_its_fields_have_bounds(monkeypatch: pytest.MonkeyPatch, children: Children) -> None:
    monkeypatch.setattr(kept_images, "MAX_PIXELS", 10)
    with pytest.raises(sandbox.SandboxError):
        image_for_stamps(drawn_signature())
    monkeypatch.undo()
    assert isinstance(image_for_stamps(drawn_signature()), StampImage)
