"""A practice with rows of every model it can have, and a patient with every kind of personal data."""

from __future__ import annotations

import hashlib
import io
import json
import uuid
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from typing import Any
from uuid import uuid4

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.backends.db import SessionStore
from django.core import serializers
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import Model
from django.utils import timezone

from accounts.models import KnownDevice, OneTimeCode, Scope, User
from accounts.tokens import issue_token
from appointments.authorisation import authorise_holder
from appointments.booking import place
from appointments.models import (
    Absence,
    Agenda,
    Appointment,
    AppointmentKind,
    AppointmentSeries,
    BookedFor,
    BookingPolicy,
    Closing,
    HolderExclusion,
    Instruction,
    OpeningHours,
    Reminder,
    ReminderPolicy,
    SlotHold,
    SlotOffer,
    VisitReason,
    WaitingEntry,
)
from appointments.reminders import send_due as send_reminders
from audit.trail import record
from docshare.demo.letters import letter, signature
from documents.consents.asking import ask
from documents.consents.forms import Asked
from documents.library.catalogue import import_document
from documents.models import (
    ActKind,
    AutoSendRule,
    Category,
    ConsentChallenge,
    ConsentDraft,
    ConsentForm,
    DocumentRequest,
    FillingDraft,
    LibraryDocument,
    LibraryVersion,
    Means,
    PartialUpload,
    ReadingMeans,
    ReceivedDocument,
    RequestState,
    RuleQuestion,
    SentAs,
    SharedDocument,
    Task,
    UndoableAct,
    UnreadPolicy,
)
from documents.sending.autosend import send_due
from documents.sharing.batches import draft
from documents.sharing.reading import note_reading
from documents.sharing.share import share_library_document, share_upload
from files import storage
from files.intake import Intake, accept
from files.logos import clean_logo, size_of
from imports.models import CalendarItem, CalendarSubscription, ImportLine, ItemState, Subject, Verdict
from imports.uploads import upload as upload_import
from notifications.models import SmsPolicy
from notifications.outbox import plan_email
from patients.invitations import invitation_for
from patients.models import (
    ContactProposal,
    DistinctRecords,
    FormerContact,
    IdentityChange,
    Patient,
    RecordMerge,
    RecordTie,
    Relationship,
    Relative,
    RelativeRecord,
    SignUp,
)
from personal_data.models import DataExport, PracticeExport
from portals.models import IdempotentCall
from practices.models import ColleagueInvitation, InvitationEnd, Membership, Practice, PracticeLogo
from questionnaires.answering import begin_response, complete_response, keep_answers
from questionnaires.catalogue import import_questionnaire
from signing.models import SignatureImage
from signing.pdf.placement import Placement
from signing.signatures import set_signature_image
from tests.conftest import PASSWORD
from tests.picture_samples import icon, written
from webhooks.models import WebhookDelivery, WebhookEndpoint


@dataclass
class House:
    practice: Practice
    doctor: User
    admin: User
    agenda: Agenda
    reason: VisitReason
    marie: Patient  # with an account and documents
    own: User  # Marie's account
    paul: Patient  # an adult whom Marie booked for
    child: Patient  # Marie booked for them, too
    past: Appointment = field(init=False)
    coming: Appointment = field(init=False)
    document: SharedDocument = field(init=False)

    def book(self, patient: Patient, days: int, **more: Any) -> Appointment:
        """`days` from now; negative: ago."""
        when = timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=days)
        return place(
            agenda=self.agenda, visit_reason=self.reason, patient=patient, starts_at=when,
            kind=AppointmentKind.IN_PERSON, by=more.get("holder", self.doctor), **more,
        )  # fmt: skip

    def share(self, appointment: Appointment, title: str = "Ordonnance", *, signs: bool = False) -> SharedDocument:
        return share_upload(
            appointment=appointment,
            intake=upload(title),
            category=Category.objects.get(code="prescription"),
            title=title,
            placement=Placement(page=1, x=0.7, y=0.9) if signs else None,
            by=self.doctor,
        )


def upload(title: str) -> Intake:
    content = letter(title, ["Paracétamol 1 g, trois fois par jour."], heading="Cabinet")
    return accept(SimpleUploadedFile(f"{title}.pdf", content))


def account(email: str, first_name: str, last_name: str, **fields: Any) -> User:
    user = User.objects.create_user(email, PASSWORD, first_name=first_name, last_name=last_name, **fields)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def tie(user: User, patient: Patient, relationship: Relationship = Relationship.SELF) -> RecordTie:
    return RecordTie.objects.create(
        user=user, patient=patient, relationship=relationship,
        proved_email=patient.email or user.email, proved_mobile=patient.mobile or user.mobile or "",
    )  # fmt: skip


