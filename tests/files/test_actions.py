"""Harmless actions in PDFs are accepted by kind; everything else is refused."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from typing import Any

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pikepdf import Array, Dictionary, Name, Pdf, Stream

from files.actions import is_safe_address
from files.intake import Intake, Refused
from files.structure import MANY, contents
from tests.documents.conftest import PDF

Receive = Callable[..., Intake]
Place = Callable[[Pdf, Dictionary], None]
MODES = [pikepdf.ObjectStreamMode.generate, pikepdf.ObjectStreamMode.disable]


def pdf_with(action: Dictionary, place: Place, mode: pikepdf.ObjectStreamMode = MODES[0]) -> bytes:
    buffer = io.BytesIO()
    with pikepdf.open(io.BytesIO(PDF)) as pdf:
        place(pdf, action)
        pdf.save(buffer, object_stream_mode=mode)
    return buffer.getvalue()


def act(kind: str, **more: Any) -> Dictionary:
    return Dictionary(S=Name(kind), **more)


def annotation(pdf: Pdf, **entries: Any) -> Dictionary:
    made = pdf.make_indirect(Dictionary(Rect=[0, 0, 9, 9], **{"Type": Name.Annot, "Subtype": Name.Link, **entries}))
    pdf.pages[0].obj.Annots = Array([made])
    return made


# --- Where an action can stand -------------------------------------------------------------------------------


def on_click(pdf: Pdf, action: Dictionary) -> None:
    annotation(pdf, A=action)


def on_click_indirect(pdf: Pdf, action: Dictionary) -> None:
    annotation(pdf, A=pdf.make_indirect(action))


def previous_address(pdf: Pdf, action: Dictionary) -> None:
    annotation(pdf, PA=action)


def of_an_annotation(pdf: Pdf, action: Dictionary) -> None:
    annotation(pdf, AA=Dictionary(E=action))


def of_a_page(pdf: Pdf, action: Dictionary) -> None:
    pdf.pages[0].obj.AA = Dictionary(O=action)


def of_the_document(pdf: Pdf, action: Dictionary) -> None:
    pdf.Root.AA = Dictionary(WC=action)


def on_opening(pdf: Pdf, action: Dictionary) -> None:
    pdf.Root.OpenAction = action


def chained(pdf: Pdf, action: Dictionary) -> None:
    pdf.Root.OpenAction = act("/GoTo", D=Array([pdf.pages[0].obj, Name.Fit]), Next=action)


def chained_deeply(pdf: Pdf, action: Dictionary) -> None:
    for _level in range(50):
        action = act("/Named", N=Name.NextPage, Next=Array([act("/Named", N=Name.PrevPage), action]))
    annotation(pdf, A=action)


def chained_far(pdf: Pdf, action: Dictionary) -> None:
    for _step in range(500):
        action = act("/Named", N=Name.NextPage, Next=pdf.make_indirect(action))
    annotation(pdf, A=action)


def in_outline(pdf: Pdf, action: Dictionary) -> None:
    entry = pdf.make_indirect(Dictionary(Title="x", A=action))
    pdf.Root.Outlines = pdf.make_indirect(Dictionary(First=entry, Last=entry))
    entry.Next = entry  # a loop


def of_a_field(pdf: Pdf, action: Dictionary) -> None:
    kid = pdf.make_indirect(Dictionary(T="k", AA=Dictionary(Bl=action)))
    pdf.Root.AcroForm = Dictionary(Fields=Array([pdf.make_indirect(Dictionary(T="f", Kids=Array([kid])))]))


def in_a_name_tree(pdf: Pdf, action: Dictionary) -> None:
    leaf = pdf.make_indirect(Dictionary(Limits=Array(["a", "a"]), Names=Array(["a", action])))
    pdf.Root.Names = Dictionary(JavaScript=Dictionary(Kids=Array([leaf])))


def on_a_hidden_page(pdf: Pdf, action: Dictionary) -> None:
    link = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=[0, 0, 9, 9], A=action)
    page = pdf.make_indirect(Dictionary(Type=Name.Template, Annots=Array([link])))
    pdf.Root.Names = Dictionary(Templates=Dictionary(Names=Array(["t", page])))


def among_many_harmless_ones(pdf: Pdf, action: Dictionary, many: int = MANY) -> None:
    safe = [Dictionary(Subtype=Name.Link, Rect=[0, 0, 9, 9], A=act("/URI", URI="https://a.example/"))]
    links = safe * many
    pdf.pages[0].obj.Annots = Array([*links, Dictionary(Subtype=Name.Link, Rect=[0, 0, 9, 9], A=action)])


def among_a_million_harmless_ones(pdf: Pdf, action: Dictionary) -> None:
    among_many_harmless_ones(pdf, action, 250_000)


PLACES = [
    *(on_click, on_click_indirect, previous_address, of_an_annotation, of_a_page, of_the_document, on_opening),
    *(chained, chained_deeply, chained_far, in_outline, of_a_field, in_a_name_tree, on_a_hidden_page),
    among_many_harmless_ones,
]

# --- What it does --------------------------------------------------------------------------------------------

OUTSIDE = {
    "program": lambda: act("/Launch", F="calc.exe"),
    "document beside it": lambda: act("/Launch", F=Dictionary(Type=Name.Filespec, F="annexe.pdf")),
    "page beside it": lambda: act("/Launch", F="browser.html"),
    "no extension": lambda: act("/Launch", F="/bin/sh"),
    "extension of no list": lambda: act("/Launch", F="a.settingcontent-ms"),
    "share": lambda: act("/Launch", F="\\\\server\\share\\x"),
    "parameters": lambda: act("/Launch", Win=Dictionary(F="cmd", P="/c del *")),
    "unix": lambda: act("/Launch", Unix=Dictionary(F="x")),
    "launch of nothing": lambda: act("/Launch"),
    "another document": lambda: act("/GoToR", F="annexe.pdf", D=Array([0, Name.Fit])),
    "another document on a share": lambda: act("/GoToR", F="\\\\10.0.0.1\\x.pdf", D=Array([0, Name.Fit])),
    "embedded document": lambda: act("/GoToE", T=Dictionary(R=Name.C, N="x.pdf")),
    "import": lambda: act("/ImportData", F="x.fdf"),
    "form to a share": lambda: act("/SubmitForm", F="\\\\server\\share"),
    "form to a file": lambda: act("/SubmitForm", F=Dictionary(FS=Name.URL, F="file:///c:/x")),
    "article elsewhere": lambda: act("/Thread", F="x.pdf", D=0),
    "of no standard": lambda: act("/GoToEverywhere"),
    "without a kind": lambda: Dictionary(F="calc.exe"),
    "file": lambda: act("/URI", URI="file:///c:/windows/system32/calc.exe"),
    "share by address": lambda: act("/URI", URI="\\\\server\\share\\x"),
    "share by slashes": lambda: act("/URI", URI="//server/share/x"),
    "script": lambda: act("/URI", URI="javascript:alert(1)"),
    "script, hidden": lambda: act("/URI", URI=" JaVa\tscr\nipt:alert(1)"),
    "data": lambda: act("/URI", URI="data:text/html;base64,PHNjcmlwdD4="),
    "protocol of Windows": lambda: act("/URI", URI="ms-msdt:/id PCWDiagnostic"),
    "search of Windows": lambda: act("/URI", URI="search-ms:query=x&crumb=location:\\\\10.0.0.1"),
    "relative": lambda: act("/URI", URI="../calc.exe"),
    "UTF-16": lambda: act("/URI", URI=pikepdf.String(b"\xfe\xff" + "file:///x".encode("utf-16-be"))),
}  # fmt: skip
HARMLESS = {
    "https": lambda: act("/URI", URI="https://sante.example/rdv?x=(1)"),
    "http": lambda: act("/URI", URI="HTTP://sante.example"),
    "mail": lambda: act("/URI", URI="mailto:secretariat@lilas.example"),
    "telephone": lambda: act("/URI", URI="tel:+33123456789"),
    "without a scheme": lambda: act("/URI", URI="www.sante.example/rdv"),
    "jump": lambda: act("/GoTo", D="chapter"),
    "named": lambda: act("/Named", N=Name.NextPage),
    "layers": lambda: act("/SetOCGState", State=Array([Name.Toggle])),
    "emptying a form": lambda: act("/ResetForm"),
}


def refused(receive: Receive, content: bytes) -> str:
    with pytest.raises(Refused) as caught:
        receive(content)
    assert "Imprimez-le en PDF" in caught.value.sentence
    return caught.value.code


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", ["program", "document beside it", "another document", "share by address"])
def test_what_leads_outside_is_refused_wherever_it_stands(place: Place, name: str, receive: Receive) -> None:
    assert refused(receive, pdf_with(OUTSIDE[name](), place)) == "active_content"


@pytest.mark.parametrize("place", [on_click, on_opening, chained])
@pytest.mark.parametrize("name", OUTSIDE)
def test_what_leads_outside_is_refused_by_its_kind(place: Place, name: str, receive: Receive) -> None:
    assert refused(receive, pdf_with(OUTSIDE[name](), place)) == "active_content"


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_known_harmless_is_taken_as_it_is(place: Place, name: str, receive: Receive) -> None:
    content = pdf_with(HARMLESS[name](), place)
    assert receive(content).path.read_bytes() == content


def test_a_form_sent_to_an_address_of_the_web_is_taken_and_told(receive: Receive) -> None:
    target = Dictionary(FS=Name.URL, F="https://demarches.example/envoi")
    assert receive(pdf_with(act("/SubmitForm", F=target), on_click)).notices == ("sends_form",)


@pytest.mark.lengthy
def test_many_harmless_links_hide_nothing(receive: Receive) -> None:
    begun = time.process_time()
    content = pdf_with(OUTSIDE["program"](), among_a_million_harmless_ones)
    assert refused(receive, content) in ("active_content", "too_complex")
    assert time.process_time() - begun < 30


@pytest.mark.parametrize("name", ["program", "another document", "import", "file"])
def test_what_qpdf_cannot_read_is_searched_by_its_bytes(name: str, receive: Receive) -> None:
    content = pdf_with(OUTSIDE[name](), on_click, pikepdf.ObjectStreamMode.disable)
    escaped = content.replace(b"/Launch", b"/L#61unch").replace(b"/GoToR", b"/GoTo#52").replace(b"/URI", b"/#55RI")
    for damaged in (content, escaped):
        assert refused(receive, damaged.replace(b"startxref", b"startxxxx")) == "active_content"


@pytest.mark.parametrize(
    "broken",
    [
        lambda pdf: setattr(pdf.Root, "AA", Array([1])),
        lambda pdf: setattr(pdf.Root, "Names", Array([1])),
        lambda pdf: setattr(pdf.Root, "Names", Dictionary(EmbeddedFiles=1)),
        lambda pdf: setattr(pdf.Root, "Names", Dictionary(EmbeddedFiles=Dictionary(Names=Array([1, 2, 3])))),
        lambda pdf: setattr(pdf.Root, "AcroForm", pikepdf.String(b"\xff\xfe\x00")),
        lambda pdf: setattr(pdf.Root, "AF", Array([pikepdf.String(b"\xff\xfe\xd8")])),
    ],
)
def test_what_is_malformed_elsewhere_hides_nothing(broken: Callable[[Pdf], None], receive: Receive) -> None:
    def place(pdf: Pdf, action: Dictionary) -> None:
        on_click(pdf, action)
        broken(pdf)

    assert refused(receive, pdf_with(OUTSIDE["program"](), place)) == "active_content"


@pytest.mark.parametrize("name", ["x.exe", "x.settingcontent-ms", "x.appref-ms", "x.py", "x", "x.exe.", "x.pdf.lnk "])
def test_an_attachment_that_may_run_is_refused_whatever_its_extension(name: str, receive: Receive) -> None:
    def place(pdf: Pdf, _action: Dictionary) -> None:
        pdf.attachments[name] = b"MZ"

    assert refused(receive, pdf_with(Dictionary(), place)) == "active_content"


def clip(pdf: Pdf, action: Dictionary) -> None:
    data = Dictionary(S=Name.MCD, D=Dictionary(Type=Name.Filespec, F="\\\\server\\film.mp4"), CT="video/mp4")
    action.R = Dictionary(S=Name.MR, C=data)
    annotation(pdf, Subtype=Name.Screen, A=action)


def film(pdf: Pdf, _action: Dictionary) -> None:
    annotation(pdf, Subtype=Name.Movie, Movie=Dictionary(F="\\\\server\\film.avi"))


def data_elsewhere(pdf: Pdf, _action: Dictionary) -> None:
    pdf.pages[0].obj.Contents = pdf.make_indirect(Stream(pdf, b"", F="\\\\server\\page"))


@pytest.mark.parametrize("place", [clip, film, data_elsewhere])
def test_a_film_or_data_on_a_share_is_refused(place: Place, receive: Receive) -> None:
    assert refused(receive, pdf_with(act("/Rendition", OP=0), place)) == "active_content"


PRETENDING: dict[str, dict[str, Any]] = {  # at the place of an action, or with its keys, whatever its type
    "a structure element": {"Type": Name.StructElem},
    "one in a tree": {"Type": Name.StructElem, "P": Dictionary(Type=Name.StructElem), "K": 0},
    "one with attributes": {
        "Type": Name.StructElem,
        "O": Name.Layout,
        "P": Dictionary(),
        "A": Dictionary(O=Name.Layout),
    },
    "attributes": {"O": Name.Layout},
    "an annotation": {"Type": Name.Annot},
    "a file": {"Type": Name.Filespec},
    "of a type of its own": {"Type": Name.Whatever},
}


@pytest.mark.parametrize("pretence", PRETENDING)
@pytest.mark.parametrize("place", PLACES)
def test_what_an_action_calls_itself_hides_nothing(place: Place, pretence: str, receive: Receive) -> None:
    action = OUTSIDE["another document"]()
    for key, value in PRETENDING[pretence].items():
        action[f"/{key}"] = value
    assert refused(receive, pdf_with(action, place)) == "active_content"


@pytest.mark.parametrize("name", OUTSIDE)
@pytest.mark.parametrize("place", [on_click, on_click_indirect, on_opening, of_the_document, in_outline])
def test_an_action_of_any_kind_called_a_structure_element_is_refused(
    place: Place, name: str, receive: Receive
) -> None:
    action = OUTSIDE[name]()
    action.Type = Name.StructElem
    action.P = Dictionary(Type=Name.StructElem)
    assert refused(receive, pdf_with(action, place)) == "active_content"


@pytest.mark.parametrize("name", ["program", "parameters", "another document", "share by address", "form to a share"])
def test_a_structure_element_has_no_keys_of_an_action(name: str, receive: Receive) -> None:
    def place(pdf: Pdf, action: Dictionary) -> None:
        action.Type, action.P = Name.StructElem, pdf.Root
        pdf.Root.StructTreeRoot = pdf.make_indirect(Dictionary(K=pdf.make_indirect(action)))

    assert refused(receive, pdf_with(OUTSIDE[name](), place)) == "active_content"


@pytest.mark.parametrize(
    "holder", [{"Type": Name.StructElem}, {"S": Name.P, "P": Dictionary(), "Type": Name.StructElem}]
)
def test_an_annotation_called_a_structure_element_still_has_actions(holder: dict[str, Any], receive: Receive) -> None:
    def place(pdf: Pdf, action: Dictionary) -> None:
        action.O = Name.Layout
        annotation(pdf, A=action, **holder)

    assert refused(receive, pdf_with(OUTSIDE["of no standard"](), place)) == "active_content"


@pytest.mark.parametrize(
    "written", [Name("/file:x"), Array(["file:///x"]), Dictionary(F="x"), 7, True, Array(["https://a.example"])]
)
def test_an_address_that_is_no_string_is_refused(written: Any, receive: Receive) -> None:
    assert refused(receive, pdf_with(act("/URI", URI=written), on_click)) == "active_content"


def based_on(base: Any) -> Place:
    def place(pdf: Pdf, action: Dictionary) -> None:
        pdf.Root.URI = Dictionary(Base=base)
        on_click(pdf, action)

    return place


@pytest.mark.parametrize(
    "base",
    [
        *(
            "file:///c:/",
            "\\\\server\\share\\",
            "//server/share/",
            "c:/",
            "javascript:",
            "ms-msdt:",
            "x/",
            "mailto:x@y.fr",
        ),
        *("http:\\\\server\\share", Name("/https:"), Array(["https://a.example"])),
    ],
)
def test_addresses_of_a_document_begin_with_one_of_the_web(base: Any, receive: Receive) -> None:
    assert refused(receive, pdf_with(HARMLESS["without a scheme"](), based_on(base))) == "active_content"


@pytest.mark.parametrize("base", ["https://sante.example/", "HTTP://sante.example", ""])
def test_a_base_of_the_web_is_taken(base: str, receive: Receive) -> None:
    receive(pdf_with(HARMLESS["https"](), based_on(base)))


@pytest.mark.parametrize(
    "address",
    ["http:\\\\server\\share", "https:/\\server", "https://a\\b", "mailto:\\\\server", "www.a\\b", "#\\..\\x\\"],
)
def test_no_address_has_a_backslash(address: str, receive: Receive) -> None:
    if address.startswith("#"):
        assert is_safe_address(address)  # the name of a place in this document
        return
    content = pdf_with(act("/URI", URI=address), on_click, pikepdf.ObjectStreamMode.disable)
    assert refused(receive, content) == "active_content"
    assert refused(receive, content.replace(b"startxref", b"startxxxx")) == "active_content"


@pytest.mark.parametrize(
    "twice",
    [
        b"/A << /S /URI /URI (file:///etc/passwd) /URI (https://x.example) >>",
        b"/A << /S /URI /URI (https://x.example) /URI (file:///etc/passwd) >>",
        b"/A << /S /Launch /F (calc.exe) /S /GoTo /D [0 /Fit] >>",
        b"/A << /S /Launch /F (calc.exe) >> /A << /S /GoTo /D [0 /Fit] >>",
        b"/A << /S /GoTo /D [0 /Fit] >> /#41 << /S /Launch /F (calc.exe) >>",
    ],
)
def test_an_entry_that_stands_twice_is_not_guessed_at(twice: bytes, receive: Receive) -> None:
    """Some readers use the first, others the last."""

    def place(pdf: Pdf, action: Dictionary) -> None:
        annotation(pdf, XX=pikepdf.String("x" * 200))

    content = pdf_with(Dictionary(), place, pikepdf.ObjectStreamMode.disable)
    before = b"/XX (" + b"x" * 200 + b")"
    assert before in content
    assert refused(receive, content.replace(before, twice.ljust(len(before)))) == "active_content"


def test_other_entries_that_stand_twice_are_taken(receive: Receive) -> None:
    def place(pdf: Pdf, _action: Dictionary) -> None:
        annotation(pdf, XX=1, XY=2)

    content = pdf_with(Dictionary(), place, pikepdf.ObjectStreamMode.disable)
    receive(content.replace(b"/XX 1", b"/XY 1"))


@given(st.text(max_size=40).filter(lambda text: "\\" not in text))
def test_an_address_is_safe_by_its_scheme_alone(text: str) -> None:
    assert not is_safe_address("file:" + text)
    assert not is_safe_address("\\\\" + text)
    assert not is_safe_address("//" + text)
    assert is_safe_address("https://" + text)


def test_roles_and_attributes_of_a_tagged_document_are_no_actions(tmp_path: Any) -> None:
    def place(pdf: Pdf, _action: Dictionary) -> None:
        attributes = Dictionary(O=Name.Layout, F="x")
        element = Dictionary(Type=Name.StructElem, S=Name("/Sound"), A=attributes, P=pdf.Root)
        pdf.Root.StructTreeRoot = pdf.make_indirect(Dictionary(K=pdf.make_indirect(element)))

    (tmp_path / "tagged.pdf").write_bytes(pdf_with(Dictionary(), place))
    assert contents(str(tmp_path / "tagged.pdf")) == []
