"""Active content, links and attachments in PDFs: refused, or accepted and reported, as docs/decisions/0013 says."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from typing import Any

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Pdf, Stream

from files.content import POLICY
from files.intake import Intake, Refused
from files.names import clean_name, hides_a_program
from files.notices import NOTICES, notice_sentences
from tests.documents.conftest import PDF
from tests.pdf_samples import SAMPLES, Sample

Receive = Callable[..., Intake]
Change = Callable[[Pdf], None]


def changed(change: Change) -> bytes:
    buffer = io.BytesIO()
    with pikepdf.open(io.BytesIO(PDF)) as pdf:
        change(pdf)
        pdf.save(buffer, object_stream_mode=pikepdf.ObjectStreamMode.generate)  # names are no longer plain bytes
    return buffer.getvalue()


def action(kind: str, **more: Any) -> Dictionary:
    return Dictionary(S=Name(kind), **more)


def annotate(pdf: Pdf, **entries: Any) -> None:
    link = Dictionary(Type=Name.Annot, Rect=[0, 0, 9, 9], **{"Subtype": Name.Link, **entries})
    pdf.pages[0].obj.Annots = Array([pdf.make_indirect(link)])


def launch_on_click(pdf: Pdf) -> None:
    annotate(pdf, A=action("/Launch", F="calc.exe"))


def launch_chained(pdf: Pdf) -> None:
    last = action("/Launch", F="calc.exe")
    pdf.Root.OpenAction = action("/GoTo", D=Array([pdf.pages[0].obj, Name.Fit]), Next=Array([last]))


def launch_in_outline(pdf: Pdf) -> None:
    windows = Dictionary(F="x", P="/c del *")
    entry = pdf.make_indirect(Dictionary(Title="x", A=action("/Launch", Win=windows)))
    pdf.Root.Outlines = pdf.make_indirect(Dictionary(First=entry, Last=entry))
    entry.Next = entry  # a loop


def script_on_opening(pdf: Pdf) -> None:
    pdf.Root.OpenAction = action("/JavaScript", JS="app.alert(1)")


def script_of_a_page(pdf: Pdf) -> None:
    pdf.pages[0].obj.AA = Dictionary(O=action("/JavaScript", JS=Stream(pdf, b"app.alert(1)")))


def script_of_a_field(pdf: Pdf) -> None:
    field = pdf.make_indirect(Dictionary(T="f", AA=Dictionary(K=action("/JavaScript", JS="1"))))
    field.Kids = Array([field])  # a loop
    pdf.Root.AcroForm = Dictionary(Fields=Array([field]))


def address_on_opening(pdf: Pdf) -> None:
    pdf.Root.OpenAction = action("/URI", URI="https://example.org")


def plain_link(pdf: Pdf) -> None:
    annotate(pdf, A=action("/URI", URI="https://example.org"))


def sent_form(pdf: Pdf) -> None:
    annotate(pdf, A=action("/SubmitForm", F="https://example.org"))


def attachment(pdf: Pdf) -> None:
    pdf.attachments["releve.csv"] = b"a;b"


def program_attached(pdf: Pdf) -> None:
    pdf.attachments["Facture.EXE"] = b"MZ"


def program_on_the_page(pdf: Pdf) -> None:
    annotate(pdf, Subtype=Name.FileAttachment, FS=Dictionary(Type=Name.Filespec, F="x.vbs", UF="x.vbs"))


def form(pdf: Pdf) -> None:
    pdf.Root.AcroForm = Dictionary(Fields=Array(), XFA=Array(["template", Stream(pdf, b"<x/>")]))


def dynamic_form(pdf: Pdf) -> None:
    form(pdf)
    pdf.Root.NeedsRendering = True


def film(pdf: Pdf) -> None:
    annotate(pdf, Subtype=Name.RichMedia)


@pytest.mark.parametrize(
    "change",
    [launch_on_click, launch_chained, launch_in_outline, program_attached, program_on_the_page],
)
def test_what_would_run_a_program_is_refused(change: Change, receive: Receive) -> None:
    with pytest.raises(Refused) as caught:
        receive(changed(change))
    assert caught.value.code == "active_content"
    assert "Imprimez-le en PDF" in caught.value.sentence


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        (script_on_opening, ("javascript",)),
        (script_of_a_page, ("javascript",)),
        (script_of_a_field, ("javascript",)),
        (address_on_opening, ("opens_address",)),
        (sent_form, ("sends_form",)),
        (attachment, ("attachments",)),
        (form, ("xfa",)),
        (dynamic_form, ("dynamic_form",)),
        (film, ("media",)),
        (plain_link, ()),
    ],
)
def test_the_rest_is_taken_as_it_is_and_told(change: Change, codes: tuple[str, ...], receive: Receive) -> None:
    content = changed(change)
    intake = receive(content)
    assert intake.notices == codes
    assert intake.path.read_bytes() == content


def test_a_file_that_is_damaged_is_searched_by_its_bytes(receive: Receive) -> None:
    buffer = io.BytesIO()
    with pikepdf.open(io.BytesIO(PDF)) as pdf:
        launch_on_click(pdf)
        pdf.save(buffer, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    damaged = buffer.getvalue().replace(b"startxref", b"startxxxx")
    with pytest.raises(Refused) as caught:
        receive(damaged)
    assert caught.value.code == "active_content"


def test_every_code_has_a_decision_and_every_told_one_a_sentence() -> None:
    accepted = {code for code, taken in POLICY.items() if taken}
    assert accepted <= set(NOTICES)
    assert all(notice_sentences([code]) for code in NOTICES)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_what_documents_of_other_software_carry_is_told_and_nothing_else(sample: Sample, receive: Receive) -> None:
    if sample.refused:
        with pytest.raises(Refused) as caught:
            receive(sample.content())
        assert caught.value.code == sample.refused
    else:
        assert receive(sample.content()).notices == sample.notices


PROGRAMS = [
    "exe",
    "scr",
    "cpl",
    "reg",
    "url",
    "lnk",
    "settingcontent-ms",
    "ps1xml",
    "msc",
    "library-ms",
    "jar",
    "hta",
]
BLANKS = [
    "",
    " ",
    "\u00a0",
    "\u2003",
    "\u3000",
    "\u2800",
    "\u3164",
    "_",
    "%20",
    "\u200b",
    "\u2800\u3000 ",
    " (1)",
    "~",
]


@pytest.mark.parametrize("extension", PROGRAMS)
@pytest.mark.parametrize("blank", BLANKS)
@pytest.mark.parametrize("dot", [".", "\uff0e", "\u2024", "\ufe52", "\u3002"])
def test_an_extension_of_a_program_is_one_however_it_is_spaced(extension: str, blank: str, dot: str) -> None:
    for written in (extension, extension.upper(), extension.title()):
        assert hides_a_program(clean_name(f"ordonnance{dot}{written}{blank}.pdf"))
    before = blank if blank not in (" (1)", "%20") else " "
    assert hides_a_program(clean_name(f"ordonnance{dot}{before}{extension}.v2.pdf"))


def test_letters_of_another_width_make_the_same_extension() -> None:
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in "exe")
    assert hides_a_program(f"ordonnance.{wide}.pdf")


@pytest.mark.parametrize(
    "name",
    [
        *("Dr. Martin ordonnance.pdf", "bilan.v2.pdf", "12.11.2026.pdf", "J.P. Dupont.pdf", "M. Bat.pdf"),
        *("Mme. Job.pdf", "hôpital.bât.pdf", "compte.rendu.pdf", "patient.INS.pdf", "12.mar.2026.pdf", "exe.pdf"),
        *("ordonnance.pdf", "ordonnance du 12.11.26 (1).pdf", "scan.tar.pdf", "photo.jpg.pdf", "a..pdf"),
    ],
)
def test_a_harmless_name_is_taken(name: str, receive: Receive) -> None:
    assert receive(PDF, name=name).name


def test_a_name_is_judged_at_once() -> None:
    for name in ("a." + "()" * 100 + "x.pdf", "a." + "%20" * 66 + "x.pdf", "." * 200, "a.exe" + "(1)" * 60 + "é.pdf"):
        begun = time.process_time()
        hides_a_program(name)
        assert time.process_time() - begun < 10  # backtracking would take centuries


@pytest.mark.parametrize(
    "name",
    [
        *("ordonnance.exe.pdf", "ordo\u202efdp.js.pdf", "photo.HTML.png", "ordonnance.exe .pdf", "a.exe\u3000.pdf"),
        *("x.lnk\u2800.pdf", "ordonnance\uff0eexe.pdf", "a.cpl.pdf", "a.reg.pdf", "a.url.pdf", "a.scr\u00a0.pdf"),
    ],
)
def test_a_name_that_passes_for_a_program_is_refused(name: str, receive: Receive) -> None:
    with pytest.raises(Refused) as caught:
        receive(PDF, name)
    assert caught.value.code == "name_refused"


def test_dots_in_a_name_are_no_extension(receive: Receive) -> None:
    assert receive(PDF, "compte.rendu.v1.2.pdf").name == "compte.rendu.v1.2.pdf"
