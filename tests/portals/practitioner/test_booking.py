"""Booking by staff: a patient found by a few letters, or a new one; the form keeps its content, no record is created
twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from appointments.models import Agenda, Appointment, VisitReason
from patients.models import Patient
from practices.models import Practice
from tests.days import coming
from tests.markup import one_line

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
NEW = "/pro/appointments/new/"


@pytest.fixture
def asked(agenda: Agenda, visit_reason: VisitReason) -> dict[str, Any]:
    return {
        "agenda": str(agenda.pk),
        "visit_reason": str(visit_reason.pk),
        "starts_at": f"{coming(1, agenda.practice)}T09:00",
        "kind": "in_person",
    }


def person(practice: Practice, first_name: str, last_name: str, **fields: Any) -> Patient:
    return Patient.objects.create(
        practice=practice, first_name=first_name, last_name=last_name, birth_date=date(1950, 5, 6), **fields
    )


def test_the_page_names_nobody_before_somebody_is_looked_for(bob: User, marie: Patient, sign_in: SignIn) -> None:
    """A practice may have twenty thousand patients."""
    assert marie.last_name not in sign_in(bob).get(NEW).content.decode()


@pytest.mark.parametrize("by_script", [True, False])
def test_a_few_letters_find_records_of_this_practice(
    bob: User, practice: Practice, other_practice: Practice, sign_in: SignIn, asked: dict[str, Any], by_script: bool
) -> None:
    found, other = person(practice, "Zoé", "Petitjean"), person(other_practice, "Luc", "Petitjean")
    headers = {"HX-Request": "true"} if by_script else {}
    typed = {**asked, "q": "petitj", "search": "1", "email": "x@courriel.example"}
    page = sign_in(bob).post(NEW, typed, headers=headers)
    text = page.content.decode()
    assert page.status_code == 200
    assert f'value="{found.pk}"' in text
    assert "1 fiche trouvée" in text
    assert str(other.pk) not in text
    assert (f'value="{asked["starts_at"]}"' in text and 'value="x@courriel.example"' in text) is not by_script
    assert not Appointment.objects.exists()


def test_who_was_chosen_stays_chosen_while_one_looks_on(
    bob: User, practice: Practice, marie: Patient, sign_in: SignIn, asked: dict[str, Any]
) -> None:
    page = sign_in(bob).post(NEW, {**asked, "q": "nobody of this name", "search": "1", "patient": str(marie.pk)})
    text = page.content.decode()
    assert f'value="{marie.pk}" checked' in one_line(text)
    assert "Aucune fiche ne correspond" in text


def test_eight_are_offered_and_one_is_told_that_there_are_more(
    bob: User, practice: Practice, sign_in: SignIn, asked: dict[str, Any]
) -> None:
    for number in range(9):
        person(practice, f"Prénom{number}", "Martin")
    text = sign_in(bob).post(NEW, {**asked, "q": "martin", "search": "1"}).content.decode()
    assert text.count("Martin</strong>") == 8
    assert "précisez la recherche" in text


def test_a_known_patient_needs_nothing_but_to_be_chosen(
    bob: User, marie: Patient, sign_in: SignIn, asked: dict[str, Any]
) -> None:
    assert sign_in(bob).post(NEW, {**asked, "patient": str(marie.pk)}).status_code == 302
    assert Appointment.objects.get().patient == marie


def test_a_record_of_elsewhere_is_no_choice(
    bob: User, other_practice: Practice, sign_in: SignIn, asked: dict[str, Any]
) -> None:
    other = person(other_practice, "Luc", "Ailleurs")
    page = sign_in(bob).post(NEW, {**asked, "patient": str(other.pk)})
    assert page.status_code == 400
    assert "Cette fiche n’existe plus" in page.content.decode()
    assert "Ailleurs" not in page.content.decode()
    assert not Appointment.objects.exists()


def test_the_same_person_is_asked_about_and_no_record_made_twice_by_haste(
    bob: User, marie: Patient, sign_in: SignIn, asked: dict[str, Any]
) -> None:
    again = {
        **asked,
        "first_name": marie.first_name.lower(),
        "last_name": marie.last_name.upper(),
        "birth_date": marie.birth_date.isoformat(),
    }
    page = sign_in(bob).post(NEW, again)
    text = page.content.decode()
    assert page.status_code == 409
    assert "Une fiche de ce nom" in text
    assert f'value="{marie.pk}"' in text
    assert 'name="somebody_else"' in text
    assert Patient.objects.count() == 1
    assert sign_in(bob).post(NEW, {**again, "somebody_else": "on"}).status_code == 302
    assert Appointment.objects.get().patient != marie


def test_ones_own_agenda_is_chosen_already(alice: User, bob: User, agenda: Agenda, sign_in: SignIn) -> None:
    Agenda.objects.create(practice=agenda.practice, name="Un autre")
    Agenda.objects.filter(pk=agenda.pk).update(practitioner=alice)
    chosen = f'<option value="{agenda.pk}" selected>'
    assert chosen in one_line(sign_in(alice).get(NEW).content)
    assert chosen not in one_line(sign_in(bob).get(NEW).content)


def test_from_a_record_its_patient_is_chosen_already(bob: User, marie: Patient, sign_in: SignIn) -> None:
    record = sign_in(bob).get(f"/pro/patients/{marie.pk}/").content.decode()
    assert f'href="{NEW}?patient={marie.pk}"' in record
    assert f'value="{marie.pk}" checked' in one_line(sign_in(bob).get(f"{NEW}?patient={marie.pk}").content)


def test_what_is_missing_is_named(bob: User, marie: Patient, agenda: Agenda, sign_in: SignIn) -> None:
    page = sign_in(bob).post(
        "/pro/appointments/new/", {"patient": str(marie.pk), "practice": str(marie.practice_id), "kind": "in_person"}
    )
    said = page.content.decode()
    for sentence in ("Choisissez un agenda.", "Choisissez un motif.", "Indiquez la date et l’heure."):
        assert sentence in said
    assert "Ce champ est obligatoire" not in said


@pytest.mark.parametrize("zone", ["Europe/Paris", "America/Cayenne", "Pacific/Noumea"])
@pytest.mark.parametrize("moment", ["0001-01-01T00:00", "9999-12-31T23:59", "1800-01-01T00:00"])
@pytest.mark.parametrize("page", ["book", "move", "close"])
def test_a_year_at_the_edge_of_what_a_date_can_hold_gets_a_sentence(
    page: str,
    moment: str,
    zone: str,
    asked: dict[str, Any],
    bob: User,
    carol: User,
    appointment: Appointment,
    sign_in: SignIn,
) -> None:
    """In zones east or west of Greenwich it is beyond the first or the last possible day."""
    Practice.objects.update(time_zone=zone)
    asked |= {"starts_at": moment}
    if page == "close":
        answer = sign_in(carol).post(
            "/pro/settings/closings/new/", {"reason": "Pont", "starts_at": moment, "ends_at": moment}
        )
    elif page == "move":
        answer = sign_in(bob).post(f"/pro/appointments/{appointment.pk}/move/", asked)
    else:
        answer = sign_in(bob).post(NEW, asked | {"patient": str(appointment.patient_id)})
    assert answer.status_code == 400
    assert "érifiez l’année" in answer.content.decode()


@pytest.mark.parametrize(
    "born",
    [
        "1950-05-06",
        "06/05/1950",
        "6.5.1950",
        "6 mai 1950",
        "06–05–1950",
        "٠٦/٠٥/١٩٥٠",
        "１９５０－０５－０６",
        "06051950",
    ],
)
@pytest.mark.parametrize("digits", ["0123456789", "٠١٢٣٤٥٦٧٨٩", "０１２３４５６７８９"])
def test_dates_are_taken_in_digits_of_every_script(
    bob: User, sign_in: SignIn, asked: dict[str, Any], born: str, digits: str
) -> None:
    start = str(asked["starts_at"])
    typed = {
        "first_name": "Zoé",
        "last_name": "Petit",
        "birth_date": born,
        "starts_at": start.translate(str.maketrans("0123456789", digits)),
    }
    assert sign_in(bob).post(NEW, asked | typed).status_code == 302
    made = Appointment.objects.get()
    assert made.patient.birth_date == date(1950, 5, 6)
    assert f"{made.local_start:%Y-%m-%dT%H:%M}" == start


@pytest.mark.parametrize("born", ["31/02/1950", "6 mai", "hier", "1950", "06/05/50"])
def test_a_birth_date_that_cannot_be_is_said_with_an_example(
    bob: User, sign_in: SignIn, asked: dict[str, Any], born: str
) -> None:
    typed = {"first_name": "Zoé", "last_name": "Petit", "birth_date": born}
    page = sign_in(bob).post(NEW, asked | typed)
    assert page.status_code == 400
    assert "12/03/1950" in page.context["form"].errors["birth_date"][0]
    assert f'value="{born}"' in page.content.decode()
