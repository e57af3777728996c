"""Records that lines may describe: equal names in any spelling, similar ones, and dates that stand for none."""

from __future__ import annotations

from datetime import date

from imports.likely_records import CROWDED
from imports.models import Verdict
from patients.models import Patient
from patients.records import PatientChanges, create_patients
from practices.models import Practice
from tests.imports.conftest import ImportFile, counts

BORN = date(1970, 1, 1)


def crowd(practice: Practice, *more: tuple[str, str]) -> None:
    people: list[PatientChanges] = [
        {"first_name": f"Inconnu{number}", "last_name": f"Famille{number}", "birth_date": BORN}
        for number in range(CROWDED + 1)
    ]
    people += [{"first_name": first, "last_name": last, "birth_date": BORN} for first, last in more]
    create_patients(practice=practice, people=people, by=None)


def test_equal_names_are_found_in_any_spelling_and_order(check_file: ImportFile, practice: Practice) -> None:
    for first, last, born in (
        ("Jean-Pierre", "O'Reilly", date(1950, 1, 1)),
        ("Lœtitia", "Ångström", date(1951, 1, 1)),
        ("Éloïse", "de la Tour", date(1952, 1, 1)),
    ):
        Patient.objects.create(practice=practice, first_name=first, last_name=last, birth_date=born)
    text = (
        "Nom;Prénom;Né le\nOREILLY;Jean Pierre;01/01/1950\nLoetitia;ANGSTROM;01/01/1951\n"
        "DE LA TOUR;Eloise;01/01/1952\n"
    )
    assert counts(check_file(text)) == (0, 3, 0, 0)


def test_on_a_date_that_many_have_only_equal_names_count(check_file: ImportFile, practice: Practice) -> None:
    crowd(practice, ("Marie-Claire", "Durand"), ("Lœtitia", "O'Reilly"))
    text = (
        "Nom;Prénom;Né le;E-mail\nDURAND;Marie Claire;01/01/1970;\nOREILLY;Loetitia;01/01/1970;\n"
        "Durant;Marie-Claire;01/01/1970;\nFamille7;Inconnu7;01/01/1970;\nFamille8;Inconnu9;01/01/1970;\n"
    )
    job = check_file(text)
    verdicts = dict(job.judged.values_list("line", "verdict"))
    assert verdicts == {
        2: Verdict.SAME,
        3: Verdict.SAME,
        4: Verdict.NEW,
        5: Verdict.SAME,
        6: Verdict.NEW,
    }


def test_a_record_without_a_search_text_is_found_on_such_a_date(check_file: ImportFile, practice: Practice) -> None:
    crowd(practice)
    Patient.objects.update(search_text=None)  # of a version that wrote none
    assert counts(check_file("Nom;Prénom;Né le\nFamille7;Inconnu7;01/01/1970\n")) == (0, 1, 0, 0)


def test_the_best_record_is_named(check_file: ImportFile, practice: Practice) -> None:
    """A record with equal names comes before a similar one, and one without other contacts before both."""
    create = Patient.objects.create
    create(practice=practice, first_name="Marie", last_name="Durant", birth_date=BORN)
    other = create(
        practice=practice, first_name="Marie", last_name="Durand", birth_date=BORN, email="a@durand.example"
    )
    text = "Nom;Prénom;Né le;E-mail\nDurand;Marie;01/01/1970;b@durand.example\n"
    assert check_file(text).judged.get().twin == other
    same = create(practice=practice, first_name="MARIE", last_name="DURAND", birth_date=BORN)
    found = check_file(text).judged.get()
    assert (found.verdict, found.twin) == (Verdict.SAME, same)
