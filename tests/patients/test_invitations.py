"""Birth dates with an invitation: wrong ones count for the record, impossible ones cost no try."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from appointments.recipients import RecipientState, resolve
from patients.invitations import (
    InvitationOver,
    WrongBirthDate,
    invitation_for,
    prove_birth_date,
)
from patients.models import Invitation, Patient
from patients.records import (
    confirm_contacts,
)
from tests.conftest import BookFixture
from tests.documents.bookings import *  # noqa: F403  # somebody who books online, a rule

pytestmark = pytest.mark.django_db


def test_birth_date_tries_count_over_the_record_whatever_number_of_invitations(
    marie: Patient, alice: User, book_for: BookFixture
) -> None:
    appointment = book_for(marie)
    for tried in range(5):
        invitation = invitation_for(patient=marie, by=alice)
        with pytest.raises(WrongBirthDate) as wrong_date:
            prove_birth_date(invitation=invitation, birth_date=date(1950, 1, 1 + tried))
        assert wrong_date.value.left == 4 - tried
        Invitation.objects.filter(pk=invitation.pk, ended_at=None).update(end="withdrawn", ended_at=timezone.now())
    with pytest.raises(InvitationOver):  # not even with the right one
        prove_birth_date(invitation=invitation_for(patient=marie, by=alice), birth_date=marie.birth_date)
    marie.refresh_from_db()
    appointment.patient = marie
    assert resolve(appointment).state is RecipientState.MISSING_CONTACT
    confirm_contacts(patient=marie, by=alice)
    marie.refresh_from_db()
    appointment.patient = marie
    assert resolve(appointment).is_ready
    prove_birth_date(invitation=invitation_for(patient=marie, by=alice), birth_date=marie.birth_date)


@pytest.mark.parametrize(
    "given", [("3", "2", "41"), ("3", "2", "1850"), ("3", "2", "0041"), "tomorrow", ("31", "2", "1941")]
)
def test_what_cannot_be_a_birth_date_costs_no_try(marie: Patient, client: Client, given: Any) -> None:
    if given == "tomorrow":
        day = timezone.localdate(timezone=marie.practice.zone) + timedelta(days=1)
        given = (str(day.day), str(day.month), str(day.year))
    invitation = invitation_for(patient=marie, by=None)
    session = client.session
    session["invitation"] = {"id": str(invitation.pk), "mobile_proved": True}
    session.save()
    answer = client.post("/invitation/birth-date/", dict(zip(("day", "month", "year"), given, strict=True)))
    assert answer.status_code == 400
    assert "field-error" in answer.content.decode() or "Il y a un problème" in answer.content.decode()
    marie.refresh_from_db()
    assert marie.birth_date_attempts == 0