def furnish(tag: str, *, mobile: str, signs: bool = False) -> House:
    """`tag`: part of every name and address. `mobile`: Marie's; the other numbers are derived from it."""
    practice = Practice.objects.create(
        name=f"Cabinet {tag}", email=f"cabinet@{tag}.example", telephone="+33140000000"
    )
    doctor, admin = _staff(practice, tag, signs=signs)
    agenda, reason = _settings(practice, doctor, tag)
    marie, paul, child = _family(practice, tag, mobile)
    own = account(
        f"marie@{tag}.example", "Marie", f"Durand{tag}", mobile=mobile, mobile_verified_at=timezone.now(),
        birth_date=marie.birth_date,
    )  # fmt: skip
    tie(own, marie)
    house = House(practice, doctor, admin, agenda, reason, marie, own, paul, child)
    library = _library_with_a_rule(house, tag)
    _shared(house, library, tag, signs=signs)
    _signature(house, library)
    day = house.coming.local_start.date()
    draft(practice=house.practice, day=day, appointments=[house.coming], documents=[library], by=doctor)
    _relatives(house, library, tag)
    assert send_due() >= 1
    Reminder.objects.filter(appointment=house.coming).update(due_at=timezone.now())
    assert send_reminders() >= 1
    _to_sign(house, tag)
    _half_sent(house, tag)
    _questionnaire(house, tag)
    _asked(house, tag)
    _readings(house)
    _account(own, tag)
    _double(house, tag)
    _contacts(house, tag)
    _webhooks(practice, tag)
    _acts(house, tag)
    _import(house, tag)
    _calendar(house, tag)
    _log(admin, marie=own, practice=practice)
    return house


def _staff(practice: Practice, tag: str, *, signs: bool) -> tuple[User, User]:
    """The doctor, who has a signature, and the administrator."""
    doctor = account(f"doctor@{tag}.example", "Alice", f"Morel{tag}", title="Dr", professional_number="10101010101")
    admin = account(f"admin@{tag}.example", "Carol", f"Roux{tag}")
    Membership.objects.create(user=doctor, practice=practice, is_practitioner=True)
    Membership.objects.create(user=admin, practice=practice, is_admin=True)
    if signs:
        picture = SimpleUploadedFile("signature.png", signature(1), "image/png")
        set_signature_image(user=doctor, upload=picture, by=doctor)
    else:
        SignatureImage.objects.create(user=doctor, png=signature(1))
    return doctor, admin


def _shared(house: House, library: LibraryDocument, tag: str, *, signs: bool) -> None:
    """Marie's appointments, and a document in each."""
    house.past = house.book(house.marie, -3, holder=house.own, booked_for=BookedFor.SELF)
    house.document = house.share(house.past, f"Ordonnance {tag}", signs=signs)
    house.coming = house.book(house.marie, 3, holder=house.own, booked_for=BookedFor.SELF)
    share_library_document(appointment=house.coming, library_document=library, by=house.doctor)


def _readings(house: House) -> None:
    note_reading(documents=[house.document], by=house.own, means=ReadingMeans.VIEWED)
    note_reading(documents=[house.document], by=house.doctor, means=ReadingMeans.DOWNLOADED)


def _contacts(house: House, tag: str) -> None:
    """Marie became a colleague, proposes another address, and waits for a code."""
    own, practice = house.own, house.practice
    ColleagueInvitation.objects.create(
        practice=practice, email=own.email, first_name="Marie", last_name=f"Durand{tag}", is_reader=True,
        token_hash=tag, sent_at=timezone.now(), expires_at=timezone.now(), ended_at=timezone.now(),
        end=InvitationEnd.ACCEPTED, invited_by=house.admin, accepted_by=own,
    )  # fmt: skip
    ContactProposal.objects.create(
        practice=practice, patient=house.marie, user=own, contact="email", value=f"nouvelle@{tag}.example"
    )
    plan_email(to=own.email, subject="Un code", body="123456", language="fr")


def _webhooks(practice: Practice, tag: str) -> None:
    endpoint = WebhookEndpoint.objects.create(practice=practice, url=f"https://{tag}.example/", secret=f"whsec_{tag}")
    WebhookDelivery.objects.create(
        practice=practice, endpoint=endpoint, event="document.shared", body="{}", due_at=timezone.now()
    )


