"""Hexadecimal strings read in chunks equal those that pyHanko reads character by character."""

from __future__ import annotations

import io

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.misc import PdfReadError

from signing.pdf import hex_strings, verifying_child


@pytest.mark.parametrize(
    "written",
    [
        *(b"<>", b"<48656C6c6f>", b"<4>", b"<48 65\n6C\t6c\r\x006f\x0c>", b"< >", b"<FEFF00E9>", b"<efbbbfc3a9>"),
        b"<" + b"0" * 40_000 + b">",
        b"<" + b"ab " * 90_000 + b"c>",
        b"<" + b"0" * 62 + b">",  # ends at the end of a chunk
        b"<" + b"0" * 63 + b">",
        b"<48% a > in a comment\n65>",
    ],
)
def test_it_reads_the_same_and_stops_at_the_same_place(written: bytes) -> None:
    ours, theirs = io.BytesIO(b"x" + written + b" /Next"), io.BytesIO(b"x" + written + b" /Next")
    ours.seek(1)
    theirs.seek(1)
    found, expected = hex_strings.read_hex_string(ours), hex_strings.by_character(theirs)
    assert (type(found), found) == (type(expected), expected)
    assert ours.tell() == theirs.tell()


@pytest.mark.parametrize("written", [b"<4G>", b"<48", b"<", b"<48<65>"])
def test_what_is_no_such_string_is_refused_as_before(written: bytes) -> None:
    with pytest.raises(PdfReadError) as theirs:
        hex_strings.by_character(io.BytesIO(written))
    with pytest.raises(PdfReadError) as ours:
        hex_strings.read_hex_string(io.BytesIO(written))
    assert str(ours.value) == str(theirs.value)


def test_what_is_longer_than_all_pieces_is_left_to_pyhanko(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hex_strings, "PIECES", (4, 4))
    stream = io.BytesIO(b"<" + b"41" * 20 + b">")
    assert str(hex_strings.read_hex_string(stream)) == "A" * 20
    assert stream.tell() == 42


def test_signatures_are_judged_with_it() -> None:
    assert verifying_child.CHUNK
    assert generic.read_hex_string_from_stream is hex_strings.read_hex_string
