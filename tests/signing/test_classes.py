"""Kinds of sound documents on which readers differ: each is signed unchanged, and other readers find it valid."""

from __future__ import annotations

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2 as pdfium
import pytest
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko_certvalidator import ValidationContext

from files.intake import Refused
from signing.pdf.credentials import Credential
from signing.pdf.placement import Placement
from signing.pdf.verify import verify
from tests.documents.conftest import PDF
from tests.pdfs import hybrid_pdf, pdf_with_page
from tests.signing.conftest import Receive, Sign, pdfsig, signed_elsewhere

A0 = (0.0, 0.0, 2383.94, 3370.39)


def saved(change: Callable[[pikepdf.Pdf], None] | None = None, content: bytes = PDF, **more: Any) -> bytes:
    buffer = io.BytesIO()
    with pikepdf.open(io.BytesIO(content)) as pdf:
        if change:
            change(pdf)
        pdf.save(buffer, **more)
    return buffer.getvalue()


def form(pdf: pikepdf.Pdf) -> None:
    field = pikepdf.Dictionary(
        Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Widget, FT=pikepdf.Name.Tx, T="Poids", V="72 kg",
        DA="/Helv 12 Tf 0 g", Rect=[100, 100, 200, 130],
    )  # fmt: skip
    reference = pdf.make_indirect(field)
    pdf.pages[0].obj.Annots = pikepdf.Array([reference])
    pdf.Root.AcroForm = pikepdf.Dictionary(Fields=pikepdf.Array([reference]))


def xfa(pdf: pikepdf.Pdf) -> None:
    form(pdf)
    pdf.Root.AcroForm.XFA = pikepdf.Array(["template", pdf.make_stream(b"<template/>")])


def updated() -> bytes:
    """Updated incrementally, twice."""
    content = io.BytesIO(PDF)
    for number in range(2):
        writer = IncrementalPdfFileWriter(content)
        page, _ = writer.find_page_for_modification(0)
        page.get_object()["/Rotate"] = type(writer.root["/Pages"]["/Count"])(number * 180)
        writer.mark_update(page)
        writer.write_in_place()
    return content.getvalue()


CLASSES: dict[str, Callable[[], bytes]] = {
    "linearised": lambda: saved(linearize=True),
    "object streams": lambda: saved(object_stream_mode=pikepdf.ObjectStreamMode.generate),
    "incremental updates": updated,
    "form": lambda: saved(form),
    "XFA": lambda: saved(xfa),
    "owner-encrypted": lambda: saved(encryption=pikepdf.Encryption(owner="o", user="", R=6)),
    "500 pages": lambda: pdf_with_page(pages=500),
    "A0": lambda: pdf_with_page(media_box=A0),
}


@pytest.mark.parametrize("kind", CLASSES)
def test_documents_of_this_class_are_signed_as_they_are(kind: str, receive: Receive, sign_it: Sign) -> None:
    content = CLASSES[kind]()
    intake = receive(content)
    pages = intake.page_count
    assert not sign_it(intake, Placement(page=pages, x=0.7, y=0.8)).repaired
    assert intake.path.read_bytes().startswith(content)
    report = pdfsig(intake.path)
    assert "Signature is Valid" in report
    assert "Total document signed" in report
    assert len(pdfium.PdfDocument(str(intake.path))) == pages
    if kind in ("form", "XFA"):
        with pikepdf.open(intake.path) as pdf:
            assert str(pdf.Root.AcroForm.Fields[0].V) == "72 kg"
            assert ("/XFA" in pdf.Root.AcroForm) is (kind == "XFA")


def one_object_for_both(pdf: pikepdf.Pdf) -> None:
    page = pdf.pages[0].obj
    pdf.Root.Pages.Kids = pikepdf.Array([page, page])
    pdf.Root.Pages.Count = 2


def one_list_of_annotations_for_both(pdf: pikepdf.Pdf) -> None:
    first = pdf.pages[0].obj
    first.Annots = pdf.make_indirect(pikepdf.Array())
    pdf.Root.Pages.Kids = pikepdf.Array([first, pdf.make_indirect(pikepdf.Dictionary(dict(first.items())))])
    pdf.Root.Pages.Count = 2