def _acts(house: House, tag: str) -> None:
    """What the administrator may still undo, and the export that they asked for."""
    UndoableAct.objects.create(
        kind=ActKind.CANCEL, by=house.admin, session=tag, practice=house.practice, appointment=uuid4(),
        until=timezone.now(),
    )  # fmt: skip
    PracticeExport.objects.create(practice=house.practice, requested_by=house.admin)


def _family(practice: Practice, tag: str, mobile: str) -> list[Patient]:
    """Marie, Paul and the child."""
    return [
        Patient.objects.create(
            practice=practice, first_name=first, last_name=f"Durand{tag}", birth_date=born, **contacts
        )
        for first, born, contacts in (
            ("Marie", date(1941, 2, 3), {"email": f"marie@{tag}.example", "mobile": mobile}),
            ("Paul", date(1970, 2, 3), {}),
            ("Zoé", timezone.localdate() - timedelta(days=3000), {}),
        )
    ]  # fmt: skip


def _library_with_a_rule(house: House, tag: str) -> LibraryDocument:
    document = import_document(
        practice=house.practice, intake=upload(f"Plan{tag}"), title=f"Plan {tag}",
        category=Category.objects.get(code="information"), by=house.admin,
    )  # fmt: skip
    rule = AutoSendRule.objects.create(practice=house.practice, name=f"Plan {tag}", by_sms=False)
    rule.documents.add(document)
    rule.visit_reasons.add(house.reason)
    rule.agendas.add(house.agenda)
    RuleQuestion.objects.create(rule=rule, label=f"Ordonnance {tag}", days_before=2)
    return document


def _signature(house: House, library: LibraryDocument) -> None:
    """A signature that Marie was asked for and began to give."""
    ConsentForm.objects.create(document=library, sentences=["J’ai lu ce document."])
    document = SharedDocument.objects.filter(appointment=house.coming, library_version__document=library).latest(
        "shared_at"
    )
    consent = ask(document=document, asked=Asked(["J’ai lu ce document."]), by=house.doctor)
    sha256 = document.file.sha256
    ConsentDraft.objects.create(consent=consent, user=house.own, sha256=sha256, name="Marie", pages=[1])
    ConsentChallenge.objects.create(
        consent=consent, user=house.own, sha256=sha256, means=Means.SMS, expires_at=timezone.now()
    )


def _half_sent(house: House, tag: str) -> None:
    """A file that Marie is sending."""
    PartialUpload.objects.create(
        appointment=house.coming, user=house.own, identity=uuid.uuid4(), name=f"Ordonnance{tag}.pdf", size=9
    )


def _to_sign(house: House, tag: str) -> None:
    """Something that the doctor fills in, and something that the administrator prepared for them."""
    version = LibraryVersion.objects.get(document__practice=house.practice)
    FillingDraft.objects.create(
        user=house.doctor, appointment=house.coming, version=version, typed=f'{{"blank_1": "Durand{tag}"}}'
    )
    Task.objects.create(
        practice=house.practice, appointment=house.coming, version=version, category=version.document.category,
        title=f"Arrêt {tag}", answers=f'{{"Motif": "Durand{tag}"}}', x=0.8, y=0.9, width=0.25,
        prepared_by=house.admin, practitioner=house.doctor,
    )  # fmt: skip


def _questionnaire(house: House, tag: str) -> None:
    """One that Marie has answered, and begins to answer again."""
    version = import_questionnaire(
        practice=house.practice,
        resource={
            "resourceType": "Questionnaire",
            "status": "active",
            "title": f"Questions {tag}",
            "item": [{"linkId": "why", "type": "string", "text": "Pourquoi ?", "required": True}],
        },
        by=house.admin,
    ).versions.get()
    sent = begin_response(appointment=house.coming, version=version, by=house.own)
    keep_answers(response=sent.pk, answers={"why": (f"Durand{tag}",)}, by=house.own)
    sent = complete_response(response=sent.pk, by=house.own)
    DocumentRequest.objects.create(
        practice=house.practice, appointment=house.coming, label=f"Questions {tag}", asked_by=house.doctor,
        version=version, response=sent, answered_as=SentAs.PATIENT, state=RequestState.ACCEPTED,
        settled_at=sent.completed_at,
    )  # fmt: skip
    draft = begin_response(appointment=house.coming, version=version, by=house.own)
    keep_answers(response=draft.pk, answers={"why": (f"Encore {tag}",)}, by=house.own)


