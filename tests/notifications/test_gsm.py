"""The GSM alphabet, and how texts are converted to it."""

from __future__ import annotations

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from notifications.gsm import BASIC, EXTENSION, ONE_SEGMENT, in_gsm, one_segment, readable, septets


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("é è à ù ò ì Ç É ä ö ü ñ", "é è à ù ò ì Ç É ä ö ü ñ"),  # all in the alphabet
        ("ç ê ô î û â ë ï ÿ", "c e o i u a e i y"),
        ("À È Ê Ô Î Ù", "A E E O I U"),
        ("œuf Œuvre æ", "oeuf OEuvre æ"),
        ("l’île « à » l‘“été”… – —", 'l\'ile " à " l\'"été"... - -'),
        ("a\u00a0b\u202fc\u2009d", "a b c d"),
        ("e\u0301te\u0301", "été"),  # combining accents
        ("Łukasz Đorđe Þór Straße", "Lukasz Dorde Thor Straße"),
        ("½ ² №", "1/2 2 No"),
        ("Кардиология «Лилия»", 'Kardiologiya "Liliya"'),
        ("Κέντρο ΔΡΑΜΑ", "Kentro DRAMA"),
        ("Δ 1", "Δ 1"),
        ("مركز", "mrkz"),
        ("Кабинет 😀 №5", "Kabinet  No5"),
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


@given(st.text(max_size=60))
def test_whatever_is_written_an_sms_keeps_its_alphabet(text: str) -> None:
    assert septets(in_gsm(text)) is not None


@pytest.mark.parametrize("script", ["Кардиологический центр", "Καρδιολογικό Κέντρο", "مركز أمراض القلب", "心臓"])
def test_a_name_in_another_script_makes_one_segment(script: str) -> None:
    text = one_segment("%(practice)s : code %(code)s%(details)s", name=script, details=[[f", {script}"]], code="123")
    assert (septets(text) or 999) <= ONE_SEGMENT
    assert text[0] not in " :"


def test_details_come_by_rank_in_the_longest_form_that_fits() -> None:
    forms = [[", avec Dr Alexandrine Desmoulins", ", avec A. Desmoulins"], [", pour Léa"], [", en vidéo"]]
    short = one_segment("%(practice)s%(details)s.", name="Lilas", details=forms, tail="Tél. 01")
    assert short == "Lilas, avec Dr Alexandrine Desmoulins, pour Léa, en vidéo. Tél. 01"
    tight = one_segment("%(practice)s %(code)s%(details)s.", name="L" * 200, details=forms, code="c" * 103)
    assert tight == f"{'L' * 22}... {'c' * 103}, avec A. Desmoulins, pour Léa."
    full = one_segment("%(practice)s %(code)s%(details)s.", name="L" * 200, details=forms, code="c" * 130)
    assert full == f"{'L' * 25}... {'c' * 130}."


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


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Alice Morel", "Alice Morel"), ("Лилия", "Лилия"), ("Ιουλία", "Ιουλία"), ("李华", "李华"),
        ("やまだ", "やまだ"),
        ("김민수", "김민수"), ("Գոռ", "Գոռ"), ("გიორგი", "გიორგი"), ("D’Arc-Œil", "D’Arc-Œil"),
        ("Åse Łuk", "Åse Łuk"),
        ("عبد الرحمن", ""), ("דוד", ""), ("कृष्ण", ""), ("นภา", ""), ("தமிழ்", ""), ("ဗမာ", ""), ("😀", ""), ("", ""),
        ("حداد (Haddad)", "Haddad"), ("Dr محمد Haddad", "Dr Haddad"), ("Centre 3", "Centre 3"),
        ("Martin (Lyon)", "Martin (Lyon)"),
    ],
)  # fmt: skip
def test_a_name_that_latin_letters_would_garble_is_left_out(name: str, said: str) -> None:
    assert readable(name) == said


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_practice_that_cannot_be_named_is_called_ones_practice(language: str) -> None:
    with translation.override(language):
        text = one_segment("%(practice)s : code %(code)s.", name="مركز أمراض القلب", code="123")
    assert text == {"fr": "Votre cabinet : code 123.", "en": "Your practice : code 123."}[language]