@pytest.mark.parametrize("page", [1, 2])
@pytest.mark.parametrize("share", [one_object_for_both, one_list_of_annotations_for_both])
def test_what_pages_share_does_not_carry_the_stamp_to_another_page(
    share: Callable[[pikepdf.Pdf], None], page: int, receive: Receive, sign_it: Sign
) -> None:
    content = saved(share)
    intake = receive(content)
    before = looks(intake.path)
    assert not sign_it(intake, Placement(page=page, x=0.7, y=0.8)).repaired
    assert intake.path.read_bytes().startswith(content)
    assert "Total document signed" in pdfsig(intake.path)
    changed = [before[number] != look for number, look in enumerate(looks(intake.path))]
    assert changed == [page == 1, page == 2]


def looks(path: Path) -> list[bytes]:
    with pdfium.PdfDocument(str(path)) as document:
        document.init_forms()
        return [page.render(may_draw_forms=True).to_pil().tobytes() for page in document]


def test_a_document_that_asks_for_a_password_is_refused_when_it_is_received(receive: Receive) -> None:
    with pytest.raises(Refused) as caught:
        receive(saved(encryption=pikepdf.Encryption(owner="o", user="u", R=6)))
    assert caught.value.code == "password"


@pytest.mark.parametrize("allowed", [MDPPerm.FILL_FORMS, MDPPerm.ANNOTATE])
def test_a_certified_document_that_allows_signatures_is_signed_and_stays_certified(
    allowed: MDPPerm, receive: Receive, sign_it: Sign, credential: Credential
) -> None:
    certified = signed_elsewhere(PDF, credential, certify=True, docmdp_permissions=allowed)
    intake = receive(certified)
    assert not sign_it(intake, Placement(page=1, x=0.5, y=0.5)).repaired
    assert intake.path.read_bytes().startswith(certified)
    assert [report.valid for report in verify(intake.path, roots=[])] == [True, True]
    assert pdfsig(intake.path).count("Signature is Valid") == 2


def strictly_valid(path: Path) -> list[bool]:
    """For pyHanko in its default, strict mode."""
    with path.open("rb") as file, ThreadPoolExecutor(1) as pool:
        found = PdfFileReader(file).embedded_signatures
        nobody = ValidationContext(trust_roots=[], allow_fetching=False)
        judged = [pool.submit(validate_pdf_signature, one, nobody).result() for one in found]
        return [bool(status.valid and status.intact) for status in judged]


@pytest.mark.parametrize("as_word", [False, True])
def test_hybrid_cross_references_are_rewritten_for_strict_readers_and_what_only_the_stream_shows_is_kept(
    as_word: bool, receive: Receive, sign_it: Sign
) -> None:
    content = hybrid_pdf(as_word=as_word)
    with pikepdf.open(io.BytesIO(content)) as pdf:
        assert str(pdf.Root.Outlines.First.Title) == "Traitement"
    intake = receive(content)
    assert sign_it(intake, Placement(page=1, x=0.7, y=0.8)).repaired
    assert strictly_valid(intake.path) == [True]
    report = pdfsig(intake.path)
    assert "Signature is Valid" in report
    assert "Total document signed" in report
    with pikepdf.open(intake.path) as pdf:
        assert str(pdf.Root.Outlines.First.Title) == "Traitement"


def test_hybrid_cross_references_behind_a_signature_stay_as_they_are(
    receive: Receive, sign_it: Sign, credential: Credential
) -> None:
    signed = signed_elsewhere(hybrid_pdf(), credential)
    intake = receive(signed)
    assert not sign_it(intake, Placement(page=1, x=0.7, y=0.8)).repaired
    assert intake.path.read_bytes().startswith(signed)
    assert [report.valid for report in verify(intake.path, roots=[])] == [True, True]
    assert pdfsig(intake.path).count("Signature is Valid") == 2
    with pytest.raises(SignatureValidationError, match="hybrid-reference"):  # the reason for rewriting others
        strictly_valid(intake.path)
