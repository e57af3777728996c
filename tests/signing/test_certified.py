"""The first signature by this site certifies the document (DocMDP, P = 2); later ones do not, and all stay valid."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pypdfium2 as pdfium
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import DEFAULT_DIFF_POLICY, ModificationLevel, StandardDiffPolicy
from pyhanko.sign.diff_analysis.form_rules_api import FormUpdatingRule
from pyhanko.sign.diff_analysis.rules.form_field_rules import SigFieldCreationRule, SigFieldModificationRule
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation import read_certification_data

from bench.doctors import Authority
from files.decoding import draw_fields
from signing.pdf.credentials import Credential
from signing.pdf.examination import Integrity, Known, examine
from signing.pdf.geometry import PageGeometry, largest_usual_stamp, stamp_rectangle, usual_width
from signing.pdf.placement import Placement
from tests.documents.conftest import PDF
from tests.signing.changed.documents import CATALOG, Update, document
from tests.signing.changed.signers import signers
from tests.signing.conftest import Receive, Sign, pdfsig, signed_elsewhere

INTACT = {Integrity.WHOLE, Integrity.VALIDATED, Integrity.SIGNED_AGAIN}


def certification(path: Path) -> tuple[MDPPerm | None, list[MDPPerm | None]]:
    """The document's permission, and that of each signature."""
    with path.open("rb") as file:
        reader = PdfFileReader(file)
        found = read_certification_data(reader)
        levels = [signature.docmdp_level for signature in reader.embedded_regular_signatures]
        return found.permission if found else None, levels


def test_the_first_signature_certifies_and_the_second_approves(
    receive: Receive, sign_it: Sign, authority: Authority
) -> None:
    once = receive(PDF)
    sign_it(once, Placement(page=1, x=0.2, y=0.9))
    assert certification(once.path) == (MDPPerm.FILL_FORMS, [MDPPerm.FILL_FORMS])
    again = receive(once.path.read_bytes())
    sign_it(again, Placement(page=1, x=0.8, y=0.9), name="Dr Bob Girard")
    assert certification(again.path) == (MDPPerm.FILL_FORMS, [MDPPerm.FILL_FORMS, None])
    found = examine(again.path, Known([authority.certificate]))
    assert [(each.integrity, each.valid, each.trusted) for each in found] == [
        (Integrity.SIGNED_AGAIN, True, True),
        (Integrity.WHOLE, True, True),
    ]
    assert pdfsig(again.path).count("Signature is Valid") == 2


def test_a_document_that_comes_signed_is_not_certified(
    receive: Receive, sign_it: Sign, credential: Credential, authority: Authority
) -> None:
    intake = receive(signed_elsewhere(PDF, credential))
    sign_it(intake, Placement(page=1, x=0.5, y=0.5))
    assert certification(intake.path) == (None, [None, None])
    assert {each.integrity for each in examine(intake.path, Known([authority.certificate]))} <= INTACT
    assert pdfsig(intake.path).count("Signature is Valid") == 2


@pytest.mark.parametrize("permission", [MDPPerm.FILL_FORMS, MDPPerm.ANNOTATE])
def test_a_document_that_comes_certified_keeps_its_certification(
    permission: MDPPerm, receive: Receive, sign_it: Sign, credential: Credential, authority: Authority
) -> None:
    intake = receive(signed_elsewhere(PDF, credential, certify=True, docmdp_permissions=permission))
    sign_it(intake, Placement(page=1, x=0.5, y=0.5))
    assert certification(intake.path) == (permission, [permission, None])
    assert {each.integrity for each in examine(intake.path, Known([authority.certificate]))} <= INTACT


def test_a_document_that_comes_time_stamped_is_not_certified(
    receive: Receive, sign_it: Sign, authority: Authority
) -> None:
    intake = receive(signers().time_stamp(PDF))
    sign_it(intake, Placement(page=1, x=0.5, y=0.5))
    assert certification(intake.path) == (None, [None])
    assert examine(intake.path, Known([authority.certificate]))[-1].integrity in INTACT


