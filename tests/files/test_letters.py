"""Letters of every script: one of our fonts has them, or the refusal names them before anything is stored."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any

import pypdfium2 as pdfium
import pytest
from django.conf import settings
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from appointments.models import Appointment
from documents.library.catalogue import preview_body, write_document
from documents.library.writing.body import fill
from documents.library.writing.printing import CannotWrite
from documents.models import Category, LibraryDocument, SharedDocument
from documents.sending.autosend import send_due
from documents.sending.rules import RuleContent, save_rule
from documents.sharing.share import share_library_document, share_upload
from files import storage
from files.intake import Intake
from files.letters import missing_letters, needed_fonts
from patients.models import Patient
from practices.models import Practice
from signing.pdf.placement import Placement
from signing.pdf.sign import CannotSign
from signing.pdf.typesetting import Typesetter
from signing.signatures import why_unable
from tests.conftest import BookFixture
from tests.documents.conftest import *  # noqa: F403
from tests.pdfs import text_of_pdf
from tests.portals.api.conftest import *  # noqa: F403  # programs with a token

NAMES = {
    "Latin": "Łukasz Nguyễn Þór", "Greek": "Γιώργος", "Cyrillic": "Ђорђе Їжак", "Arabic": "محمد علي",
    "Hebrew": "דוד לוי", "Thai": "สมชาย กำ", "Lao": "ສົມສັກ", "Khmer": "សុខា", "Devanagari": "प्रिया",
    "Bengali": "প্রিয়া", "Tamil": "பிரியா", "Sinhala": "ප්‍රියා", "Armenian": "Գարուն", "Georgian": "ნინო",
    "Ethiopic": "ሰላም", "Korean": "김민준", "Chinese": "王小明", "Japanese": "さくら サクラ", "Symbols": "☐ ✓ → ☎",
}  # fmt: skip
NO_FONT = {"emoji": "😀", "with a shade": "👍🏽", "Javanese": "ꦲ", "private": "\ue000", "cuneiform": "𒀀"}


@pytest.mark.parametrize("script", NAMES)
def test_names_of_patients_are_printed(practice: Practice, script: str) -> None:
    name = NAMES[script]
    assert missing_letters(name, settings.PAPER_FONTS.values()) == []
    pdf = preview_body(practice=practice, title="Venue", body=f"<p>Bonjour {name}</p>")
    assert b"PaperRegular" not in pdf
    printed = set(unicodedata.normalize("NFKC", text_of_pdf(pdf)))
    assert not printed & {"\ufffd", "\u25a1"} - set(name)
    if script in ("Latin", "Greek", "Cyrillic", "Korean", "Chinese", "Armenian", "Georgian"):  # one glyph a letter
        assert set(unicodedata.normalize("NFKC", name)) <= printed


@pytest.mark.parametrize("kind", NO_FONT)
def test_a_letter_that_no_font_has_is_named_and_nothing_is_kept(
    sign_in: Callable[..., Client],
    api: Callable[..., APIClient],
    carol: User,
    practice: Practice,
    kind: str,
) -> None:
    body = f"<p>Bonjour {NO_FONT[kind]}, à bientôt</p>"
    with pytest.raises(CannotWrite) as refused:
        preview_body(practice=practice, title="Venue", body=body)
    assert f"U+{ord(NO_FONT[kind][-1]):04X}" in refused.value.sentence
    asked = {"title": "Venue", "category": "information", "body": body}
    answer = api(carol).post("/api/v1/library/", asked, format="json")
    assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, "body")
    assert answer.json()["errors"][0]["detail"] == refused.value.sentence
    page = sign_in(carol).post("/pro/library/write/", asked)
    assert page.status_code == 400
    assert NO_FONT[kind] in page.content.decode()  # the entered text is not lost
    assert f"U+{ord(NO_FONT[kind][-1]):04X}" in page.content.decode()
    assert LibraryDocument.objects.count() == 0


@pytest.mark.parametrize("invisible", ["\u200d", "\ufe0f", "\u00a0", "\u00ad", "\u2068", "e\u0301", "\u0915\u200d"])
def test_what_shows_nothing_of_itself_is_no_missing_letter(invisible: str) -> None:
    assert missing_letters(f"a{invisible}b", settings.PAPER_FONTS.values()) == []


def test_a_document_carries_the_fonts_that_it_needs_alone() -> None:
    assert needed_fonts("Bonjour", settings.PAPER_FONTS) == ["Regular"]
    assert needed_fonts("Bonjour สมชาย", settings.PAPER_FONTS) == ["Regular", "Thai"]


@pytest.fixture
def personal(practice: Practice, carol: User) -> LibraryDocument:
    return write_document(
        practice=practice, body="<p>Bonjour {{ patient_name }}, le 12/03/2026</p>", title="Venue", by=carol,
        category=Category.objects.get(code="information"),
    )  # fmt: skip


def test_a_name_that_cannot_be_printed_is_told_to_whoever_shares(
    personal: LibraryDocument, appointment: Appointment, marie: Patient, alice: User
) -> None:
    Patient.objects.filter(pk=marie.pk).update(first_name="Marie 😀")
    appointment.patient.refresh_from_db()
    with pytest.raises(CannotWrite, match="1 letters"):
        share_library_document(appointment=appointment, library_document=personal, category=None, title="", by=alice)
    assert SharedDocument.objects.count() == 0


def test_what_is_sent_by_itself_goes_with_a_sign_in_place_of_the_letter(
    personal: LibraryDocument, practice: Practice, marie: Patient, book_for: BookFixture, carol: User
) -> None:
    """Nobody could correct the text, and instructions must arrive."""
    Patient.objects.filter(pk=marie.pk).update(first_name="Marie 😀")
    save_rule(practice=practice, content=RuleContent(name="Venue", documents=[personal]), by=carol)
    marie.refresh_from_db()
    book_for(marie)
    send_due()
    (shared,) = SharedDocument.objects.all()
    with storage.open_(shared.file) as file:
        assert "Marie \ufffd" in text_of_pdf(file.read())


@pytest.mark.parametrize("script", NAMES)
def test_a_stamp_has_the_letters_of_a_signers_name(script: str) -> None:
    line = Typesetter(list(map(str, settings.STAMP_FONTS))).shape(NAMES[script])
    assert all(glyph.number for glyph in line.glyphs)
    assert missing_letters(NAMES[script], settings.STAMP_FONTS) == []


MIXED = [
    *NAMES.values(),
    " 12 Łukasz",
    "Dr דוד 1,5 לוי",
    "e\u0301 Zoe\u0308",
    "a\u200db",
    "a\u200f (b)",
    "12 \u200f3",
    "Bonjour محمد 😀!",
    "№ ½ ≤ 3",
    "",
    " ",
]


@pytest.mark.parametrize("text", MIXED)
def test_latin_letters_are_shaped_as_those_of_any_script(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """They take a shorter way; and a width is that of the glyphs, which are not made for it."""
    fonts = list(map(str, settings.STAMP_FONTS))
    line, width = Typesetter(fonts).shape(text), Typesetter(fonts).width(text)
    monkeypatch.setattr("signing.pdf.typesetting._is_plain", lambda *_: False)
    assert Typesetter(fonts).shape(text) == line
    assert width == pytest.approx(line.width)


@pytest.mark.parametrize("name", ["😀", "ꦲ"])
def test_a_signer_whose_name_cannot_be_stamped_is_told_before_anything_is_signed(
    sign_in: Callable[..., Client], appointment: Appointment, alice_signs: User, prescription: Category,
    receive: Callable[..., Intake], name: str, files_in_store: Any,
) -> None:  # fmt: skip
    assert why_unable(alice_signs) == ""
    User.objects.filter(pk=alice_signs.pk).update(first_name=name)
    alice_signs.refresh_from_db()
    assert f"U+{ord(name[0]):04X}" in why_unable(alice_signs)
    assert f"U+{ord(name[0]):04X}" in sign_in(alice_signs).get("/pro/signature/").content.decode()
    before = set(files_in_store())
    with pytest.raises(CannotSign) as refused:
        share_upload(
            appointment=appointment, intake=receive(), category=prescription, title="", by=alice_signs,
            placement=Placement(page=1, x=0.5, y=0.5, width=0.25),
        )  # fmt: skip
    assert refused.value.code == "letters_missing"
    assert f"U+{ord(name[0]):04X}" in refused.value.sentence
    assert set(files_in_store()) == before
    assert SharedDocument.objects.count() == 0


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("דוד 123 לוי", "יול 123 דוד"),
        ("דוד 12/03/1980 לוי", "יול 12/03/1980 דוד"),
        ("Dr דוד 1,5 לוי", "Dr יול 1,5 דוד"),
        ("Dr 12 דוד", "Dr 12 דוד"),
    ],
)
def test_numbers_among_letters_that_run_leftwards_are_read_rightwards(text: str, shown: str) -> None:
    """In the order of Unicode Standard Annex 9, in a left-to-right line. `דוד` is a palindrome."""
    line = Typesetter(list(map(str, settings.STAMP_FONTS))).shape(text)
    drawn = "".join(glyph.text for glyph in line.glyphs)
    assert drawn == shown


@pytest.mark.parametrize(
    ("body", "leftwards"),
    [
        ("<p>مرحبا بكم</p>", True), ("<p>12 שלום</p>", True), ("<ul><li>مرحبا</li></ul>", True),
        ("<p>Bonjour محمد</p>", False), ("<h1>שלום</h1>", True),
    ],
)  # fmt: skip
def test_a_paragraph_runs_as_its_first_letter_does(practice: Practice, body: str, leftwards: bool) -> None:
    page = pdfium.PdfDocument(preview_body(practice=practice, title="Venue", body=body))[0].get_textpage()
    boxes = [page.get_charbox(number) for number in range(page.count_chars())]
    lefts = [box[0] for box, letter in zip(boxes, page.get_text_range(), strict=False) if ord(letter) > 0x500]
    assert (min(lefts) > 300) == leftwards  # of 595 points


def test_a_name_does_not_draw_in_the_date_that_follows_it(practice: Practice) -> None:
    assert fill('<span data-field="a"></span> 12/03', {"a": "محمد"}) == "\u2068محمد\u2069 12/03"
    assert fill('<span data-field="a"></span> 12/03', {"a": "Ada"}) == "Ada 12/03"
