"""RPPS numbers are checked by their key, and a refusal says what is wrong."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from accounts.rpps import clean_rpps


@pytest.mark.parametrize("typed", ["10101010105", "101 0101 0105", " 10.10.10.10.10.5 ", "101-010-101-05"])
def test_a_number_is_read_however_it_is_spaced(typed: str) -> None:
    assert clean_rpps(typed) == "10101010105"


def test_no_number_is_no_number() -> None:
    assert clean_rpps("  ") == ""


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("1010101010X", "que des chiffres"),
        ("١٠١٠١٠١٠١٠٥", "que des chiffres"),
        ("1010101010", "celui-ci en a 10"),
        ("101010101055", "celui-ci en a 12"),
        ("10101010150", "dernier chiffre"),
        *((f"1010101010{digit}", "dernier chiffre") for digit in "012346789"),
    ],
)
def test_what_is_wrong_is_said(typed: str, says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        clean_rpps(typed)