@pytest.mark.parametrize("odd", ["null", "[]", "12", "<< /UR3 << >> >>"])
def test_a_document_with_odd_permissions_is_signed(odd: str, receive: Receive, sign_it: Sign) -> None:
    update = Update(document())
    update.add(CATALOG, b"/Perms " + odd.encode())
    intake = receive(update.done())
    sign_it(intake, Placement(page=1, x=0.5, y=0.5))
    assert certification(intake.path) == (MDPPerm.FILL_FORMS, [MDPPerm.FILL_FORMS])
    assert "Signature is Valid" in pdfsig(intake.path)


def test_pyhanko_agrees_on_a_second_signature_where_it_is_told_to_judge_as_acrobat(
    receive: Receive, sign_it: Sign
) -> None:
    """By default it refuses a new visible field after a certification; its documentation says "this is stricter than
    Acrobat"."""
    again = receive(PDF)
    sign_it(again, Placement(page=1, x=0.2, y=0.9))
    again = receive(again.path.read_bytes())
    sign_it(again, Placement(page=1, x=0.8, y=0.9))
    creation = SigFieldCreationRule(allow_new_visible_after_certify=True)
    fields = [creation, SigFieldModificationRule()]
    policy = StandardDiffPolicy(DEFAULT_DIFF_POLICY.global_rules, FormUpdatingRule(fields))
    with again.path.open("rb") as file:
        first, second = PdfFileReader(file).embedded_regular_signatures
        for signature, came in ((first, ModificationLevel.FORM_FILLING), (second, ModificationLevel.NONE)):
            signature.compute_integrity_info(policy)
            summary = signature.summarise_integrity_info()
            assert (summary["docmdp_ok"], summary["diff_result"].modification_level) == (True, came)


def seen_by_pdfium(path: Path) -> Image.Image:
    pdf = pdfium.PdfDocument(path)
    draw_fields(pdf)
    image: Image.Image = pdf[0].render(scale=1, may_draw_forms=True).to_pil()
    return image.convert("RGB")


def seen_by_poppler(path: Path) -> Image.Image:
    subprocess.run(["pdftoppm", "-r", "72", "-png", "-singlefile", str(path), str(path.with_suffix(""))], check=True)
    return Image.open(path.with_suffix(".png")).convert("RGB")


def test_a_certified_document_looks_as_it_did_before_we_certified(
    receive: Receive, sign_it: Sign, credential: Credential, tmp_path: Path
) -> None:
    """Compares with the page without certification, including the stamp, except time and field name."""
    intake = receive(PDF)
    sign_it(intake, Placement(page=1, x=0.2, y=0.9))
    certified, approved = tmp_path / "certified.pdf", tmp_path / "approved.pdf"
    content = intake.path.read_bytes()
    certified.write_bytes(content)
    approved.write_bytes(content.replace(b"/Perms", b"/Xerms").replace(b"/DocMDP", b"/XocMDP"))  # same length
    assert certification(certified)[0] is MDPPerm.FILL_FORMS
    assert certification(approved) == (None, [None])
    for seen_by in (seen_by_pdfium, seen_by_poppler):
        assert ImageChops.difference(seen_by(certified), seen_by(approved)).getbbox() is None


def test_a_stamp_as_wide_as_the_page_is_made_smaller_on_a_signed_document(
    receive: Receive, sign_it: Sign, authority: Authority
) -> None:
    once = receive(PDF)
    sign_it(once, Placement(page=1, x=0.2, y=0.9))
    again = receive(once.path.read_bytes())
    sign_it(again, Placement(page=1, x=0.5, y=0.5, width=1.0))
    assert [each.integrity for each in examine(again.path, Known([authority.certificate]))] == [
        Integrity.SIGNED_AGAIN,
        Integrity.WHOLE,
    ]


SIDES = st.floats(50, 20_000)


@given(SIDES, SIDES, st.sampled_from([0, 90, 180, 270]), st.floats(0, 1), st.floats(0, 1), st.floats(0.05, 1))
def test_a_stamp_of_usual_width_is_never_larger_than_usual(
    width: float, height: float, rotation: int, x: float, y: float, wanted: float
) -> None:
    page = PageGeometry((0, 0, width, height), rotation)
    box = stamp_rectangle(page, x=x, y=y, width=usual_width(page, wanted))
    shown = (box[2] - box[0], box[3] - box[1])
    if rotation in (90, 270):
        shown = (shown[1], shown[0])
    for side, most in zip(shown, largest_usual_stamp(page), strict=True):
        assert side <= most + 0.01
