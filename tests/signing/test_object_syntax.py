"""The syntax allowed in later updates: only what every reader understands in the same way."""

from __future__ import annotations

import pytest

from signing.pdf.not_allowed import NotAllowed
from signing.pdf.object_syntax import read_object, read_value

CLEAR = (
    b"<< /A 1 /B [ 1 0 R (a (b) \\) c) <00 ff> /N ] /C << /D null /E true >> /F -1.5 >>",
    b"[/A/B<</C(x)>>]",
    b"(text with \\( and (nested) endobj)",
    b"/Name#20with#2Fescapes",
    b"12",
)
UNCLEAR = {
    "an entry twice": b"<< /A 1 /A 2 >>",
    "an entry twice, deeper": b"[ << /B << /A 1 /A 2 >> >> ]",
    "a key in disguise": b"<< /#41 1 >>",
    "a key with any escape": b"<< /A#20B 1 >>",
    "a name in disguise": b"<< /A /#50age >>",
    "a broken escape": b"/A#4",
    "a comment": b"<< /A % /B\n 1 >>",
    "an entry without value": b"<< /A >>",
    "an entry without name": b"<< 1 /A >>",
    "a value too many": b"<< /A 1 2 >>",
    "brackets that do not match": b"[ 1 >>",
    "an array that does not end": b"[ 1 ",
    "a string that does not end": b"( ( )",
    "a hexadecimal string that is none": b"<0g>",
    "a number that is none": b"--1",
    "a number with an exponent": b"1e5",
    "an unknown word": b"[ nothing ]",
    "nothing": b"",
    "too deep": b"[" * 200 + b"]" * 200,
}


@pytest.mark.parametrize("written", CLEAR)
def test_what_is_written_as_the_standard_says_is_read_to_its_end(written: bytes) -> None:
    assert read_value(written, 0).value_end == len(written)
    assert read_object(written + b"\nendobj\n", 0, int).end == len(written) + len(b"\nendobj")


@pytest.mark.parametrize("written", UNCLEAR.values(), ids=UNCLEAR)
def test_what_readers_may_understand_differently_is_refused(written: bytes) -> None:
    with pytest.raises(NotAllowed):
        read_object(written + b"\nendobj\n", 0, int)


def test_the_references_and_entries_of_an_object_are_found() -> None:
    written = read_value(b"<< /A 12 0 R /B [ 7 1 R (8 0 R) ] /Length  5 >>", 0)
    assert written.references == {(12, 0), (7, 1)}
    assert written.entries == {b"/A": b"12 0 R", b"/B": b"[ 7 1 R (8 0 R) ]", b"/Length": b"5"}


@pytest.mark.parametrize(
    ("written", "is_clear"),
    [
        (b"<< /Length 4 >>\nstream\nabcd\nendstream\nendobj", True),
        (b"<< /Length 4 >>\nstream\r\nabcdendstream endobj", True),
        (b"<< /Length 3 >>\nstream\nabcd\nendstream\nendobj", False),
        (b"<< /Length 9 >>\nstream\nabcd\nendstream\nendobj", False),
        (b"<< >>\nstream\nabcd\nendstream\nendobj", False),
        (b"<< /Length 4 >>\nstream\rabcd\nendstream\nendobj", False),
        (b"<< /Length 4 >>\nstream\nabcd\nendstream\n5 0 obj", False),
    ],
)
def test_a_stream_is_as_long_as_it_says(written: bytes, is_clear: bool) -> None:
    if is_clear:
        assert read_object(written, 0, int).end == len(written)
        return
    with pytest.raises(NotAllowed):
        read_object(written, 0, int)


def test_comments_are_read_over_in_what_was_signed_already() -> None:
    assert read_value(b"<< /A % /B\n 1 >>", 0, comments=True).entries == {b"/A": b"% /B 1"}
    with pytest.raises(NotAllowed):
        read_value(b"<< /A 1 % x\n /A 2 >>", 0, comments=True)
