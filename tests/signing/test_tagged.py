"""Signing keeps tagged PDFs tagged, and PDF/A valid."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from django.conf import settings
from django.utils import timezone
from pikepdf import Array, Dictionary, Name

from bench.doctors import Authority
from documents.library.writing import rendering
from files import sandbox
from signing.pdf.credentials import Credential
from signing.pdf.placement import Placement
from signing.pdf.sign import sign
from signing.pdf.stamp import StampContent
from signing.pdf.verify import verify
from tests.pdf_samples import archived
from tests.pdfs import pdf_with_page
from tests.signing.conftest import Receive, pdfsig
from tests.signing.test_stamp import drawn_signature

Signed = Callable[[bytes], Path]


@pytest.fixture
def signed(receive: Receive, credential: Credential) -> Signed:
    def _signed(content: bytes) -> Path:
        intake = receive(content)
        appearance = StampContent(drawn_signature(), "Alice Morel", "10101010101")
        sign(
            intake,
            placement=Placement(page=1, x=0.7, y=0.9),
            credential=credential,
            appearance=appearance,
            signing_time=timezone.now(),
        )
        return intake.path

    return _signed


@pytest.fixture
def written(tmp_path: Path) -> bytes:
    """A written document of the practice: PDF/A-2a and PDF/UA-1."""
    output = tmp_path / "written.pdf"
    fonts = {"docshare:font": str(settings.PAPER_FONTS["Regular"])}
    style = "<style>@font-face { font-family: Paper; src: url(docshare:font) } body { font-family: Paper }</style>"
    html = f"<html lang=fr><head><title>Conseils</title>{style}</head><body><h1>Conseils</h1><p>Boire.</body></html>"
    output.touch()
    sandbox.run(rendering.render, html, fonts, str(output), reads=list(fonts.values()), writes=[output], scratch=True)
    return output.read_bytes()


def in_parent_tree(node: Any, key: int) -> Any:
    pairs = list(node.get("/Nums", []))
    found = dict(zip(map(int, pairs[::2]), pairs[1::2], strict=True))
    if key in found:
        return found[key]
    return next((hit for kid in node.get("/Kids", []) if (hit := in_parent_tree(kid, key)) is not None), None)


def check_structure(pdf: pikepdf.Pdf) -> None:
    """The widget and the structure tree refer to each other, as ISO 32000-1, 14.7.4.4 requires."""
    widget = pdf.Root.AcroForm.Fields[-1]
    tree = pdf.Root.StructTreeRoot
    element = in_parent_tree(tree.ParentTree, int(widget.StructParent))
    assert Name.Form == element.S
    assert element.K.Type == Name.OBJR
    assert element.K.Obj.objgen == widget.objgen
    assert element.Pg.objgen == widget.P.objgen
    assert int(tree.ParentTreeNextKey) > int(widget.StructParent)
    parent = element.P
    children = parent.K if isinstance(parent.K, Array) else [parent.K]
    assert element.objgen in [child.objgen for child in children if isinstance(child, Dictionary)]
    assert element.P.get("/S", Name.StructTreeRoot) in (Name.Document, Name.StructTreeRoot)
    assert widget.P.Tabs == Name.S
    assert "Signature électronique : Alice Morel" in str(widget.TU)


def check_archivable(pdf: pikepdf.Pdf, *, before: bytes) -> None:
    """The requirements of PDF/A-1 to 3 for added objects (ISO 19005-1, 6; ISO 19005-2, 6)."""
    with pikepdf.open(io.BytesIO(before)) as unsigned:
        assert pdf.Root.Metadata.read_bytes() == unsigned.Root.Metadata.read_bytes()
        assert dict(pdf.docinfo) == dict(unsigned.docinfo)
        assert pdf.Root.OutputIntents == unsigned.Root.OutputIntents
    widget = pdf.Root.AcroForm.Fields[-1]
    assert int(widget.F) & 0b100111 == 0b100  # printed; neither invisible, hidden nor unviewed
    assert list(widget.AP.keys()) == ["/N"]
    assert "/NeedAppearances" not in pdf.Root.AcroForm
    assert "/AA" not in widget
    assert "/A" not in widget
    form = widget.AP.N
    assert "/Group" not in form
    assert "/ExtGState" not in form.Resources
    operators = {str(instruction.operator) for instruction in pikepdf.parse_content_stream(form)}
    assert not operators & {"rg", "RG", "g", "G", "k", "K", "gs", "sh", "BI"}
    for space in form.Resources.ColorSpace.values():
        assert space[0] == Name.CalRGB
    for image in form.Resources.XObject.values():
        assert "/SMask" not in image
        assert "/Interpolate" not in image
        assert image.ColorSpace[0] == Name.CalRGB
        assert bool(image.Mask.ImageMask)
    for font in form.Resources.Font.values():
        check_font(font, used=glyphs_of(form))


def glyphs_of(form: Any) -> set[int]:
    return {int(code, 16) for code in re.findall(rb"<([0-9a-f]{4})> Tj", form.read_bytes())}


def check_font(font: Any, *, used: set[int]) -> None:
    (descendant,) = font.DescendantFonts
    descriptor = descendant.FontDescriptor
    assert re.match(r"/[A-Z]{6}\+", str(descriptor.FontName))
    assert len(descriptor.FontFile2.read_bytes()) == int(descriptor.FontFile2.Length1)
    present = descriptor.CIDSet.read_bytes()
    widths = list(descendant.W[1])
    assert used
    assert 0 not in used  # the box of a missing glyph
    for glyph in used:
        assert present[glyph // 8] & (0x80 >> glyph % 8)
        assert f"<{glyph:04x}> <".encode() in font.ToUnicode.read_bytes()
    from fontTools.ttLib import TTFont

    program = TTFont(io.BytesIO(descriptor.FontFile2.read_bytes()))
    assert len(widths) == program["maxp"].numGlyphs
    scale = 1000 / program["head"].unitsPerEm
    advances = [round(program["hmtx"][name][0] * scale) for name in program.getGlyphOrder()]
    assert [round(float(width)) for width in widths] == advances


def test_an_archivable_document_stays_one_and_stays_tagged(written: bytes, signed: Signed) -> None:
    path = signed(written)
    stays_archivable(path, before=written)
    with pikepdf.open(path) as pdf:
        check_structure(pdf)


@pytest.mark.parametrize("part", ["1", "2", "3"])
def test_an_archivable_document_of_other_software_stays_one_and_gets_no_tags(part: str, signed: Signed) -> None:
    content = archived(part)
    path = signed(content)
    stays_archivable(path, before=content)
    with pikepdf.open(path) as pdf:
        assert "/StructTreeRoot" not in pdf.Root


def stays_archivable(path: Path, *, before: bytes) -> None:
    assert path.read_bytes().startswith(before)
    with pikepdf.open(path) as pdf:
        check_archivable(pdf, before=before)
    assert "Total document signed" in pdfsig(path)


def tagged(change: Callable[[pikepdf.Pdf], None]) -> bytes:
    """A small tagged document, with an unusual change."""
    with pikepdf.open(io.BytesIO(pdf_with_page(pages=2))) as pdf:
        root = pdf.make_indirect(Dictionary(Type=Name.StructTreeRoot))
        whole = pdf.make_indirect(Dictionary(Type=Name.StructElem, S=Name.Document, P=root, K=Array()))
        paragraph = Dictionary(Type=Name.StructElem, S=Name.P, P=whole, Pg=pdf.pages[0].obj, K=0)
        whole.K.append(pdf.make_indirect(paragraph))
        root.K = whole
        root.ParentTree = pdf.make_indirect(Dictionary(Nums=Array([0, Array([whole.K[0]])])))
        root.ParentTreeNextKey = 1
        pdf.Root.StructTreeRoot = root
        pdf.Root.MarkInfo = Dictionary(Marked=True)
        change(pdf)
        buffer = io.BytesIO()
        pdf.save(buffer)
        return buffer.getvalue()


def _in_leaves(pdf: pikepdf.Pdf) -> None:
    tree = pdf.Root.StructTreeRoot
    leaves = [
        pdf.make_indirect(Dictionary(Limits=Array([n, n]), Nums=Array([n, Array([tree.K.K[0]])]))) for n in (0, 7)
    ]
    tree.ParentTree = pdf.make_indirect(Dictionary(Kids=Array(leaves)))


def _without_next_key(pdf: pikepdf.Pdf) -> None:
    del pdf.Root.StructTreeRoot["/ParentTreeNextKey"]


def _many_at_the_top(pdf: pikepdf.Pdf) -> None:
    tree = pdf.Root.StructTreeRoot
    tree.K = Array([tree.K.K[0], tree.K.K[0]])


def _one_child(pdf: pikepdf.Pdf) -> None:
    document = pdf.Root.StructTreeRoot.K
    document.K = document.K[0]


def _wrong_next_key(pdf: pikepdf.Pdf) -> None:
    pdf.Root.StructTreeRoot.ParentTreeNextKey = 0


SOUND = [lambda pdf: None, _in_leaves, _without_next_key, _many_at_the_top, _one_child, _wrong_next_key]


@pytest.mark.parametrize("change", SOUND)
def test_the_field_has_its_place_in_any_sound_tree(change: Callable[[pikepdf.Pdf], None], signed: Signed) -> None:
    with pikepdf.open(signed(tagged(change))) as pdf:
        check_structure(pdf)
        keys = [int(k) for n in _leaves(pdf.Root.StructTreeRoot.ParentTree) for k in list(n.Nums)[::2]]
        assert keys == sorted(set(keys))


def _leaves(node: Any) -> list[Any]:
    return [leaf for kid in node.Kids for leaf in _leaves(kid)] if "/Kids" in node else [node]


def _no_dictionary(pdf: pikepdf.Pdf) -> None:
    pdf.Root.StructTreeRoot = Array([1])


def _no_parent_tree(pdf: pikepdf.Pdf) -> None:
    del pdf.Root.StructTreeRoot["/ParentTree"]


def _looping_parent_tree(pdf: pikepdf.Pdf) -> None:
    tree = pdf.Root.StructTreeRoot
    tree.ParentTree = pdf.make_indirect(Dictionary())
    tree.ParentTree.Kids = Array([tree.ParentTree])


def _keys_that_are_none(pdf: pikepdf.Pdf) -> None:
    pdf.Root.StructTreeRoot.ParentTree.Nums = Array([Name.One, Name.Two])


def _children_that_are_none(pdf: pikepdf.Pdf) -> None:
    pdf.Root.StructTreeRoot.K = Name.Nothing


ODD = [_no_dictionary, _no_parent_tree, _looping_parent_tree, _keys_that_are_none, _children_that_are_none]


@pytest.mark.parametrize("change", ODD)
def test_an_odd_tree_does_not_stand_in_the_way_of_the_signature(
    change: Callable[[pikepdf.Pdf], None], signed: Signed
) -> None:
    path = signed(tagged(change))
    assert "Total document signed" in pdfsig(path)
    with pikepdf.open(path) as pdf:
        assert "/StructParent" not in pdf.Root.AcroForm.Fields[-1]


def test_a_second_signature_leaves_the_first_whole_in_a_tagged_document(
    written: bytes, signed: Signed, authority: Authority
) -> None:
    """Verifiers take a changed structure for a changed document, so the second field is not added to it."""
    path = signed(signed(written).read_bytes())
    reports = verify(path, roots=[authority.certificate])
    assert [report.valid for report in reports] == [True, True]
    with pikepdf.open(path) as pdf:
        assert ["/StructParent" in field for field in pdf.Root.AcroForm.Fields] == [True, False]
        assert all("Signature électronique" in str(field.TU) for field in pdf.Root.AcroForm.Fields)
