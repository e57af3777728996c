"""An open agenda, an account that books online, a rule, and documents to share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time

import pytest

from accounts.models import User
from appointments.models import Agenda, Appointment, OpeningHours, VisitReason
from documents.models import LibraryDocument, SharedDocument
from documents.sending.rules import RuleContent, save_rule
from documents.sharing.share import share_library_document
from tests.documents.ways import Booker, account

__all__ = ["booker", "holder", "open_agenda", "plan_rule", "share"]


@pytest.fixture
def share(access_plan: LibraryDocument, alice: User) -> Callable[[Appointment], SharedDocument]:
    def _share(appointment: Appointment) -> SharedDocument:
        appointment = Appointment.objects.select_related("practice", "patient__practice", "holder").get(
            pk=appointment.pk
        )
        return share_library_document(appointment=appointment, library_document=access_plan, by=alice)

    return _share


@pytest.fixture
def open_agenda(agenda: Agenda, visit_reason: VisitReason) -> Agenda:
    for weekday in range(7):
        OpeningHours.objects.create(agenda=agenda, weekday=weekday, opens_at=time(8), closes_at=time(20))
    return agenda


@pytest.fixture
def booker(open_agenda: Agenda, visit_reason: VisitReason) -> Booker:
    return Booker(open_agenda, visit_reason)


@pytest.fixture
def holder() -> User:
    user = account("hugo.martin@gmail.com", "+33698765400", birth_date=date(1979, 6, 17))
    user.first_name, user.last_name = "Hugo", "Martin"
    user.save()
    return user


@pytest.fixture
def plan_rule(access_plan: LibraryDocument, carol: User) -> None:
    save_rule(practice=access_plan.practice, content=RuleContent(name="Plan", documents=[access_plan]), by=carol)
