"""An agenda open every day 9:00–12:00 in Paris, with reasons of 20 minutes."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
from allauth.account.models import EmailAddress
from django.utils import timezone

from accounts.models import User
from appointments.models import Agenda, OpeningHours


@pytest.fixture
def open_agenda(agenda: Agenda, visit_reason: object) -> Agenda:
    for weekday in range(7):
        OpeningHours.objects.create(agenda=agenda, weekday=weekday, opens_at=time(9), closes_at=time(12))
    return agenda


@pytest.fixture
def next_week() -> date:
    return timezone.localdate() + timedelta(days=7)


def at(agenda: Agenda, day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), agenda.practice.zone)


@pytest.fixture
def holder(hugo: User) -> User:
    """Hugo, whose account has everything that booking requires."""
    EmailAddress.objects.create(user=hugo, email=hugo.email, verified=True, primary=True)
    hugo.birth_date = date(1979, 6, 17)
    hugo.save()
    return hugo
