"""An open agenda, accounts that book online or own a record, a rule, and documents to share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time

import pytest
from rest_framework.test import APIClient

from accounts.models import Scope, User
from accounts.tokens import issue_token
from appointments.models import Agenda, Appointment, OpeningHours, VisitReason
from documents.models import LibraryDocument, SharedDocument
from documents.sending.rules import RuleContent, save_rule
from documents.sharing.share import share_library_document
from patients.models import Patient
from tests.documents.ways import Booker, account, claim

__all__ = ["api", "booker", "holder", "maries_account", "open_agenda", "plan_rule", "share", "wrong"]


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


@pytest.fixture
def wrong() -> User:
    """The owner of the mistyped mailbox."""
    return account("inconnu@courriel.example", "+33612000066")


@pytest.fixture
def maries_account(marie: Patient) -> User:
    """Marie's account, tied to her record."""
    user = account("marie.durand@courriel.example", "+33612345678")
    claim(marie, user)
    return user


@pytest.fixture
def api(alice: User) -> APIClient:
    client = APIClient()
    _token, secret = issue_token(user=alice, name="t", scopes=[Scope.READ, Scope.WRITE], by=None)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client