def _asked(house: House, tag: str) -> None:
    """What the doctor asked for, and what Marie's account sent."""
    asked = DocumentRequest.objects.create(
        practice=house.practice, appointment=house.coming, label=f"Carnet {tag}", asked_by=house.doctor,
        state=RequestState.RECEIVED,
    )  # fmt: skip
    stored = storage.keep(upload(f"Carnet{tag}"), practice=house.practice.pk)
    stored.save()
    received = ReceivedDocument.objects.create(
        practice=house.practice, appointment=house.coming, request=asked, file=stored, name=f"Carnet {tag}.pdf",
        sent_by=house.own, sent_as=SentAs.PATIENT,
    )  # fmt: skip
    with transaction.atomic():
        record("document.received", by=house.own, on=received, practice=house.practice, within=house.coming)


def _double(house: House, tag: str) -> None:
    """A record that became part of Marie's, a corrected name, and a pair that staff said are two people."""
    practice, marie = house.practice, house.marie
    double = Patient.every.create(
        practice=practice, first_name="Mari", last_name=f"Double {tag}", birth_date=marie.birth_date,
        email=f"double@{tag}.example", merged_into=marie, merged_at=timezone.now(),
    )  # fmt: skip
    state = {"kept": {"email": marie.email}}
    RecordMerge.objects.create(kept=marie, other=double, merged_by=house.doctor, state=state)
    IdentityChange.objects.create(
        patient=double, field="first_name", before=f"Marje {tag}", after="Mari", changed_by=house.admin
    )
    other = Patient.objects.exclude(pk=marie.pk).filter(practice=practice).first() or double
    first, second = sorted((marie, other), key=lambda one: one.pk)
    DistinctRecords.objects.create(first=first, second=second, said_by=house.admin)


def _import(house: House, tag: str) -> None:
    """One that waits for its columns: its file is still here; with a line that made Paul's record."""
    text = f"A;B\nDurand{tag};Paul\n"
    job = upload_import(
        practice=house.practice, file=io.BytesIO(text.encode()), name=f"{tag}.csv", subject=Subject.PATIENTS,
        by=house.admin,
    )  # fmt: skip
    ImportLine.objects.create(job=job, part=0, line=2, verdict=Verdict.NEW, key=tag, patient=house.paul)


def _calendar(house: House, tag: str) -> None:
    """Followed by an agenda; one of its events is refused."""
    agenda = house.practice.agendas.order_by("pk").first()
    assert agenda is not None
    calendar = CalendarSubscription.objects.create(
        practice=house.practice,
        agenda=agenda,
        name="Doctomat",
        address=f"https://{tag}.example/",
        made_by=house.admin,
    )
    CalendarItem.objects.create(subscription=calendar, key=tag, state=ItemState.REFUSED, detail="Le nom manque.")


def _settings(practice: Practice, doctor: User, tag: str) -> tuple[Agenda, VisitReason]:
    agenda = Agenda.objects.create(practice=practice, name=f"Agenda {tag}", practitioner=doctor)
    reason = VisitReason.objects.create(practice=practice, name=f"Consultation {tag}")
    reason.agendas.add(agenda)
    hours = OpeningHours.objects.create(agenda=agenda, weekday=0, opens_at=time(8), closes_at=time(20))
    hours.visit_reasons.add(reason)
    closing = Closing.objects.create(
        practice=practice,
        whole_practice=False,
        starts_at=timezone.now() + timedelta(days=300),
        ends_at=timezone.now() + timedelta(days=301),
        reason=f"Travaux, {tag}",
    )
    closing.agendas.add(agenda)
    Absence.objects.create(agenda=agenda, starts_at=timezone.now(), ends_at=timezone.now() + timedelta(hours=1))
    instruction = Instruction.objects.create(practice=practice, text=f"Venez à jeun, {tag}")
    instruction.visit_reasons.add(reason)
    instruction.agendas.add(agenda)
    BookingPolicy.objects.create(practice=practice)
    AppointmentSeries.objects.create(practice=practice)
    child = Patient.objects.create(
        practice=practice, first_name="Noé", last_name=f"Attente{tag}", birth_date=date(1991, 1, 1)
    )
    entry = WaitingEntry.objects.create(practice=practice, patient=child, visit_reason=reason)
    entry.agendas.add(agenda)
    SlotOffer.objects.create(
        entry=entry,
        agenda=agenda,
        starts_at=timezone.now() + timedelta(days=2),
        expires_at=timezone.now() + timedelta(hours=2),
    )
    ReminderPolicy.objects.create(practice=practice)
    UnreadPolicy.objects.create(practice=practice)
    SmsPolicy.objects.create(practice=practice.pk, an_hour=100, a_day=1000)
    png = clean_logo(SimpleUploadedFile("logo.png", written(icon(), "PNG")))
    PracticeLogo.objects.create(practice=practice, png=png, width=size_of(png)[0], height=size_of(png)[1])
    SlotHold.objects.create(
        agenda=agenda,
        visit_reason=reason,
        kind=AppointmentKind.IN_PERSON,
        starts_at=timezone.now() + timedelta(days=40),
        ends_at=timezone.now() + timedelta(days=40, minutes=20),
        expires_at=timezone.now() + timedelta(minutes=10),
    )
    SignUp.objects.create(
        practice=practice,
        first_name="Inès",
        last_name=f"Nouvelle{tag}",
        birth_date=date(1990, 1, 1),
        email=f"ines@{tag}.example",
        mobile="+33600000000",
        language="fr",
    )
    return agenda, reason


