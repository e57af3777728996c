"""The same name, number or date, however people type it."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import date

import pytest
from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from accounts.models import User
from patients.birth_dates import ImpossibleBirthDate, birth_date_in, birth_date_of, check_birth_date
from patients.contacts import clean_email, clean_mobile
from patients.models import Patient, Relative
from patients.names import kept, same_names
from patients.records import change_patient, create_patient
from patients.relatives import Person, record_of_holder, remember_relative
from portals.code_form import CodeForm
from practices.models import Practice
from tests.portals.api.conftest import Api, api  # noqa: F401

BORN = date(1950, 3, 12)
TODAY = date(2026, 11, 28)
NFD = unicodedata.normalize("NFD", "Élodie")
WAYS = [
    ("Élodie", NFD), ("Élodie", "ELODIE"), ("Élodie", "ÉLODIE"), ("Élodie", "élodie"), ("O'Reilly", "O’Reilly"),
    ("O'Reilly", "Oreilly"), ("d’Angelo", "D'ANGELO"), ("Jean-Pierre", "Jean Pierre"), ("Jean-Pierre", "Jeanpierre"),
    ("Jean-Pierre", "Jean\u2011Pierre"), ("Le Goff", "Le\u00a0Goff"), ("Đorđević", "Dordevic"), ("Łukasz", "Lukasz"),
    ("Søren", "Soren"), ("Strauß", "STRAUSS"), ("Cœur", "COEUR"), ("Þór", "Thor"), ("Ħal", "Hal"),
    ("Yıldız", "Yildiz"),
    ("İpek", "ipek"), ("Ŋuyen", "Nuyen"), ("Nguyễn", "Nguyen"), ("Müller", "Mu\u0308ller"), ("Marie", "Ma\u00adrie"),
    ("Marie", "\u200bMarie\ufeff"), ("Αλέξανδρος", "ΑΛΕΞΑΝΔΡΟΣ"), ("Анна", "АННА"),
]  # fmt: skip
OTHERS = [("Marie", "Mario"), ("Élodie", "Mélodie"), ("Le Goff", "Goff"), ("Анна", "Анно")]


@pytest.mark.parametrize(("one", "other"), WAYS)
def test_one_name_however_it_is_typed(one: str, other: str) -> None:
    assert same_names((one, "Martin"), (other, "Martin"))
    assert same_names(("Paul", one), ("PAUL", other))


@pytest.mark.parametrize(("one", "other"), OTHERS)
def test_other_names_are_others(one: str, other: str) -> None:
    assert not same_names((one, "Martin"), (other, "Martin"))
    assert not same_names(("Jean", "Pierre"), ("Jeanpierre", ""))


@pytest.mark.django_db
@pytest.mark.parametrize(("one", "other"), WAYS)
def test_staff_find_and_are_shown_who_is_there_already(practice: Practice, one: str, other: str, bob: User) -> None:
    there = create_patient(practice=practice, first_name="Camille", last_name=one, birth_date=BORN, by=bob)
    assert list(practice.patients.search(other)) == [there]
    assert list(practice.patients.search(one)) == [there]
    assert practice.patients.alike(first_name=other, last_name="CAMILLE", birth_date=BORN) == [there]
    assert list(practice.patients.search("dupond")) == []


@pytest.mark.django_db
@pytest.mark.parametrize(("one", "other"), WAYS)
def test_a_relative_is_described_once(hugo: User, one: str, other: str) -> None:
    for typed in (one, other):
        remember_relative(holder=hugo, person=Person(typed, "Martin", BORN), today=TODAY)
    assert Relative.objects.filter(holder=hugo).count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(("one", "other"), WAYS)
def test_a_holder_is_tied_to_the_record_with_their_proved_contacts(
    practice: Practice, hugo: User, one: str, other: str, bob: User
) -> None:
    User.objects.filter(pk=hugo.pk).update(last_name=other, birth_date=BORN, mobile_verified_at=timezone.now())
    EmailAddress.objects.get_or_create(user=hugo, email=hugo.email, defaults={"verified": True, "primary": True})
    hugo.refresh_from_db()
    there = create_patient(
        practice=practice, first_name=hugo.first_name, last_name=one, birth_date=BORN,
        email=hugo.email, mobile=hugo.mobile, by=bob,
    )  # fmt: skip
    assert record_of_holder(holder=hugo, practice=practice) == there


@pytest.mark.django_db
def test_names_are_kept_composed(practice: Practice, bob: User) -> None:
    typed = f"  {NFD}\u200b \t Marie\ufeff "
    there = create_patient(practice=practice, first_name=typed, last_name="Le\u00a0Goff", birth_date=BORN, by=bob)
    there.refresh_from_db()
    assert (there.first_name, there.last_name) == ("Élodie Marie", "Le Goff")
    assert kept("می\u200cخواهم") == "می\u200cخواهم"  # Persian: part of the spelling


NUMBERS = [
    "06 12 34 56 78", "0612345678", "06.12.34.56.78", "06-12-34-56-78", "+33 6 12 34 56 78", "0033612345678",
    "+33 (0)6 12 34 56 78", "+33612345678", "0033 6.12.34", "06 12 34", "06\u00a012\u00a034\u00a056\u00a078",
]  # fmt: skip
DATES = [
    "12/03/1950",
    "12.03.1950",
    "12-3-1950",
    "1950-03-12",
    "12031950",
    "12 mars 1950",
    "12 March 1950",
    "12 MARS 1950",
]


@pytest.mark.django_db
@pytest.mark.parametrize("typed", [*NUMBERS, *DATES, *(f"lefevre {one}" for one in DATES), "né le 12 mars 1950"[6:]])
def test_numbers_and_dates_are_found_as_people_write_them(practice: Practice, bob: User, typed: str) -> None:
    there = create_patient(
        practice=practice, first_name="Ana", last_name="Lefèvre", birth_date=BORN, mobile="0612345678", by=bob
    )
    other = date(1951, 3, 12)
    create_patient(
        practice=practice, first_name="Eve", last_name="Lefort", birth_date=other, mobile="0698765432", by=bob
    )
    assert list(practice.patients.search(typed)) == [there]


ZEROS = {  # of every script that a keyboard may have
    "fullwidth": "０", "arabic-indic": "٠", "persian": "۰", "devanagari": "०", "bengali": "০", "thai": "๐",
}  # fmt: skip
PARTED = [*"/.- –—‑‐−·•,:_\\⁄／．", "/ ", " / ", " - "]
WAYS_OF_A_DATE = [
    *(one.join(("12", "03", "1950")) for one in PARTED),
    *(one.join(("1950", "03", "12")) for one in PARTED),
    *("19500312", "12 mars 1950", "12-mars-1950", "12/mars/1950", "\u200f12/03/1950"),
]


def in_digits(zero: str, text: str) -> str:
    return "".join(chr(ord(zero) + int(one)) if one in "0123456789" else one for one in text)


@pytest.fixture
def ana_and_eve(practice: Practice, bob: User) -> Patient:
    """Ana, born on 12 March 1950; Eve a year later, with another mobile."""
    there = create_patient(
        practice=practice, first_name="Ana", last_name="Lefèvre", birth_date=BORN, mobile="0612345678", by=bob
    )
    other = date(1951, 3, 12)
    create_patient(
        practice=practice, first_name="Eve", last_name="Lefèvre", birth_date=other, mobile="0698765432", by=bob
    )
    return there


@pytest.mark.django_db
@pytest.mark.parametrize("typed", WAYS_OF_A_DATE)
def test_a_birth_date_is_found_however_it_is_parted(practice: Practice, ana_and_eve: Patient, typed: str) -> None:
    for words in (typed, f"lefevre {typed}", f"{typed} Lefèvre"):
        assert list(practice.patients.search(words)) == [ana_and_eve]


@pytest.mark.django_db
@pytest.mark.parametrize("script", ZEROS)
@pytest.mark.parametrize(
    "typed", ["12/03/1950", "1950-03-12", "12 mars 1950", "1950", "06 12 34 56 78", "+33612345678"]
)
def test_digits_of_every_script_find(practice: Practice, ana_and_eve: Patient, script: str, typed: str) -> None:
    written = in_digits(ZEROS[script], typed)
    assert list(practice.patients.search(f"lefevre {written}" if "1950" in typed else written)) == [ana_and_eve]


@pytest.mark.django_db
@pytest.mark.parametrize("typed", ["lefevre 1950", "1950 lefevre", "Ana LEFÈVRE 1950", "1950", "lefèvre, 1950"])
def test_a_name_is_found_with_the_year_of_birth(practice: Practice, ana_and_eve: Patient, typed: str) -> None:
    assert list(practice.patients.search(typed)) == [ana_and_eve]


@pytest.mark.django_db
def test_a_year_finds_a_number_or_an_address_that_holds_it_too(
    practice: Practice, ana_and_eve: Patient, bob: User
) -> None:
    with_it = create_patient(
        practice=practice,
        first_name="Ana",
        last_name="Petit",
        birth_date=TODAY,
        email="a1950@courriel.example",
        by=bob,
    )
    assert set(practice.patients.search("ana 1950")) == {ana_and_eve, with_it}
    assert list(practice.patients.search("lefevre 1949")) == []


@pytest.mark.django_db
@pytest.mark.parametrize("zero", ZEROS.values())
def test_a_name_with_a_digit_is_one_name_in_every_script(practice: Practice, bob: User, zero: str) -> None:
    there = create_patient(practice=practice, first_name="Ana", last_name=f"Louis {zero}", birth_date=BORN, by=bob)
    assert list(practice.patients.search("louis 0")) == [there]
    assert same_names(("Ana", f"Louis {zero}"), ("ANA", "louis 0"))


@pytest.mark.parametrize("typed", ["0612031950", "31/02/1950", "1950", "rue 12/03/19501"])
def test_what_is_no_date_is_no_date(typed: str) -> None:
    assert birth_date_in(typed) == (None, typed)


OVERSEAS = [
    ("0692 12 34 56", "+262692123456"), ("0693123456", "+262693123456"), ("0639 01 23 45", "+262639012345"),
    ("0690 12 34 56", "+590690123456"), ("0694 20 12 34", "+594694201234"), ("0696 20 12 34", "+596696201234"),
    ("06.12.34.56.78", "+33612345678"), ("+687 75 12 34", "+687751234"), ("87 12 34 56", "+68987123456"),
    ("٠٦١٢٣٤٥٦٧٨", "+33612345678"), ("\u200e+33 6 12 34 56 78\u200f", "+33612345678"),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "kept_as"), OVERSEAS)
def test_mobiles_as_their_owners_write_them(typed: str, kept_as: str) -> None:
    assert clean_mobile(typed) == kept_as


def test_a_number_of_several_territories_is_asked_with_its_code() -> None:
    with pytest.raises(ValidationError) as refused:
        clean_mobile("82 12 34")  # Nouvelle-Calédonie, Wallis-et-Futuna
    assert refused.value.code == "ambiguous_mobile"
    assert "+681 82 12 34 ou +687 82.12.34" in refused.value.messages[0]


@pytest.mark.parametrize("typed", ["01 42 34 56 78", "0262 12 34 56", "12", "bonjour", "0899 12 34 56"])
def test_what_receives_no_sms_is_refused(typed: str) -> None:
    with pytest.raises(ValidationError) as refused:
        clean_mobile(typed)
    assert refused.value.code == "invalid_mobile"


@pytest.mark.parametrize(
    "typed", ["\u200bMarie@Exemple.fr", "marie@exemple.fr\ufeff", "ma\u00adrie@exemple.fr\u00a0"]
)
def test_nothing_unseen_stays_in_an_address(typed: str) -> None:
    assert clean_email(typed) == "marie@exemple.fr"


@pytest.mark.parametrize(
    "typed",
    [
        ("12", "3", "1950"), ("12", "mars", "1950"), ("12", "March", "1950"), ("1٢", "03", "١٩٥٠"),
        (" 12 ", "MAR", "1950 "),
    ],
)  # fmt: skip
def test_a_birth_date_as_people_write_it(typed: tuple[str, str, str]) -> None:
    assert birth_date_of(*typed) == BORN


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        (("12", "3", "50"), "short_year"), (("12", "3", "0050"), "birth_date_too_old"),
        (("31", "2", "1950"), "no_such_date"), (("12", "13", "1950"), "no_such_date"),
        (("1", "2", "19501950195"), "no_such_date"), (("1", "2", "9" * 20), "no_such_date"),
        (("12", "jui", "1950"), "not_a_date"), (("", "3", "1950"), "not_a_date"),
        (("-1", "3", "1950"), "not_a_date"), (("12", "3", "x"), "not_a_date"), (("²", "3", "1950"), "not_a_date"),
    ],
)  # fmt: skip
def test_what_is_no_date_is_said(typed: tuple[str, str, str], code: str) -> None:
    with pytest.raises(ValidationError) as refused:
        check_birth_date(birth_date_of(*typed), today=TODAY)
    assert refused.value.code == code


@pytest.mark.parametrize("born", [date(24, 1, 1), date(1850, 1, 1), date(2026, 11, 29)])
def test_nobody_was_born_then(born: date) -> None:
    with pytest.raises(ImpossibleBirthDate):
        check_birth_date(born, today=TODAY)


@pytest.mark.django_db
@pytest.mark.parametrize("born", [date(24, 1, 1), date(1850, 1, 1), date(2999, 1, 1)])
def test_no_door_takes_an_impossible_birth_date(practice: Practice, hugo: User, bob: User, born: date) -> None:
    def made(birth_date: date) -> Patient:
        return create_patient(practice=practice, first_name="Ana", last_name="Lefèvre", birth_date=birth_date, by=bob)

    with pytest.raises(ValidationError):
        made(born)
    there = made(BORN)
    with pytest.raises(ValidationError):
        change_patient(patient=there, by=bob, birth_date=born)
    with pytest.raises(ValidationError):
        remember_relative(holder=hugo, person=Person("Ana", "Lefèvre", born), today=TODAY)
    assert Patient.objects.get().birth_date == BORN


def test_digits_of_any_script_are_the_digits_of_a_code() -> None:
    form = CodeForm({"code": "١٢٣ ４５６"})
    assert form.is_valid()
    assert form.cleaned_data["code"] == "123456"
    assert not CodeForm({"code": "12345²"}).is_valid()


SHORT = ["12/03/50", "12-3-50", "12.03.50", "12 mars 50", "12 MARS 50", "12 mar. 50", "12–3–50", "١٢/٣/٥٠"]
OF_THE_MONTH = ["03/1950", "3/1950", "3-1950", "03.1950", "mars 1950", "Mars 1950", "march 1950", "٠٣/١٩٥٠", "3 1950"]
OF_EITHER_CENTURY = ["3/50", "03/50"]
AFTER_WORDS = ["né en 1950", "Née en mars 1950", "ne\u0301 le 12/03/1950", "né(e) le 12 mars 1950", "born in 1950"]
NO_MONTH = ["13/1950", "truc 1950"]
BEFORE = [
    "né en 1949",
    "3/49",
    "née le 12/03/1949",
    "02/02/1950",
    "28 févr. 1950",
    "11/03/50",
    "12 avril 50",
    "02/1950",
    "avril 1950",
    "12/03/49",
]


@pytest.mark.django_db
@pytest.mark.parametrize("typed", [*SHORT, *OF_THE_MONTH, *OF_EITHER_CENTURY, *AFTER_WORDS, "12031950"])
def test_a_birth_date_is_found_without_its_century_or_its_day(
    practice: Practice, ana_and_eve: Patient, typed: str
) -> None:
    for words in (typed, f"lefevre {typed}", f"{typed} Lefèvre", f"Ana {typed} lefevre"):
        assert list(practice.patients.search(words)) == [ana_and_eve], words
    assert list(practice.patients.search(f"durand {typed}")) == []


@pytest.mark.django_db
@pytest.mark.parametrize("typed", [*BEFORE, *NO_MONTH])
def test_another_date_finds_nobody(practice: Practice, ana_and_eve: Patient, typed: str) -> None:
    assert list(practice.patients.search(typed)) == []


@pytest.mark.django_db
def test_a_year_of_two_digits_is_of_either_century(practice: Practice, bob: User) -> None:
    old, young = (
        create_patient(practice=practice, first_name="Ana", last_name="Petit", birth_date=date(year, 3, 2), by=bob)
        for year in (1920, 2020)
    )
    assert set(practice.patients.search("2/3/20")) == {old, young}


@pytest.mark.django_db
def test_what_may_be_a_telephone_or_a_name_is_looked_for_as_both(
    practice: Practice, ana_and_eve: Patient, bob: User
) -> None:
    mai = create_patient(practice=practice, first_name="Mai", last_name="Ngo", birth_date=date(1950, 9, 1), by=bob)
    born = create_patient(practice=practice, first_name="Bo", last_name="Li", birth_date=date(1950, 5, 9), by=bob)
    assert set(practice.patients.search("mai 1950")) == {mai, born}
    assert list(practice.patients.search("06.12.34")) == [ana_and_eve]
    assert list(practice.patients.search("06 12 34 56 78")) == [ana_and_eve]


@pytest.mark.django_db
@pytest.mark.parametrize("typed", ["03/1950", "12/03/50", "mars 1950"])
def test_programs_and_pages_search_alike(
    bob: User,
    ana_and_eve: Patient,
    api: Api,  # noqa: F811
    sign_in: Callable[[User], Client],
    typed: str,
) -> None:
    [found] = api(bob).get("/api/v1/patients/", {"search": typed}).json()["results"]
    assert found["id"] == str(ana_and_eve.pk)
    page = sign_in(bob).get("/pro/patients/", {"q": typed}).content.decode()
    assert "Ana Lefèvre" in page
    assert "Eve" not in page
    assert "Nom, date de naissance, e-mail ou mobile" in page
    asked = sign_in(bob).post("/pro/appointments/new/", {"search": "1", "q": typed}).content.decode()
    assert "Ana Lefèvre" in asked
    assert "Nom, date de naissance, e-mail ou mobile" in asked
