"""A practice in use: Marie's document, Hugo's relative and booking, a library, a pending invitation."""

from __future__ import annotations

import io
import re
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from allauth.account.models import EmailAddress
from django.db import transaction
from django.test import Client
from django.utils import timezone

from accounts.browsers import Browser
from accounts.devices import remember
from accounts.models import Scope, User
from accounts.operators import invite_operator
from accounts.tokens import issue_token
from appointments.answer_links import keep_link, new_token
from appointments.instructions import save_instruction
from appointments.models import (
    Agenda,
    Appointment,
    BookedFor,
    Closing,
    HolderExclusion,
    SlotOffer,
    VisitReason,
    WaitingEntry,
)
from appointments.offers import offer_url
from appointments.quiet_hours import TOPIC
from documents.consents.forms import Asked, ask_for
from documents.filling.filled import Filling, Place
from documents.library.catalogue import write_document
from documents.models import ActKind, AutoSend, Category, LibraryDocument, UndoableAct
from documents.receiving.access import all_requests
from documents.receiving.answering import send_answers, write_answers
from documents.receiving.asking import Question, ask, ask_questionnaire
from documents.receiving.sending import send_files
from documents.sending.autosend import send_due
from documents.sending.links import link_url
from documents.sending.rules import RuleContent, save_rule
from documents.sharing.accesses import accesses_to
from documents.sharing.batches import draft
from documents.sharing.share import share_upload
from documents.to_sign.preparing import prepare_task
from documents.undoing.acts import open_act
from files.intake import Intake
from imports.models import Subject
from imports.subscriptions import subscribe
from imports.uploads import upload as upload_import
from notifications.models import Channel, Message
from patients.invitations import invitation_for, invitation_url
from patients.models import ContactProposal, Patient, RecordTie, Relative
from personal_data.practice_exports import request_practice_export
from portals.practice_address import slug_of
from practices.colleagues import Identity, invite, invite_administrator
from practices.models import PracticeLogo, Role
from questionnaires.catalogue import import_questionnaire
from signing.certificates import current_credential
from tests.appointments.conftest import *  # noqa: F403  # an open agenda, a holder
from tests.conftest import PASSWORD, BookFixture, make_user
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
def root(db: None) -> User:
    """An operator of the site, a member of no practice."""
    return User.objects.create_superuser("root@site.example", PASSWORD)


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
    root: User,
) -> dict[str, Any]:
    """Ids of real objects of Les Lilas, by kind; no other practice may see them."""
    document = share_upload(
        appointment=appointment,
        intake=receive(),
        category=prescription,
        title="Ordonnance de Marie",
        placement=None,
        by=alice_signs,
    )
    with transaction.atomic():
        ask_for(document, Asked(["J’ai lu ce document."]), alice_signs)
    sending = _sending(appointment, access_plan, carol, book_for)
    invitation = invitation_for(patient=sending.appointment.patient, by=None)
    for user in User.objects.exclude(emailaddress__verified=True):
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    assert sending.link
    return {
        "slug": slug_of(appointment.practice),
        "document": document.pk,
        "batch": _batch(appointment, access_plan, carol),
        "appointment": appointment.pk,
        "patient": appointment.patient_id,
        "library": access_plan.pk,
        "version": access_plan.current.pk,
        "agenda": open_agenda.pk,
        "practice": appointment.practice_id,
        **_waiting(appointment),
        "reason": visit_reason.pk,
        "visit_reason": visit_reason.pk,
        "rule": sending.rule.pk,
        "sending": sending.pk,
        "way": sending.link.pk,
        "access_id": accesses_to(appointment.patient)[0].id,
        "account_link": _link_of_an_operator(root),
        "answer": _link_of_a_reminder(appointment),
        "act": _act_of(alice_signs, appointment).pk,
        "link": link_url(sending.link).rpartition("/")[2],
        "token": invitation_url(invitation).rstrip("/").rpartition("/")[2],
        **_of_patients(appointment, marias_account, holder, alice_signs),
        **_of_staff(appointment, alice_signs, carol, marias_account),
        **_to_sign(appointment, alice_signs, carol),
        **_asked(appointment, alice_signs, marias_account, receive()),
        "administrator": _administrator(appointment, root),
    }


def _batch(appointment: Appointment, document: LibraryDocument, by: User) -> UUID:
    day = appointment.local_start.date()
    return draft(practice=appointment.practice, day=day, appointments=[appointment], documents=[document], by=by).pk


def _administrator(appointment: Appointment, root: User) -> UUID:
    identity = Identity("eva.roy@lilas.example", "Eva", "Roy")
    return invite_administrator(practice=appointment.practice, identity=identity, by=root).pk


def _link_of_a_reminder(appointment: Appointment) -> str:
    token = new_token()
    keep_link(token, channel=Channel.EMAIL, to=str(appointment.patient.email), language="fr", about=[appointment])
    return token


def _act_of(user: User, appointment: Appointment) -> UndoableAct:
    """Done in a session that nobody here has."""
    until = timezone.now() + timedelta(seconds=30)
    return open_act(ActKind.CANCEL, pk=uuid4(), by=user, session="", appointment=appointment, until=until)


def _waiting(appointment: Appointment) -> dict[str, Any]:
    """Somebody on the waiting list, and the link of what is offered."""
    entry = WaitingEntry.objects.create(
        practice=appointment.practice, patient=appointment.patient, visit_reason=appointment.visit_reason
    )
    entry.agendas.add(appointment.agenda)
    offer = SlotOffer.objects.create(
        entry=entry,
        agenda=appointment.agenda,
        starts_at=timezone.now() + timedelta(days=2),
        expires_at=timezone.now() + timedelta(hours=2),
    )
    return {"waiting": entry.pk, "offer": offer_url(offer).rpartition("/")[2]}


