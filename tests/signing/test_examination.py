"""The report on a signed PDF: intact, followed by validation material, altered, and by whom it was signed."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from django.utils import timezone
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.validation.dss import DocumentSecurityStore

from bench.doctors import Authority
from signing.pdf import machine_faults
from signing.pdf.credentials import Credential
from signing.pdf.examination import ExaminedSignature, Integrity, Known, Trust, examine
from signing.pdf.placement import Placement
from signing.pdf.verify import CannotVerify
from signing.pdf.verifying_child import verify_file
from tests.documents.conftest import PDF
from tests.signing.conftest import Receive, Sign, signed_elsewhere


@pytest.fixture
def signed(receive: Receive, sign_it: Sign) -> Path:
    """A letter signed by Dr Alice Morel."""
    intake = receive(PDF)
    sign_it(intake, Placement(page=1, x=0.2, y=0.9))
    return intake.path


@pytest.fixture
def look(authority: Authority) -> Callable[[Path], list[ExaminedSignature]]:
    return lambda path: examine(path, Known([authority.certificate]))


Look = Callable[[Path], list[ExaminedSignature]]


def update(path: Path, change: Callable[[IncrementalPdfFileWriter], object]) -> None:
    """Append an incremental update."""
    content = io.BytesIO(path.read_bytes())
    writer = IncrementalPdfFileWriter(content)
    change(writer)
    writer.write_in_place()
    path.write_bytes(content.getvalue())


def test_a_signed_document_is_whole_and_its_signer_known(signed: Path, look: Look) -> None:
    (signature,) = look(signed)
    assert (signature.signer, signature.number, signature.level) == ("Dr Alice Morel", "10101010101", "B-B")
    assert (signature.integrity, signature.trust) == (Integrity.WHOLE, Trust.TRUSTED)
    assert signature.signed_at is not None
    assert abs((timezone.now() - signature.signed_at).total_seconds()) < 60


def test_a_stranger_to_this_installation_is_not_confirmed(signed: Path) -> None:
    (signature,) = examine(signed, Known([]))
    assert (signature.valid, signature.trust) == (True, Trust.UNKNOWN_ISSUER)
    assert "autorité de signature" in signature.issuer


def test_validation_material_behind_it_is_no_alteration(signed: Path, look: Look) -> None:
    def add_store(writer: IncrementalPdfFileWriter) -> None:
        store = DocumentSecurityStore(writer).as_pdf_object()
        writer.root["/DSS"] = writer.add_object(store)
        writer.update_root()

    update(signed, add_store)
    (signature,) = look(signed)
    assert (signature.integrity, signature.covers_whole_document) == (Integrity.VALIDATED, True)


def test_a_second_signature_leaves_the_first_whole(signed: Path, receive: Receive, sign_it: Sign, look: Look) -> None:
    again = receive(signed.read_bytes())
    sign_it(again, Placement(page=1, x=0.8, y=0.9))
    assert [one.integrity for one in look(again.path)] == [Integrity.SIGNED_AGAIN, Integrity.WHOLE]


def test_something_drawn_on_the_page_afterwards_is_an_alteration(signed: Path, look: Look) -> None:
    def draw(writer: IncrementalPdfFileWriter) -> None:
        page = writer.root["/Pages"]["/Kids"][0]
        page["/Contents"] = writer.add_object(generic.StreamObject(stream_data=b"0 0 300 300 re f"))
        writer.update_container(page)

    update(signed, draw)
    (signature,) = look(signed)
    assert (signature.valid, signature.integrity) == (True, Integrity.ALTERED)


def test_bytes_behind_the_end_are_an_alteration(signed: Path, look: Look) -> None:
    with signed.open("ab") as file:
        file.write(b"\n% une note\n")
    assert [one.integrity for one in look(signed)] == [Integrity.ALTERED]


def test_one_changed_byte_breaks_the_signature(signed: Path, look: Look) -> None:
    content = bytearray(signed.read_bytes())
    content[content.index(b"Ordonnance") + 1] ^= 1
    signed.write_bytes(content)
    assert [(one.valid, one.integrity) for one in look(signed)] == [(False, Integrity.BROKEN)]


def test_stripped_of_its_signature_it_has_none(signed: Path, look: Look) -> None:
    whole = signed.read_bytes()
    signed.write_bytes(whole[: len(PDF)])
    assert look(signed) == []
    with pikepdf.open(io.BytesIO(whole)) as pdf:
        del pdf.Root.AcroForm
        for page in pdf.pages:
            del page.obj["/Annots"]
        pdf.save(signed)
    assert look(signed) == []


def test_a_signature_cut_off_in_the_middle_is_refused(signed: Path, look: Look) -> None:
    signed.write_bytes(signed.read_bytes()[:-400])
    with pytest.raises(CannotVerify) as caught:
        look(signed)
    assert caught.value.code == "unreadable"


def test_a_signature_that_is_no_such_thing_does_not_hide_the_others(signed: Path, look: Look) -> None:
    def forge(writer: IncrementalPdfFileWriter) -> None:
        dictionary: Any = generic.DictionaryObject
        name, text = generic.pdf_name, generic.pdf_string
        value = {name("/Type"): name("/Sig"), name("/Contents"): generic.ByteStringObject(b"no such thing")}
        field = {name("/FT"): name("/Sig"), name("/T"): text("Faux"), name("/V"): dictionary(value)}
        form = writer.root["/AcroForm"]
        form["/Fields"].append(writer.add_object(dictionary(field)))
        writer.update_container(form)

    update(signed, forge)
    found = look(signed)
    assert [(one.signer, one.valid, one.level) for one in found] == [("", False, ""), ("Dr Alice Morel", True, "B-B")]


def test_another_kind_of_signature_than_pades_has_none_of_its_levels(
    receive: Receive, credential: Credential
) -> None:
    intake = receive(signed_elsewhere(PDF, credential))
    (signature,) = examine(intake.path, Known([]))
    assert (signature.integrity, signature.level) == (Integrity.WHOLE, "")


def test_a_fault_of_ours_is_no_answer_about_a_document(signed: Path, authority: Authority) -> None:
    """A chain cannot be checked in a thread with a running event loop: that is no statement about the signer."""

    async def beside_a_loop() -> None:
        verify_file(str(signed), [authority.certificate])

    with pytest.raises(machine_faults.Fault):
        asyncio.run(beside_a_loop())
    assert verify_file(str(signed), [authority.certificate])["signatures"][0]["trust"] == "trusted"
