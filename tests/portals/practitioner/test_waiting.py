"""The pages of the waiting list: put on it from an appointment or a record, seen with rank and state, taken off."""

from __future__ import annotations

from collections.abc import Callable
from html import unescape

import pytest
from django.test import Client

from accounts.models import User
from appointments.models import Appointment, WaitingEntry
from appointments.waiting import put_on_list
from patients.models import Patient
from tests.markup import one_line

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
LIST = "/pro/waiting/"


def test_from_an_appointment_onto_the_list_and_off_it(
    bob: User, appointment: Appointment, marie: Patient, sign_in: SignIn
) -> None:
    client, panel = sign_in(bob), f"/pro/appointments/{appointment.pk}/"
    assert f'href="{panel}waiting/"' in client.get(panel).content.decode()
    asked = {"agendas": [str(appointment.agenda_id)], "weekdays": ["1", "3"], "halves": ["morning"]}
    page = client.post(f"{panel}waiting/", asked, follow=True)
    said = one_line(unescape(page.content.decode()))
    entry = WaitingEntry.objects.get()
    assert (entry.appointment, entry.weekdays, entry.halves) == (appointment, [1, 3], ["morning"])
    assert f"1. {marie.full_name}" in said
    assert "mardi, jeudi, matin" in said
    assert "rang 1" in unescape(client.get(panel).content.decode())
    client.post(f"{LIST}{entry.pk}/remove/")
    assert not WaitingEntry.objects.live().exists()
    assert marie.full_name not in client.get(LIST).content.decode().partition("<ol")[2]


def test_from_a_record_without_an_appointment_with_what_was_typed_after_a_fault(
    bob: User, marie: Patient, appointment: Appointment, sign_in: SignIn
) -> None:
    client, address = sign_in(bob), f"/pro/patients/{marie.pk}/waiting/"
    asked = {"visit_reason": str(appointment.visit_reason_id), "until": "2000-01-01", "weekdays": ["2"]}
    faulty = client.post(address, asked | {"agendas": [str(appointment.agenda_id)]})
    text = one_line(unescape(faulty.content.decode()))
    assert faulty.status_code == 400
    assert "Ce jour est passé" in text
    assert 'value="2000-01-01"' in text
    asked |= {"until": "2099-01-01", "agendas": [str(appointment.agenda_id)]}
    assert client.post(address, asked).status_code == 302
    assert WaitingEntry.objects.get().appointment is None


def test_other_practices_and_readers_do_nothing(
    charlie: User, rita: User, bob: User, appointment: Appointment, sign_in: SignIn
) -> None:
    entry = put_on_list(
        patient=appointment.patient, visit_reason=appointment.visit_reason, agendas=[appointment.agenda], by=bob
    )
    stranger = sign_in(charlie)
    assert stranger.post(f"{LIST}{entry.pk}/remove/").status_code == 404
    assert stranger.get(f"/pro/appointments/{appointment.pk}/waiting/").status_code == 404
    assert appointment.patient.full_name not in stranger.get(LIST).content.decode()
    assert sign_in(rita).post(f"{LIST}{entry.pk}/remove/").status_code == 403
    assert WaitingEntry.objects.live().exists()


def test_who_cannot_be_reached_is_marked(bob: User, appointment: Appointment, sign_in: SignIn) -> None:
    put_on_list(
        patient=appointment.patient, visit_reason=appointment.visit_reason, agendas=[appointment.agenda], by=bob
    )
    client = sign_in(bob)
    assert "En attente d’un créneau" in unescape(client.get(LIST).content.decode())
    Patient.objects.update(email=None, mobile=None)
    assert "complétez ou confirmez ses coordonnées" in unescape(client.get(LIST).content.decode())
