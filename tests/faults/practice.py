"""The demo practice with two rules of three documents each; one document is written, so each patient gets a copy."""

from __future__ import annotations

from datetime import date, time
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts.models import Scope, User
from accounts.tokens import issue_token
from appointments.models import ReminderPolicy
from docshare.demo import load as demo
from documents.library.catalogue import write_document
from documents.models import Category, LibraryDocument
from documents.sending.rules import RuleContent, save_rule
from patients.invitations import accept_invitation, invitation_for
from patients.records import create_patient
from practices.models import Practice
from questionnaires.catalogue import import_questionnaire
from tests.faults.actors import World
from tests.faults.pace import PACE
from tests.faults.patients import Account

BODY = '<p>Bonjour <span data-field="patient_name"></span>, à bientôt.</p>'


QUESTIONS: dict[str, Any] = {
    "resourceType": "Questionnaire",
    "status": "active",
    "title": "Avant la visite",
    "item": [
        {"linkId": "pain", "type": "integer", "text": "Douleur, de 0 à 10 ?", "required": True},
        {"linkId": "free", "type": "text", "text": "Autre chose ?"},
    ],
}


def open_practice(bases: list[str], texts: Path, *, scans: bool) -> World:
    demo.load()
    practice, admin = Practice.objects.get(pk=demo.PRACTICE_ID), User.objects.get(email="admin@lilas.example")
    # SMS leave at any hour, so that no lane waits for a morning.
    ReminderPolicy.objects.update_or_create(
        practice=practice, defaults={"quiet_from": time(0), "quiet_until": time(0)}
    )
    letter = write_document(
        practice=practice, body=BODY, title="Lettre", category=Category.objects.get(code="information"), by=admin
    )
    library = list(LibraryDocument.objects.filter(practice=practice).exclude(pk=letter.pk).order_by("created_at"))
    for name, documents in (("Avant", library[:3]), ("Lettre", [letter, *library[3:5]])):
        save_rule(practice=practice, content=RuleContent(name=name, documents=documents), by=admin, to_booked=False)
    description = demo.describe()
    tokens = {person["email"]: person["token"] for person in description["staff"]}
    return World(
        bases=bases,
        doctor=tokens["dr.martin@lilas.example"],
        secretary=tokens["secretariat@lilas.example"],
        agenda=description["agendas"][0]["id"],
        visit_reason=next(
            one["id"] for one in description["visit_reasons"] if one["name"] == "Consultation de suivi"
        ),
        library=[str(document.pk) for document in library],
        read_seconds=80 / PACE,
        scans=scans,
        questionnaire=str(import_questionnaire(practice=practice, resource=QUESTIONS, by=admin).pk),
        texts=texts,
    )


def open_account(number: str, mobile: str) -> Account:
    """A patient with an account that has proved the record as its own."""
    practice, admin = Practice.objects.get(pk=demo.PRACTICE_ID), User.objects.get(email="admin@lilas.example")
    email, born = f"{number.lower()}@courriel.example", date(1970, 1, 1)
    record = create_patient(
        practice=practice, first_name="Essai", last_name=number, birth_date=born, email=email, mobile=mobile, by=admin
    )
    user = User.objects.create_user(
        email=email, password=None, first_name="Essai", last_name=number, birth_date=born, mobile=mobile,
        mobile_verified_at=timezone.now(),
    )  # fmt: skip
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    accept_invitation(invitation=invitation_for(patient=record, by=None), user=user, birth_date=born)
    _token, secret = issue_token(user=user, name="faults", scopes=[Scope.READ, Scope.WRITE, Scope.SIGN], by=None)
    browser = Client()
    browser.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    session = browser.cookies[settings.SESSION_COOKIE_NAME].value
    return Account(str(record.pk), record.full_name, mobile, secret, session)
