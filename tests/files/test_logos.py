"""The logo of a practice: re-encoded, shown in its emails and documents, hidden by a discreet name."""

from __future__ import annotations

import io

import pypdfium2
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image, ImageDraw

from accounts.models import User
from appointments.cancelling import cancel
from appointments.models import Appointment
from audit.models import AuditEvent
from documents.library.writing.printing import print_body
from files.intake import Refused
from files.logos import clean_logo, remove_logo, set_logo
from notifications.models import Message
from practices.correspondence import set_correspondence
from practices.models import Practice, PracticeLogo
from practices.roles import NotAllowed
from tests.picture_samples import photograph

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script><rect width="9" height="9"/></svg>'


def drawn(size: tuple[int, int] = (300, 120), ink: str = "#0b5d52", mode: str = "RGBA", kind: str = "PNG") -> bytes:
    """A disc with wide empty margins."""
    image = Image.new(mode, size, (255, 255, 255, 0) if mode == "RGBA" else "white")
    ImageDraw.Draw(image).ellipse((100, 20, 180, 100), fill=ink)
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


def upload(content: bytes, name: str = "logo.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def test_it_is_re_encoded_on_white_without_margins(practice: Practice, carol: User) -> None:
    sent = drawn()
    set_logo(practice=practice, upload=upload(sent), by=carol)
    practice.refresh_from_db()
    logo = PracticeLogo.objects.get(practice=practice)
    assert bytes(logo.png) != sent
    image = Image.open(io.BytesIO(bytes(logo.png)))
    assert (image.format, image.size) == ("PNG", (logo.width, logo.height)) == ("PNG", (81, 81))
    assert image.convert("RGB").getpixel((0, 0)) == (255, 255, 255)
    assert AuditEvent.objects.get().action == "practice.logo_changed"
    first = practice.logo_version
    set_logo(practice=practice, upload=upload(drawn(ink="#aa0000")), by=carol)
    practice.refresh_from_db()
    assert practice.logo_version not in ("", first)
    assert PracticeLogo.objects.count() == 1


def test_a_photograph_is_bounded_and_loses_what_it_carried() -> None:
    png = clean_logo(upload(photograph(), "logo.jpg"))
    image = Image.open(io.BytesIO(png))
    assert image.width <= 600
    assert image.height <= 240
    assert not image.getexif()
    assert len(png) < 200_000


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (SVG, "logo.svg", "kind_refused"),
        (SVG, "logo.png", "kind_refused"),
        (b"%PDF-1.4 nothing", "logo.png", "extension_mismatch"),
        (drawn()[:200], "logo.png", "unreadable"),
        (drawn(ink="white"), "logo.png", "blank"),
        (b"", "logo.png", "empty"),
    ],
)
def test_what_is_no_picture_on_white_is_refused(
    practice: Practice, carol: User, content: bytes, name: str, code: str
) -> None:
    with pytest.raises(Refused) as refused:
        set_logo(practice=practice, upload=upload(content, name), by=carol)
    assert refused.value.code == code
    assert not PracticeLogo.objects.exists()


def test_nothing_chosen_is_refused(practice: Practice, carol: User) -> None:
    with pytest.raises(Refused):
        set_logo(practice=practice, upload=None, by=carol)


@pytest.mark.parametrize("who", ["alice", "bob", "rita", "charlie", "hugo"])
def test_nobody_else_sets_or_removes_it(
    practice: Practice, carol: User, who: str, request: pytest.FixtureRequest
) -> None:
    set_logo(practice=practice, upload=upload(drawn()), by=carol)
    by = request.getfixturevalue(who)
    with pytest.raises(NotAllowed):
        set_logo(practice=practice, upload=upload(drawn(ink="black")), by=by)
    with pytest.raises(NotAllowed):
        remove_logo(practice=practice, by=by)


def test_emails_show_it_by_an_address_open_to_all_unless_the_name_is_discreet(
    appointment: Appointment, practice: Practice, carol: User, alice: User
) -> None:
    set_logo(practice=practice, upload=upload(drawn()), by=carol)
    appointment.practice.refresh_from_db()
    cancel(appointment=appointment, by=alice)
    html = Message.objects.get(channel="email", topic="appointment").html
    practice.refresh_from_db()
    address = f"/logo/{practice.pk}/?v={practice.logo_version}"
    assert address in html
    answer = Client().get(address)
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/png")
    assert "public" in answer["Cache-Control"]
    assert answer.content == bytes(PracticeLogo.objects.get().png)
    practice.refresh_from_db()
    set_correspondence(practice=practice, name="Maison des Lilas", email="", footer="", by=carol)
    assert Client().get(address).status_code == 404


def test_a_discreet_name_keeps_it_out_of_new_emails(
    appointment: Appointment, practice: Practice, carol: User, alice: User
) -> None:
    set_logo(practice=practice, upload=upload(drawn()), by=carol)
    practice.refresh_from_db()
    set_correspondence(practice=practice, name="Maison des Lilas", email="", footer="", by=carol)
    appointment.practice.refresh_from_db()
    cancel(appointment=appointment, by=alice)
    assert "<img" not in Message.objects.get(channel="email", topic="appointment").html


def test_documents_have_it_in_their_letterhead(practice: Practice, carol: User) -> None:
    def colours() -> set[tuple[int, ...]]:
        intake = print_body("<p>Bonjour</p>", practice=practice, title="Lettre", values={}, language="fr")
        try:
            page = pypdfium2.PdfDocument(str(intake.path))[0].render(scale=1).to_pil()
        finally:
            intake.path.unlink()
        return {one for _count, one in page.getcolors(1 << 24) or []}

    assert (170, 0, 0) not in colours()
    set_logo(practice=practice, upload=upload(drawn(ink="#aa0000")), by=carol)
    practice.refresh_from_db()
    assert (170, 0, 0) in colours()
    remove_logo(practice=practice, by=carol)
    remove_logo(practice=practice, by=carol)
    practice.refresh_from_db()
    assert (practice.logo_version, PracticeLogo.objects.exists()) == ("", False)
    assert (170, 0, 0) not in colours()
    assert AuditEvent.objects.filter(action="practice.logo_removed").count() == 1
