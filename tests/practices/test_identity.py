"""An administrator sets the practice's name, address, telephone, email, time zone and language."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from accounts.models import User
from audit.models import AuditEvent
from practices.identity import Identity, set_identity
from practices.models import Practice
from practices.roles import NotAllowed
from practices.telephones import clean_telephone


def test_what_is_given_changes_and_the_rest_stays(practice: Practice, carol: User) -> None:
    changes = Identity(name="  Maison   des Lilas ", address="12 rue des Lilas \n\n\n 93260  Les Lilas\n")
    changed = set_identity(practice=practice, changes=changes, by=carol)
    assert (changed.name, changed.address) == ("Maison des Lilas", "12 rue des Lilas\n\n93260 Les Lilas")
    assert (changed.telephone, changed.email) == ("+33140000000", "cabinet@lilas.example")
    assert AuditEvent.objects.get().detail == {"fields": ["address", "name"]}
    set_identity(practice=practice, changes=changes, by=carol)
    assert AuditEvent.objects.count() == 1


@pytest.mark.parametrize(
    ("typed", "zone", "stored"),
    [
        ("01 40 00 00 00", "Europe/Paris", "+33140000000"),
        ("01.40.00.00.00", "Europe/Paris", "+33140000000"),
        ("+33 (0)1 40 00 00 00", "Europe/Paris", "+33140000000"),
        ("0033 1 40 00 00 00", "Europe/Paris", "+33140000000"),
        ("0262 20 20 20", "Indian/Reunion", "+262262202020"),
        ("0590 82 00 00", "America/Guadeloupe", "+590590820000"),
        ("40 42 00 00", "Pacific/Tahiti", "+68940420000"),
        ("01 40 00 00 00", "Indian/Reunion", "+33140000000"),
        ("", "Europe/Paris", ""),
    ],
)
def test_a_telephone_is_read_as_it_is_dialled_there(typed: str, zone: str, stored: str) -> None:
    assert clean_telephone(typed, time_zone=zone) == stored


@pytest.mark.parametrize(
    "typed", ["12", "01 40 00 00", "0800 LILAS", "+33 1 40 00 00 00 00 00", "demander Rose", "9" * 50]
)
def test_what_is_no_number_is_refused(typed: str, practice: Practice, carol: User) -> None:
    with pytest.raises(ValidationError) as refused:
        set_identity(practice=practice, changes=Identity(telephone=typed), by=carol)
    assert set(refused.value.message_dict) == {"telephone"}


def test_all_faults_are_told_at_once_and_nothing_is_stored(practice: Practice, carol: User) -> None:
    changes = Identity(
        name=" \u200b", address="x" * 501, telephone="1", email="cabinet", time_zone="Europe/Lilas", language="de"
    )
    with pytest.raises(ValidationError) as refused:
        set_identity(practice=practice, changes=changes, by=carol)
    assert set(refused.value.message_dict) == set(changes)
    practice.refresh_from_db()
    assert practice.name == "Cabinet des Lilas"
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("who", ["alice", "bob", "rita", "charlie", "hugo"])
def test_nobody_else_changes_it(practice: Practice, who: str, request: pytest.FixtureRequest) -> None:
    with pytest.raises(NotAllowed):
        set_identity(practice=practice, changes=Identity(name="Autre"), by=request.getfixturevalue(who))
