"""A merge proposes to keep the record on which more depends."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from appointments.models import Appointment
from documents.merging.fuller import is_fuller
from patients.models import Patient, RecordTie, Relationship
from practices.models import Practice

pytestmark = pytest.mark.django_db


@pytest.fixture
def empty(practice: Practice, marie: Patient) -> Patient:
    return Patient.objects.create(
        practice=practice, first_name="Marie", last_name="Durand", birth_date=marie.birth_date
    )


def test_accounts_count_before_appointments_and_these_before_contacts(
    empty: Patient, marie: Patient, appointment: Appointment, hugo: User
) -> None:
    assert is_fuller(marie, than=empty)
    Appointment.objects.filter(pk=appointment.pk).update(patient=empty)
    assert is_fuller(empty, than=marie)
    RecordTie.objects.create(
        user=hugo,
        patient=marie,
        relationship=Relationship.SELF,
        proved_email="h@x.example",
        proved_mobile="+33698765432",
    )
    assert is_fuller(marie, than=empty)
    assert not is_fuller(marie, than=marie)


def test_the_page_proposes_the_fuller_record_and_staff_may_keep_the_other(
    empty: Patient, marie: Patient, bob: User, sign_in: Callable[[User], Client]
) -> None:
    client = sign_in(bob)
    proposed = client.get(f"/pro/patients/{empty.pk}/merge/?with={marie.pk}", follow=True)
    assert proposed.context["kept"] == marie
    turned = f"/pro/patients/{empty.pk}/merge/?with={marie.pk}&amp;chosen=1"
    assert turned in proposed.content.decode()
    assert client.get(turned.replace("&amp;", "&")).context["kept"] == empty
    assert client.get(f"/pro/patients/{marie.pk}/merge/?with={empty.pk}").status_code == 200
