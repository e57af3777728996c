"""The alphabet of SMS, and what is written in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.gsm import BASIC, EXTENSION, ONE_SEGMENT, in_gsm, one_segment, septets


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("é è à ù ò ì Ç É ä ö ü ñ", "é è à ù ò ì Ç É ä ö ü ñ"),  # it has these
        ("ç ê ô î û â ë ï ÿ", "c e o i u a e i y"),
        ("À È Ê Ô Î Ù", "A E E O I U"),
        ("œuf Œuvre æ", "oeuf OEuvre æ"),
        ("l’île « à » l‘“été”… – —", 'l\'ile " à " l\'"été"... - -'),
        ("a\u00a0b\u202fc\u2009d", "a b c d"),
        ("e\u0301te\u0301", "été"),  # letters and accents apart
        ("Łukasz Đorđe Þór Straße", "Lukasz Dorde Thor Straße"),
        ("½ ² №", "1/2 2 No"),
    ],
)
def test_what_the_alphabet_lacks_is_written_in_it(text: str, written: str) -> None:
    assert in_gsm(text) == written


def test_the_alphabet_has_128_signs_less_escape() -> None:
    assert len(BASIC) == 127
    assert len(EXTENSION) == 10


def test_the_extension_counts_two() -> None:
    assert septets("a€[") == 5
    assert septets("ç") is None


@given(name=st.text("aé€çœ[ ’医Ł\n", min_size=1, max_size=250), code=st.text("abc", min_size=1, max_size=80))
def test_the_name_gives_way_and_the_facts_stay(name: str, code: str) -> None:
    text = one_segment("%(practice)s : %(code)s", name=name, code=code, tail="Tél. 01")
    assert code in text
    assert len(text) + sum(sign in EXTENSION for sign in text) <= ONE_SEGMENT


def test_a_link_that_takes_the_room_alone_is_not_cut() -> None:
    link = f"https://{'a' * 170}.example"
    text = one_segment("%(practice)s : %(link)s", name="Cabinet médical des Lilas", link=link)
    assert text.endswith(link)
    assert text.startswith("Cabinet méd")