def _link_of_an_operator(root: User) -> str:
    invited = invite_operator(email="ada@site.example", by=root)
    return str(re.findall(r"/start/([\w-]+)/", Message.objects.get(about=invited.pk).body)[0])


def _sending(appointment: Appointment, access_plan: LibraryDocument, carol: User, book_for: BookFixture) -> AutoSend:
    """What a rule sent for an appointment of another patient."""
    other = Patient.objects.create(
        practice=appointment.practice,
        first_name="Ana",
        last_name="Costa",
        birth_date=date(1990, 1, 1),
        email="ana.costa@courriel.example",
        mobile="+33612121212",
    )
    content = RuleContent(name="Plan", documents=[access_plan])
    save_rule(practice=appointment.practice, content=content, by=carol)
    booked = book_for(other, holder=None, booked_for=BookedFor.SELF)
    send_due()
    return booked.auto_sends.select_related("link", "rule", "appointment__patient__practice").get()


def _of_patients(appointment: Appointment, marias_account: User, holder: User, alice: User) -> dict[str, Any]:
    """A relative, a proposed contact, an end of access."""
    relative = Relative.objects.create(
        holder=marias_account, first_name="Zoé", last_name="Durand", birth_date=date(2015, 1, 1)
    )
    proposal = ContactProposal.objects.create(
        patient=appointment.patient, user=marias_account, contact="mobile", value="+33612000088"
    )
    exclusion = HolderExclusion.objects.create(patient=appointment.patient, holder=holder, excluded_by=alice)
    return {"relative": relative.pk, "proposal": proposal.pk, "exclusion": exclusion.pk}


def _asked(appointment: Appointment, alice: User, account: User, intake: Intake) -> dict[str, Any]:
    """What Alice asks for, and what Marie's account sent."""
    asked = ask(appointment=appointment, question=Question("Carnet de Marie"), by=alice)
    (sent,) = send_files(request=all_requests().get(pk=asked.pk), intakes=[intake], by=account)
    return {"request": asked.pk, "received": sent.pk}


def _to_sign(appointment: Appointment, alice: User, carol: User) -> dict[str, Any]:
    """A document with a blank, and what Carol prepared of it for Alice."""
    category = Category.objects.get(code="certificate")
    template = write_document(
        practice=appointment.practice,
        body="<p>{{ ? Date de reprise | date }}</p>",
        title="Arrêt de Marie",
        category=category,
        by=carol,
    ).current
    filling = Filling(template, {"Date de reprise": "2027-03-02"}, category, "Arrêt de Marie", Place())
    task = prepare_task(appointment=appointment, filling=filling, practitioner=alice, by=carol)
    return {"template": template.pk, "task": task.pk}


ITEM = {"linkId": "why", "type": "string", "text": "Pourquoi ?"}


def _of_staff(appointment: Appointment, alice: User, carol: User, account: User) -> dict[str, Any]:
    """What staff and administrators own."""
    practice = appointment.practice
    instruction = save_instruction(
        practice=practice, text="À jeun", visit_reasons=[], agendas=[], in_messages=True, by=carol
    )
    closing = Closing.objects.create(
        practice=practice,
        starts_at=appointment.starts_at + timedelta(days=90),
        ends_at=appointment.starts_at + timedelta(days=91),
        reason="Travaux",
    )
    notice = Message.objects.create(
        channel="sms", to="+33612345678", about=appointment.pk, topic=TOPIC, state="failed", due_at=timezone.now()
    )
    questions = {"resourceType": "Questionnaire", "status": "active", "title": "Avant la visite", "item": [ITEM]}
    questionnaire = import_questionnaire(practice=practice, resource=questions, by=carol)
    answered = ask_questionnaire(appointment=appointment, questionnaire=questionnaire, by=alice)
    write_answers(request=answered, answers={"why": ("Une toux",)}, by=account)
    send_answers(request=answered, by=account)
    colleague = Identity("dora.lenoir@lilas.example", "Dora", "Lenoir")
    joining = invite(practice=practice, identity=colleague, roles=[Role.SECRETARY], by=carol)
    PracticeLogo.objects.create(practice=practice, png=b"\x89PNG\r\n\x1a\n", width=1, height=1)
    url = "https://logiciel.example/"
    return {
        "instruction": instruction.pk,
        "questionnaire": questionnaire.pk,
        "response": answered.pk,
        "closing": closing.pk,
        "member": joining.pk,
        "secret": re.findall(r"/join/([\w-]+)/", Message.objects.get(about=joining.pk).body)[0],
        "notice": notice.pk,
        "device": remember(alice, browser=Browser("Firefox", "Linux"), code_given=True)[0].pk,
        "api_token": issue_token(user=alice, name="test", scopes=[Scope.READ], by=None)[0].pk,
        "webhook": add_endpoint(practice=practice, url=url, events=["document.shared"], by=carol).pk,
        "calendar": subscribe(
            practice=practice,
            agenda=appointment.agenda,
            visit_reason=appointment.visit_reason,
            name="Doctomat",
            address="https://logiciel.example/agenda.ics",
            by=carol,
        ).pk,
        "import": upload_import(
            practice=practice,
            file=io.BytesIO(b"Nom;Prenom;Ne le\nCosta;Rui;01/02/1960\n"),
            name="export.csv",
            subject=Subject.PATIENTS,
            by=carol,
        ).pk,
        "archive": request_practice_export(practice=practice, by=carol).pk,
        "authority": current_credential(user=alice).authority_id,
    }


@pytest.fixture
def anybody() -> Client:
    return Client()
