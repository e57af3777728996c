"""Accounts that prove records, people who book online, and the doors to documents."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

from allauth.account.models import EmailAddress
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Scope, User
from accounts.tokens import issue_token
from appointments.models import Agenda, Appointment, AppointmentKind, BookedFor, VisitReason
from appointments.online import book_online
from documents.models import SharedDocument
from notifications.models import Message
from patients.invitations import accept_invitation, invitation_for
from patients.models import Patient, RecordTie
from patients.records import PatientChanges
from patients.relatives import Person
from tests.conftest import make_user

SignIn = Callable[..., Client]
Share = Callable[[Appointment], SharedDocument]
NEW: PatientChanges = {"email": "vraie@courriel.example", "mobile": "+33612000077"}
ONE_OR_BOTH: list[PatientChanges] = [{"email": NEW["email"]}, {"mobile": NEW["mobile"]}, NEW]
CORRECTED: PatientChanges = {"email": "autre@courriel.example", "mobile": "+33612000044"}
PASSWORD = "une phrase facile 42"


@contextmanager
def on_day(moment: datetime) -> Iterator[None]:
    with mock.patch("django.utils.timezone.now", return_value=moment):
        yield


def account(email: str, mobile: str, **fields: Any) -> User:
    user = make_user(email, "", "", mobile=mobile, mobile_verified_at=timezone.now(), **fields)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def claim(patient: Patient, user: User) -> RecordTie:
    """The account proves the record's current contacts and its birth date."""
    invitation = invitation_for(patient=patient, by=None)
    return accept_invitation(invitation=invitation, user=user, birth_date=patient.birth_date)


class Booker:
    """Books one slot after the other."""

    def __init__(self, agenda: Agenda, reason: VisitReason) -> None:
        self.agenda, self.reason, self.slots = agenda, reason, 0

    def __call__(self, holder: User, booked_for: BookedFor, person: Person | None = None) -> Appointment:
        self.slots += 1
        day = timezone.localdate() + timedelta(days=7 + self.slots)
        return book_online(
            holder=holder,
            agenda=self.agenda,
            visit_reason=self.reason,
            starts_at=datetime.combine(day, time(9), self.agenda.practice.zone),
            kind=AppointmentKind.IN_PERSON,
            booked_for=booked_for,
            person=person,
        )


def doors_of(user: User, document: SharedDocument, sign_in: SignIn) -> set[str]:
    """The doors through which the account can open the document."""
    browser, api = sign_in(user), APIClient()
    _token, secret = issue_token(user=user, name="t", scopes=[Scope.READ], by=None)
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    found = {
        "pages": str(document.pk) in browser.get("/documents/").content.decode(),
        "page": browser.get(f"/documents/{document.pk}/").status_code == 200,
        "download": browser.post(f"/documents/{document.pk}/download/").status_code == 200,
        "api list": str(document.pk) in api.get("/api/v1/me/documents/").content.decode(),
        "api": api.get(f"/api/v1/me/documents/{document.pk}/").status_code == 200,
        "api bytes": api.get(f"/api/v1/me/documents/{document.pk}/content/").status_code == 200,
    }
    return {door for door, is_open in found.items() if is_open}


def links_in(message: Message) -> list[str]:
    return [urlsplit(url).path for url in re.findall(r"http://\S+", message.body)]


def newest_link(to: str) -> str:
    found = [path for path in links_in(Message.objects.filter(to=to).latest("created_at")) if path.startswith("/d/")]
    return found[0]
