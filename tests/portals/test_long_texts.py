"""What is typed into a field of contacts costs its length, not its square: a long text holds no web process."""

from __future__ import annotations

import pytest
from django import forms

from patients.contacts import clean_email, clean_mobile
from portals.contact_fields import BirthDateField, EmailField, MobileField

LONG = 200_000  # characters: the square of it takes minutes
TEXTS = {
    "digits": "1" * LONG,
    "digits, then a letter": "1" * LONG + "a",
    "letters": "a" * LONG,
    "spaces between digits": "1 " * LONG,
    "pairs": "1a" * LONG,
    "one sign that stands for many": "\ufdfa" * LONG,
    "at signs": "a@" * LONG,
    "an open bracket": "<" * LONG + "a@b",
    "dots": "a@" + "b." * LONG,
    "dates": "1/1/" * LONG,
}


@pytest.mark.timeout(30)
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("field", [EmailField(), MobileField(), BirthDateField()], ids=lambda one: type(one).__name__)
def test_a_field_refuses_a_long_text_at_once(field: forms.Field, text: str) -> None:
    with pytest.raises(forms.ValidationError):
        field.clean(text)


@pytest.mark.timeout(30)
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("clean", [clean_email, clean_mobile], ids=["email", "mobile"])
def test_so_does_the_room_below(clean: object, text: str) -> None:
    assert callable(clean)
    with pytest.raises(forms.ValidationError):
        clean(text)
