"""Written documents: a short list of elements, a fixed set of fields, a tagged PDF/A, one copy for each
appointment."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pikepdf
import pypdfium2
import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from pypdf import PdfReader
from pytest_django import DjangoCaptureOnCommitCallbacks

from accounts.models import User
from appointments.agendas import AgendaFacts, change_agenda
from appointments.booking import delete
from appointments.models import Agenda, AppointmentKind
from documents.invariants import library_and_uploads_are_apart
from documents.library.catalogue import import_document, preview_body, rewrite_document, write_document, write_version
from documents.library.writing.body import clean, fill
from documents.library.writing.fields import FIELD_NAMES, examples, merge_fields
from documents.models import Category, LibraryDocument, SharedDocument
from documents.sending.autosend import send_due
from documents.sending.rules import RuleContent, save_rule
from documents.sharing.share import share_library_document
from files import storage
from files.intake import Intake, accept
from files.models import StoredFile
from patients.models import Patient
from patients.records import change_patient
from practices.models import Practice
from practices.roles import NotAllowed
from tests.conftest import BookFixture
from tests.pdfs import text_of_pdf

pytestmark = pytest.mark.django_db
BODY = (
    "<h1>Préparer votre venue</h1><p>Bonjour {{ patient_name }}, nous vous attendons "
    '<span data-field="appointment_date">x</span> à {{ appointment_time }}.</p>'
    "<ul><li><p><strong>Carte Vitale</strong></p></li></ul>"
    "<table><tbody><tr><th><p>Quand</p></th><td><p>À jeun</p></td></tr></tbody></table>"
)


@pytest.fixture
def written(practice: Practice, carol: User) -> LibraryDocument:
    return write_document(
        practice=practice, body=BODY, title="Préparation", category=Category.objects.get(code="information"), by=carol
    )


def text_of(stored: StoredFile) -> str:
    with storage.open_(stored) as file:
        return text_of_pdf(file.read())


# --- The body ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("<p onclick='x'>a<script>alert(1)</script></p>", "<p>a</p>"),
        ("<p style='background:url(http://evil/x)'>a</p><style>p{}</style>", "<p>a</p>"),
        ("<p>a<img src='http://evil/x.png'><img src='file:///etc/passwd'></p>", "<p>a</p>"),
        ("<p><a href='javascript:alert(1)'>a</a></p>", "<p><a>a</a></p>"),
        ("<iframe src='//evil'></iframe><object data='x'></object><p>a</p>", "<p>a</p>"),
        ("<table><tbody><tr><td colspan='100000'>a</td></tr></tbody></table>",
         "<table><tbody><tr><td>a</td></tr></tbody></table>"),
        ("<p>{{patient_name}} {{ patient.birth_date }}</p>",
         '<p><span data-field="patient_name"></span> <span data-field="patient_birth_date"></span></p>'),
    ],
)  # fmt: skip
def test_only_known_elements_are_kept(typed: str, kept: str) -> None:
    assert clean(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "<p>{{ patient.__class__ }}</p>",
        "<p>{{ settings.SECRET_KEY }}</p>",
        '<p><span data-field="patient_name.password">x</span></p>',
        "<p> </p>",
        "<script>alert(1)</script>",
        "<p>" + "a" * 200_001 + "</p>",
    ],
)
def test_unknown_fields_and_empty_or_endless_texts_are_refused_with_a_sentence(typed: str) -> None:
    with pytest.raises(ValidationError) as refused:
        clean(typed)
    assert refused.value.message_dict["body"][0].endswith(".")


def test_what_a_name_holds_is_text_and_never_read_again() -> None:
    body = clean("<p>{{ patient_name }}, {{ practice_address }}</p>")
    values = {"patient_name": '<b>{{ holder_name }}</b><span data-field="holder_name"></span>'}
    filled = fill(body, values | {"practice_address": "1 rue\nParis"})
    assert "<b>" not in filled
    assert filled.count("holder_name") == 2
    assert "1 rue<br>Paris" in filled


def test_only_an_address_of_the_practice_becomes_a_link() -> None:
    body = clean("<p>{{ patient_name }} {{ appointment_place }}</p>")
    evil = "https://evil.example/"
    filled = fill(body, {"patient_name": evil, "appointment_place": f'en vidéo\nhttps://video.example/s/1?a="{evil}'})
    assert filled.count("<a ") == 1
    assert '<a href="https://video.example/s/1?a=&quot;https://evil.example/">' in filled


def test_every_field_offered_has_a_value_and_an_example(practice: Practice) -> None:
    assert {field.name for field in merge_fields(practice)} == FIELD_NAMES == set(examples(practice))


# --- The paper --------------------------------------------------------------------------------------------------


def test_the_pdf_is_tagged_and_says_that_it_is_pdf_a_and_pdf_ua(written: LibraryDocument) -> None:
    with storage.open_(written.current.file) as file, pikepdf.open(io.BytesIO(file.read())) as pdf:
        assert pdf.Root.MarkInfo.Marked
        assert str(pdf.Root.Lang) == "fr"
        assert "/StructTreeRoot" in pdf.Root
        assert pdf.Root.ViewerPreferences.DisplayDocTitle
        with pdf.open_metadata() as metadata:
            assert metadata["pdfaid:part"] == "2"
            assert metadata["pdfaid:conformance"] == "A"
            assert metadata["pdfuaid:part"] == "1"
    text = text_of(written.current.file)
    assert "Camille Durand" in text
    assert "Préparer votre venue" in text


STRUCTURED = (
    "<h1>Άννα Ծovk ż, Zoë</h1><p>Texte <strong>gras</strong> et <em>penché</em> {{ patient_name }}</p>"
    "<ul><li><p>un</p></li></ul><ol><li><p>deux</p></li></ol>"
    "<table><tbody><tr><th><p>Quand</p></th></tr><tr><td><p>Demain</p></td></tr></tbody></table>"
    '<p><a href="https://exemple.example/">un lien</a></p>'
)


def roles_of(element: pikepdf.Object) -> Iterator[tuple[str, pikepdf.Object]]:
    """The structure elements below an element, in reading order (ISO 32000-1, 14.7.2)."""
    children: Any = element.get("/K", [])
    for child in children if isinstance(children, pikepdf.Array) else [children]:
        if isinstance(child, pikepdf.Dictionary) and "/S" in child:
            yield str(child.S), child
            yield from roles_of(child)


def test_the_letterhead_has_an_address_of_lines_and_one_line_to_reach_the_practice(practice: Practice) -> None:
    practice.address, practice.email = "12 rue des Lilas\n75020 Paris", "cabinet@lilas.example"
    practice.telephone = "+33199000001"
    practice.save()
    printed = preview_body(practice=practice, title="Venir", body="<p>Bonjour.</p>")
    lines = PdfReader(io.BytesIO(printed)).pages[0].extract_text().splitlines()
    read = [" ".join(line.split()) for line in lines if line.strip()]
    assert read[1:4] == ["12 rue des Lilas", "75020 Paris", "01 99 00 00 01 · cabinet@lilas.example"]


def test_what_readers_for_the_blind_need_is_in_the_pdf(practice: Practice, carol: User) -> None:
    """Headings, lists, tables, links and pictures have their roles; fonts are embedded; colours are defined; there is
    a title."""
    drawn = io.BytesIO()
    Image.new("RGB", (40, 40), "red").save(drawn, "PNG")
    picture = import_document(
        practice=practice, intake=accept(SimpleUploadedFile("rouge.png", drawn.getvalue())), title="Rouge",
        category=Category.objects.get(code="information"), by=carol,
    )  # fmt: skip
    body = STRUCTURED + f'<p><img src="/pro/library/{picture.pk}/picture/" alt="L’entrée du cabinet"></p>'
    printed = preview_body(practice=practice, title="Préparer votre venue", body=body)
    with pikepdf.open(io.BytesIO(printed)) as pdf:
        found = list(roles_of(pdf.Root.StructTreeRoot))
        roles = {role for role, _element in found}
        assert {"/H1", "/P", "/L", "/LI", "/Table", "/TR", "/TH", "/TD", "/Link", "/Figure"} <= roles
        assert [str(element.Alt) for role, element in found if role == "/Figure"] == ["L’entrée du cabinet"]
        assert str(pdf.docinfo["/Title"]) == "Préparer votre venue"
        assert str(pdf.Root.OutputIntents[0].S) == "/GTS_PDFA1"
        assert len(pdf.Root.OutputIntents[0].DestOutputProfile.read_bytes()) > 100
        fonts = [
            one
            for one in pdf.objects
            if isinstance(one, pikepdf.Dictionary) and one.get("/Type") == "/FontDescriptor"
        ]
        assert fonts
        assert all({"/FontFile", "/FontFile2", "/FontFile3"} & set(font.keys()) for font in fonts)
        assert "/AA" not in pdf.Root
        assert "/OpenAction" not in pdf.Root
    text = text_of_pdf(printed)
    for word in ("Άννα", "ż", "Zoë", "penché"):
        assert word in text


@pytest.mark.parametrize(
    ("name", "shown"), [("Łukasz", "Łukasz"), ("Ἀριστοτέλης", "Ἀριστοτέλης"), ("محمد", "محمد"), ("Đặng", "Đặng")]
)
def test_names_of_every_alphabet_are_printed_with_a_font_that_has_them(
    name: str, shown: str, written: LibraryDocument, carol: User, book_for: BookFixture, marie: Patient
) -> None:
    """No placeholder box: each glyph is from an embedded font, and is extracted as the right text."""
    Patient.objects.filter(pk=marie.pk).update(first_name=name)
    save_rule(practice=written.practice, content=RuleContent(name="Venue", documents=[written]), by=carol)
    marie.refresh_from_db()
    book_for(marie)
    assert send_due() == 1
    text = unicodedata.normalize("NFKC", text_of(SharedDocument.objects.get().file))
    letters = unicodedata.normalize("NFKC", shown)
    assert letters in text or letters[::-1] in text  # some readers extract Arabic in drawing order
    with storage.open_(SharedDocument.objects.get().file) as file, pikepdf.open(io.BytesIO(file.read())) as pdf:
        fonts = [
            str(one.BaseFont) for one in pdf.objects if isinstance(one, pikepdf.Dictionary) and "/BaseFont" in one
        ]
    assert [font for font in fonts if "Paper" not in font] == []  # only our fonts, not those installed on the machine


def test_the_place_of_a_visit_by_video_is_its_address(
    written: LibraryDocument, carol: User, book_for: BookFixture, marie: Patient, agenda: Agenda
) -> None:
    facts = replace(AgendaFacts.of(agenda), video_url="https://video.example/salle/1")
    change_agenda(agenda=agenda, facts=facts, by=carol)
    write_version(document=written, body="<p>{{ appointment_place }}</p>", by=carol)
    save_rule(practice=written.practice, content=RuleContent(name="Venue", documents=[written]), by=carol)
    book_for(marie, kind=AppointmentKind.VIDEO)
    assert send_due() == 1
    stored = SharedDocument.objects.get().file
    assert "en vidéo https://video.example/salle/1" in text_of(stored)
    with storage.open_(stored) as file, pikepdf.open(io.BytesIO(file.read())) as pdf:
        assert [str(one.A.URI) for one in pdf.pages[0].Annots] == ["https://video.example/salle/1"]


def test_pictures_of_the_library_are_printed_and_no_other(
    practice: Practice, other_practice: Practice, carol: User
) -> None:
    drawn = io.BytesIO()
    Image.new("RGB", (40, 40), "red").save(drawn, "PNG")
    red = accept(SimpleUploadedFile("rouge.png", drawn.getvalue()))
    category = Category.objects.get(code="information")
    picture = import_document(practice=practice, intake=red, title="Rouge", category=category, by=carol)
    body = f'<p>Voici :</p><p><img src="/pro/library/{picture.pk}/picture/" alt="un carré"></p>'
    page = pypdfium2.PdfDocument(preview_body(practice=practice, title="Image", body=body))[0]
    assert (255, 0, 0) in {color for _count, color in page.render().to_pil().convert("RGB").getcolors(1 << 20) or []}
    with pytest.raises(ValidationError):
        preview_body(practice=other_practice, title="Image", body=body)


def test_only_administrators_write(practice: Practice, bob: User) -> None:
    with pytest.raises(NotAllowed):
        write_document(
            practice=practice, body=BODY, title="x", category=Category.objects.get(code="information"), by=bob
        )


def test_a_changed_text_is_a_new_version_and_a_changed_title_is_not(written: LibraryDocument, carol: User) -> None:
    body = written.current.body
    rewrite_document(document=written, title="Venir", category=written.category, body=body, by=carol)
    assert written.versions.count() == 1
    rewrite_document(document=written, title="Venir", category=written.category, body=body + "<p>Merci</p>", by=carol)
    assert [version.number for version in written.versions.all()] == [2, 1]
    assert "Merci" in text_of(written.current.file)


# --- One for each appointment -----------------------------------------------------------------------------------


def test_each_appointment_gets_its_own_copy_in_the_recipients_language(
    written: LibraryDocument, carol: User, book_for: BookFixture, marie: Patient
) -> None:
    save_rule(practice=written.practice, content=RuleContent(name="Venue", documents=[written]), by=carol)
    first = book_for(marie)
    assert send_due() == 1
    Patient.objects.filter(pk=marie.pk).update(language="en")
    second = book_for(marie)
    assert send_due() == 1
    french, english = (SharedDocument.objects.get(appointment=one) for one in (first, second))
    assert french.file != english.file != written.current.file
    assert french.library_version == english.library_version == written.current
    assert marie.full_name in text_of(french.file)
    assert "Camille Durand" not in text_of(french.file)
    assert first.local_start.strftime("%H:%M") in text_of(french.file)
    assert second.local_start.strftime("%A, ") in text_of(english.file)
    assert english.file.sha256 != french.file.sha256
    assert list(library_and_uploads_are_apart()) == []


def test_a_copy_keeps_the_version_and_the_names_of_its_day(
    written: LibraryDocument, alice: User, carol: User, book_for: BookFixture, marie: Patient
) -> None:
    shared = share_library_document(appointment=book_for(marie), library_document=written, by=alice)
    was = text_of(shared.file)
    change_patient(patient=marie, last_name="Nouveau", by=alice)
    write_version(document=written, body="<p>Tout autre chose, {{ patient_name }}</p>", by=carol)
    shared.refresh_from_db()
    assert text_of(shared.file) == was


def test_deleting_the_appointment_deletes_the_copy_and_leaves_the_library(
    written: LibraryDocument, alice: User, book_for: BookFixture, marie: Patient,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:  # fmt: skip
    appointment = book_for(marie)
    copy = share_library_document(appointment=appointment, library_document=written, by=alice).file
    with django_capture_on_commit_callbacks(execute=True):
        delete(appointment=appointment, by=alice)
    assert storage.verify(copy) == "missing from storage"
    assert storage.verify(written.current.file) is None


def test_a_text_that_cannot_be_printed_holds_up_no_other(
    written: LibraryDocument, carol: User, book_for: BookFixture, marie: Patient, receive: Callable[..., Intake],
    practice: Practice,
) -> None:  # fmt: skip
    category = Category.objects.get(code="information")
    plan = import_document(
        practice=practice, intake=receive(name="plan.pdf"), title="Plan", category=category, by=carol
    )
    save_rule(practice=practice, content=RuleContent(name="Venue", documents=[written, plan]), by=carol)
    appointment = book_for(marie)
    # The API refuses such a body; even if the database contained it, printing would stop without fetching anything.
    version = written.current
    version.body += '<img src="https://example.org/pixel.png">'
    version.save()
    assert send_due() == 1
    assert sorted(appointment.auto_sends.values_list("state", flat=True)) == ["failed", "sent"]
    assert SharedDocument.objects.get().library_version == plan.current
    assert send_due() == 0
