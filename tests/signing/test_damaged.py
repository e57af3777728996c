"""Whatever a viewer opens is signed: repaired if necessary, with a notice, and with every page."""

from __future__ import annotations

import io
from typing import Literal

import pikepdf
import pypdfium2 as pdfium
import pytest
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, append_signature_field

from bench.damage import DAMAGES, without_startxref
from signing.pdf import signing_child
from signing.pdf.credentials import Credential
from signing.pdf.placement import Placement
from signing.pdf.sign import CannotSign
from tests.documents.conftest import PDF
from tests.pdfs import pdf_with_page
from tests.signing import full_disk
from tests.signing.conftest import Receive, Sign, pdfsig, signed_elsewhere

HERE = Placement(page=1, x=0.7, y=0.8)
THREE_PAGES = pdf_with_page(pages=3)
# The damaged files that need a rewrite before they can be read, strictly or at all.
REPAIRED = {
    "tail cut", "no startxref", "wrong startxref", "junk in front", "odd header",
    "form fields of no use", "form is no dictionary", "annotations are no array",
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_document_is_signed_and_valid_for_independent_readers(
    damage: str, receive: Receive, sign_it: Sign
) -> None:
    content = DAMAGES[damage](PDF)
    intake = receive(content)
    signed = sign_it(intake, HERE)
    report = pdfsig(intake.path)
    assert "Signature is Valid" in report
    assert "Total document signed" in report
    with intake.path.open("rb") as file:
        PdfFileReader(file)  # strict: raises on any remaining damage
    assert signed.repaired is not intake.path.read_bytes().startswith(content)
    assert signed.repaired or damage not in REPAIRED
    assert signed.intake.size == intake.path.stat().st_size


def test_every_page_is_kept_by_a_repair(receive: Receive, sign_it: Sign) -> None:
    intake = receive(without_startxref(THREE_PAGES))
    signed = sign_it(intake, Placement(page=3, x=0.5, y=0.5))
    assert signed.repaired
    assert len(pdfium.PdfDocument(str(intake.path))) == 3


@pytest.mark.parametrize("revision", [3, 4, 6])
def test_encryption_with_an_empty_password_is_kept(
    revision: Literal[3, 4, 6], receive: Receive, sign_it: Sign
) -> None:
    written = io.BytesIO()
    with pikepdf.open(io.BytesIO(PDF)) as pdf:
        pdf.save(
            written,
            encryption=pikepdf.Encryption(
                owner="owner", user="", R=revision, aes=revision > 3, metadata=revision > 3
            ),
        )
    intake = receive(written.getvalue())
    signed = sign_it(intake, HERE)
    assert "Signature is Valid" in pdfsig(intake.path)
    assert intake.path.read_bytes().startswith(written.getvalue())
    assert not signed.repaired
    with pikepdf.open(intake.path) as pdf:
        assert pdf.is_encrypted


def test_a_damaged_file_that_carries_a_signature_is_not_rewritten(receive: Receive, sign_it: Sign) -> None:
    """The signature is still valid: a rewrite would break it."""
    first = receive(PDF)
    sign_it(first, HERE)
    signed = first.path.read_bytes()
    damaged = signed.replace(b"startxref", b"startxxxx")  # also within the signed bytes
    sound = signed + b"\nstartxref\n99999999\n%%EOF\n"  # after them
    with pytest.raises(CannotSign) as caught:
        sign_it(receive(sound), HERE)
    assert caught.value.code == "signed_and_damaged"
    again = receive(damaged)  # already broken: nothing left to protect
    assert sign_it(again, HERE).repaired


def test_an_empty_signature_field_does_not_stand_in_the_way_of_a_repair(receive: Receive, sign_it: Sign) -> None:
    written = io.BytesIO(PDF)
    writer = IncrementalPdfFileWriter(written)
    append_signature_field(writer, SigFieldSpec("Patient", box=(10, 10, 100, 50)))
    writer.write_in_place()
    intake = receive(without_startxref(written.getvalue()))
    assert sign_it(intake, HERE).repaired
    assert "Signature is Valid" in pdfsig(intake.path)


def test_a_certified_document_that_forbids_changes_is_refused_with_its_own_sentence(
    receive: Receive, sign_it: Sign, credential: Credential
) -> None:
    certified = signed_elsewhere(PDF, credential, certify=True, docmdp_permissions=MDPPerm.NO_CHANGES)
    with pytest.raises(CannotSign) as caught:
        sign_it(receive(certified), HERE)
    assert caught.value.code == "docmdp"


def test_a_certification_that_no_longer_fits_its_bytes_forbids_nothing(
    receive: Receive, sign_it: Sign, credential: Credential
) -> None:
    certified = signed_elsewhere(PDF, credential, certify=True, docmdp_permissions=MDPPerm.NO_CHANGES)
    changed = certified.replace(b"/Title", b"/Tatle", 1)
    assert changed != certified
    intake = receive(changed)
    sign_it(intake, Placement(page=1, x=0.5, y=0.5))
    assert pdfsig(intake.path).count("Signature is Valid") == 1


def test_a_form_whose_fields_the_viewer_draws_looks_as_it_was_sent(receive: Receive, sign_it: Sign) -> None:
    written = io.BytesIO()
    with pikepdf.open(io.BytesIO(PDF)) as pdf:
        field = pikepdf.Dictionary(
            Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Widget, FT=pikepdf.Name.Tx, T="Poids", V="72 kg",
            DA="/Helv 12 Tf 0 g", Rect=[100, 100, 200, 130],
        )  # fmt: skip
        reference = pdf.make_indirect(field)
        pdf.pages[0].obj.Annots = pikepdf.Array([reference])
        pdf.Root.AcroForm = pikepdf.Dictionary(Fields=pikepdf.Array([reference]), NeedAppearances=True)
        pdf.save(written)
    intake = receive(written.getvalue())
    sign_it(intake, HERE)
    with pikepdf.open(intake.path) as pdf:
        assert bool(pdf.Root.AcroForm.NeedAppearances)


def test_a_document_that_a_reader_never_finishes_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    def for_ever() -> None:
        while True:
            try:
                sum(range(1000))
            except Exception:  # as libraries do
                continue

    with pytest.raises(signing_child._TakesTooLong), signing_child._within(0.05):
        for_ever()


@pytest.mark.parametrize("content", [PDF, without_startxref(PDF)], ids=["sound", "to be repaired"])
def test_a_full_disk_is_no_damaged_document(
    content: bytes, receive: Receive, sign_it: Sign, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel refuses to let files grow, as on a full disk or quota."""
    intake = receive(content)
    monkeypatch.setattr(signing_child, "sign_file", full_disk.sign_file)
    with pytest.raises(OSError, match="no room to sign"):
        sign_it(intake, HERE)
    assert intake.path.read_bytes() == content
