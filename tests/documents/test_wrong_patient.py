"""Sharing asks about a document that names another patient of the practice, and not this one."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from accounts.models import User
from appointments.models import Appointment
from audit.models import AuditEvent
from docshare.demo.letters import letter
from documents.models import Category, SharedDocument
from documents.sharing.share import share_upload
from documents.sharing.wrong_patient import WrongPatientSuspected, dates_in, names_only_another
from patients.models import Patient
from patients.names import plain
from practices.models import Practice


@pytest.fixture
def paul(practice: Practice) -> Patient:
    return Patient.objects.create(
        practice=practice, first_name="Jean-Rémi", last_name="Lefèvre", birth_date=date(1975, 8, 1)
    )


@pytest.mark.parametrize(
    "text",
    [
        "Patient : Jean-Rémi Lefèvre, né le 1er août 1975",
        "M. LEFEVRE Jean Remi",
        "LEFÈVRE JEAN-RÉMI\nOrdonnance",
        "Monsieur Jean Rémi LEFEVRE",
        "LEFEVRE, Paul, Jean-Rémi — 01/08/1975",  # further first names, and the birth date
        "Jean Paul LEFEVRE-DUVAL, né le 1er août 1975",  # one of his names, and the birth date
        "Lefèvre, Rémi (01.08.75)",
        "Jean-Rémi\nLEFE\u0300VRE",  # a combining accent, as some writers store it
        "JEAN‑RÉMI LEFÈVRE",  # a non-breaking hyphen
    ],
)
def test_another_patients_name_is_found_however_it_is_written(text: str, marie: Patient, paul: Patient) -> None:
    assert names_only_another(text, patient=marie) == ["Jean-Rémi Lefèvre"]


@pytest.mark.parametrize(
    "text",
    [
        "Marie Durand, et son médecin Jean-Rémi Lefèvre",
        "DURAND Marie. Copie à Jean-Rémi Lefèvre.",
        "Mme DURAND épouse MARTIN, Marie ; Jean-Rémi Lefèvre",
        "Mme Durand, née le 3 février 1941 ; Jean-Rémi Lefèvre",
        "Marie, 03/02/1941 ; Jean-Rémi Lefèvre",
        "Marie-Louise DURAND-MARTIN ; Jean-Rémi Lefèvre",
        "Jean-Rémi est venu",
        "Famille Lefèvre",
        "Lefèvre Sophie, Jean-Rémi Dupont",
        "Conseils après une entorse",
        "",
    ],
)
def test_this_patients_own_name_first_names_alone_and_leaflets_raise_no_doubt(
    text: str, marie: Patient, paul: Patient
) -> None:
    assert names_only_another(text, patient=marie) == []


def test_other_practices_patients_and_the_practices_own_staff_are_nobody_else(
    marie: Patient, stranger: Patient, alice: User, practice: Practice
) -> None:
    Patient.objects.create(practice=practice, first_name="Alice", last_name="MOREL", birth_date=date(1970, 1, 1))
    assert names_only_another("Sophie Leroy", patient=marie) == []
    assert names_only_another("Docteur Alice Morel", patient=marie) == []


def test_the_doubt_stops_the_sharing_and_a_confirmation_is_written_down(
    appointment: Appointment, paul: Patient, bob: User, prescription: Category, receive: Any
) -> None:
    content = letter("Ordonnance", ["Pour Jean-Rémi Lefèvre", "Paracétamol"], heading="Cabinet des Lilas")

    def share(*, confirm: bool) -> SharedDocument:
        return share_upload(
            appointment=appointment,
            intake=receive(content),
            category=prescription,
            title="",
            placement=None,
            by=bob,
            confirm_patient=confirm,
        )

    with pytest.raises(WrongPatientSuspected) as caught:
        share(confirm=False)
    assert "Jean-Rémi Lefèvre, et pas Marie Durand" in caught.value.sentence
    assert "Lef" not in str(caught.value)
    assert not SharedDocument.objects.exists()
    share(confirm=True)
    event = AuditEvent.objects.get(action="document.shared")
    assert event.detail["patient_confirmed"] is True
    assert "Lef" not in str(event.detail)


@pytest.mark.parametrize(
    "written",
    [
        *("03/02/1941", "3/2/1941", "03.02.41", "03-02-1941", "3 février 1941", "3 FEVRIER 1941", "1941-02-03"),
        *("le 03 févr 1941 soit 03021941", "19410203", "February 3rd, 1941", "3 February 1941"),
    ],
)
def test_a_birth_date_is_read_however_it_is_written(written: str) -> None:
    assert date(1941, 2, 3) in dates_in(plain(f"Née le {written} à Lyon"))


@pytest.mark.parametrize("written", ["31/02/1941", "13/13/1941", "1941", "06 12", "le trois février"])
def test_what_is_no_date_is_none(written: str) -> None:
    assert dates_in(plain(written)) == set()


def test_one_of_two_names_is_enough_for_this_patient(practice: Practice, paul: Patient) -> None:
    double = Patient.objects.create(
        practice=practice, first_name="Anne-Laure", last_name="de La Tour-Maubourg", birth_date=date(1960, 5, 4)
    )
    for text in ("Mme Anne TOUR", "MAUBOURG Laure", "La Tour Maubourg (04/05/1960)"):
        assert names_only_another(f"{text} ; Jean-Rémi Lefèvre", patient=double) == [], text
    assert names_only_another("Anne de Lefèvre ; Jean-Rémi Lefèvre", patient=double) == ["Jean-Rémi Lefèvre"]


def test_however_many_patients_there_are_it_asks_the_database_a_fixed_number_of_times(
    practice: Practice, marie: Patient, paul: Patient, django_assert_max_num_queries: Any, caplog: Any
) -> None:
    Patient.objects.bulk_create(
        Patient(practice=practice, first_name=f"Jean{n}", last_name=f"Lefevre{n % 300}", birth_date=date(1975, 8, 1))
        for n in range(2000)
    )
    with django_assert_max_num_queries(3), caplog.at_level("DEBUG"):
        assert names_only_another("Jean-Rémi Lefèvre, Ordonnance " * 50, patient=marie) == ["Jean-Rémi Lefèvre"]
    told = [record for record in caplog.records if not record.name.startswith("django.db")]
    assert told == []  # no names of patients in particular