def _relatives(house: House, library: LibraryDocument, tag: str) -> None:
    """Marie booked for Paul, who has no contacts of his own, and for a child."""
    for patient, booked_for in ((house.paul, BookedFor.ADULT_RELATIVE), (house.child, BookedFor.MINOR_RELATIVE)):
        relative = Relative.objects.create(
            holder=house.own,
            first_name=patient.first_name,
            last_name=patient.last_name,
            birth_date=patient.birth_date,
        )
        RelativeRecord.objects.create(
            relative=relative, practice=house.practice, patient=patient, made_by_booking=True, has_booked=True
        )
        booked = house.book(patient, -2, holder=house.own, booked_for=booked_for)
        if patient is house.paul:
            authorise_holder(appointment=booked, by=house.doctor)
        if patient is house.paul:
            house.share(booked, f"Compte rendu de Paul {tag}")
        else:
            share_library_document(appointment=booked, library_document=library, by=house.doctor)
        house.book(patient, 5 if patient is house.paul else 6, holder=house.own, booked_for=booked_for)
    Patient.objects.filter(pk=house.paul.pk).update(
        email=f"paul@{tag}.example", mobile="+33611000000", email_given_by=house.own, mobile_given_by=house.own
    )
    invitation = invitation_for(patient=house.paul, by=house.doctor)
    OneTimeCode.objects.create(
        purpose="invitation",
        subject_id=invitation.pk,
        code_hash="x",
        expires_at=timezone.now() + timedelta(minutes=9),
    )
    HolderExclusion.objects.create(patient=house.paul, holder=house.own, excluded_by=house.doctor)


def _account(own: User, tag: str) -> None:
    """Other rows that belong to an account."""
    KnownDevice.objects.create(user=own, secret_hash="x", browser=f"Firefox{tag}", system="Windows")
    issue_token(user=own, name=f"jeton de {tag}", scopes=[Scope.READ], by=own)
    Authenticator.objects.create(user=own, type=Authenticator.Type.TOTP, data={"secret": f"secret{tag}"})
    FormerContact.objects.create(user=own, contact="email", value=f"ancienne@{tag}.example")
    OneTimeCode.objects.create(
        purpose="new-device", subject_id=own.pk, code_hash="x", expires_at=timezone.now() + timedelta(minutes=9)
    )
    IdempotentCall.objects.create(user=own, key="k", fingerprint="f", lease_until=timezone.now(), body=f'"{tag}"')
    DataExport.objects.create(user=own)
    session = SessionStore()
    session["of"] = tag
    session.create()
    UserSession.objects.create(
        user=own, session_key=session.session_key, ip="192.0.2.7", user_agent=f"Firefox of {tag}"
    )
    own.groups.add(Group.objects.get_or_create(name="testeurs")[0])
    own.user_permissions.add(Permission.objects.all()[0])


def _log(operator: User, *, marie: User, practice: Practice) -> None:
    """An entry as Django's admin writes it."""
    for thing in (marie, practice):
        LogEntry.objects.create(
            user=operator, content_type=ContentType.objects.get_for_model(type(thing)), object_id=str(thing.pk),
            object_repr=str(thing), action_flag=CHANGE, change_message=f"Changed {thing}",
        )  # fmt: skip


def whole_database() -> dict[str, str]:
    """Label and primary key -> the row, as JSON; encrypted texts are decrypted."""
    return {
        f"{model._meta.label} {row.pk}": _as_json(row)
        for model in apps.get_models(include_auto_created=True)
        for row in model._base_manager.all()
    }


def _as_json(row: Model) -> str:
    return json.dumps(serializers.serialize("python", [row])[0], cls=DjangoJSONEncoder, ensure_ascii=False)


def digests(rows: dict[str, str]) -> dict[str, str]:
    return {key: hashlib.sha256(row.encode()).hexdigest() for key, row in rows.items()}
