"""A practice in use: Marie's document, Hugo's relative and booking, a library, an invitation under way."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.utils import timezone

from accounts.browsers import Browser
from accounts.devices import remember
from accounts.models import Scope, User
from accounts.tokens import issue_token
from appointments.instructions import save_instruction
from appointments.messages import TOPIC
from appointments.models import Agenda, Appointment, BookedFor, Closing, HolderExclusion, VisitReason
from documents.models import Category, LibraryDocument
from documents.sending.autosend import send_due
from documents.sending.links import link_url
from documents.sending.rules import RuleContent, save_rule
from documents.sharing.accesses import accesses_to
from documents.sharing.share import share_upload
from notifications.models import Message
from patients.invitations import invitation_for, invitation_url
from patients.models import ContactProposal, Patient, RecordTie, Relative
from signing.certificates import current_credential
from tests.appointments.conftest import *  # noqa: F403  # an open agenda, a holder
from tests.conftest import BookFixture, make_user
from tests.documents.conftest import *  # noqa: F403  # documents, and practitioners able to sign
from webhooks.endpoints import add_endpoint


@pytest.fixture
def marias_account(marie: Patient) -> User:
    """Marie's own account, tied to her record."""
    user = make_user("marie.durand@courriel.example", "Marie", "Durand", mobile="+33612345678")
    RecordTie.objects.create(
        user=user, patient=marie, relationship="self", proved_email=user.email, proved_mobile="+33612345678"
    )
    return user


@pytest.fixture
def ids(
    appointment: Appointment,
    marias_account: User,
    access_plan: LibraryDocument,
    receive: Any,
    alice_signs: User,
    prescription: Category,
    open_agenda: Agenda,
    visit_reason: VisitReason,
    stranger: Patient,
    book_for: BookFixture,
    holder: User,
    carol: User,
    rita: User,
) -> dict[str, Any]:
    """Ids of real objects of Les Lilas, by kind; none is anybody else's to see."""
    document = share_upload(
        appointment=appointment,
        intake=receive(),
        category=prescription,
        title="Ordonnance de Marie",
        placement=None,
        by=alice_signs,
    )
    relative = Relative.objects.create(
        holder=marias_account, first_name="Zoé", last_name="Durand", birth_date=date(2015, 1, 1)
    )
    other = Patient.objects.create(
        practice=appointment.practice,
        first_name="Ana",
        last_name="Costa",
        birth_date=date(1990, 1, 1),
        email="ana.costa@courriel.example",
        mobile="+33612121212",
    )
    content = RuleContent(name="Plan", documents=[access_plan])
    rule = save_rule(practice=appointment.practice, content=content, by=carol)
    instruction = save_instruction(
        practice=appointment.practice, text="À jeun", visit_reasons=[], agendas=[], in_messages=True, by=carol
    )
    booked = book_for(other, holder=None, booked_for=BookedFor.SELF)
    send_due()
    sending = booked.auto_sends.select_related("link").get()
    assert sending.link
    invitation = invitation_for(patient=other, by=None)
    for user in User.objects.exclude(emailaddress__verified=True):
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return {
        "document": document.pk,
        "appointment": appointment.pk,
        "patient": appointment.patient_id,
        "library": access_plan.pk,
        "version": access_plan.current.pk,
        "relative": relative.pk,
        "agenda": open_agenda.pk,
        "practice": appointment.practice_id,
        "reason": visit_reason.pk,
        "rule": rule.pk,
        "instruction": instruction.pk,
        "closing": Closing.objects.create(
            practice=appointment.practice,
            starts_at=appointment.starts_at + timedelta(days=90),
            ends_at=appointment.starts_at + timedelta(days=91),
            reason="Travaux",
        ).pk,
        "sending": sending.pk,
        "way": sending.link.pk,
        "access_id": accesses_to(appointment.patient)[0].id,
        "proposal": ContactProposal.objects.create(
            patient=appointment.patient, user=marias_account, contact="mobile", value="+33612000088"
        ).pk,
        "exclusion": HolderExclusion.objects.create(
            patient=appointment.patient, holder=holder, excluded_by=alice_signs
        ).pk,
        "notice": Message.objects.create(
            channel="sms", to="+33612345678", about=appointment.pk, topic=TOPIC, state="failed", due_at=timezone.now()
        ).pk,
        "device": remember(alice_signs, browser=Browser("Firefox", "Linux"), code_given=True)[0].pk,
        "api_token": issue_token(user=alice_signs, name="test", scopes=[Scope.READ], by=None)[0].pk,
        "webhook": add_endpoint(
            practice=appointment.practice, url="https://logiciel.example/", events=["document.shared"], by=carol
        ).pk,
        "authority": current_credential(user=alice_signs).authority_id,
        "link": link_url(sending.link).rpartition("/")[2],
        "token": invitation_url(invitation).rstrip("/").rpartition("/")[2],
    }


@pytest.fixture
def anybody() -> Client:
    return Client()
