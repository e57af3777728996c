"""What `make run` adds to the demo: rules, instructions, earlier days, and documents shared, read and bounced.

Each part is loaded once. A run that was killed is completed by the next.
"""

from __future__ import annotations

from datetime import timedelta

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from appointments.cancelling import cancel
from appointments.instructions import save_instruction
from appointments.models import Appointment, AppointmentStatus, BookedFor
from docshare.demo import cast
from docshare.demo.letters import letter
from docshare.demo.load import EARLIER, PRACTICE_ID, fill_agendas
from documents.models import Category, ReadingMeans, SharedDocument
from documents.models.autosend import Moment
from documents.sending.rules import RuleContent, save_rule
from documents.sharing.reading import note_reading
from documents.sharing.share import share_library_document, share_upload
from files.intake import accept
from notifications.causes import Cause
from notifications.models import Message
from notifications.reports import note_delivered, note_failed
from practices.models import Practice
from signing.pdf.placement import Placement

STAMP = Placement(page=1, x=0.72, y=0.82)


def enrich() -> None:
    """Add what is missing; a second run changes nothing."""
    practice = Practice.objects.get(pk=PRACTICE_ID)
    administrator = User.objects.get(email=cast.STAFF[3].email)
    if not practice.instructions.exists():
        with transaction.atomic():
            _earlier_week_and_cancellations(practice)
            _instructions(practice, administrator)
    _documents(practice)
    if not practice.auto_send_rules.exists():
        with transaction.atomic():
            _rules(practice, administrator)


def _earlier_week_and_cancellations(practice: Practice) -> None:
    secretary = User.objects.get(email=cast.STAFF[2].email)
    fill_agendas(
        list(practice.agendas.all()),
        [practice.visit_reasons.get(name=name) for name, _minutes, _hue in cast.REASONS],
        [
            practice.patients.get(first_name=patient.first_name, last_name=patient.last_name)
            for patient in cast.PATIENTS
        ],
        secretary,
        range(-9, EARLIER),
    )
    upcoming = practice.appointments.filter(
        status=AppointmentStatus.BOOKED, starts_at__gt=timezone.now() + timedelta(days=2)
    )
    for appointment in upcoming.order_by("starts_at", "pk")[:2]:
        cancel(appointment=appointment, by=secretary)


def _instructions(practice: Practice, by: User) -> None:
    for text, reason in cast.INSTRUCTIONS:
        reasons = practice.visit_reasons.filter(name=reason) if reason else practice.visit_reasons.none()
        save_instruction(practice=practice, text=text, visit_reasons=reasons, agendas=[], in_messages=True, by=by)


def _rules(practice: Practice, by: User) -> None:
    """Of appointments already booked, only the questionnaire still goes out, two days before."""
    documents = {one.title: one for one in practice.library_documents.in_use()}
    reasons = {one.name: one for one in practice.visit_reasons.all()}
    plan, questionnaire = cast.LIBRARY[0][0], cast.LIBRARY[2][0]
    at_booking = RuleContent(name="Accès au cabinet", documents=[documents[plan]])
    before = RuleContent(
        name="Questionnaire avant la première consultation",
        documents=[documents[questionnaire]],
        visit_reasons=[reasons["Première consultation"]],
        moment=Moment.BEFORE,
        offset_hours=48,
    )
    save_rule(practice=practice, content=at_booking, by=by, to_booked=False)
    save_rule(practice=practice, content=before, by=by, to_booked=True)


def _documents(practice: Practice) -> None:
    """Signed and read, signed and unread, bounced, and one of the library."""
    for title, category, last_name, paragraphs, fate in cast.DOCUMENTS:
        if SharedDocument.objects.filter(practice=practice, title=title).exists():
            continue
        appointment = _appointment_of(practice, last_name)
        practitioner = appointment.agenda.practitioner
        assert practitioner is not None
        upload = SimpleUploadedFile(
            f"{title}.pdf", letter(title, paragraphs, heading=cast.PRACTICE), "application/pdf"
        )
        shared = share_upload(
            appointment=appointment,
            intake=accept(upload),
            category=Category.objects.get(code=category),
            title=title,
            placement=STAMP,
            by=practitioner,
        )
        _meet(shared, fate)
    leaflet = practice.library_documents.in_use().get(title=cast.LIBRARY[4][0])
    if not SharedDocument.objects.filter(practice=practice, title=leaflet.title).exists():
        secretary = User.objects.get(email=cast.STAFF[2].email)
        share_library_document(
            appointment=_appointment_of(practice, "Robert"), library_document=leaflet, by=secretary
        )


def _meet(document: SharedDocument, fate: str) -> None:
    """Let the document meet its fate: "read", "bounced" or "unread" (nothing happens)."""
    notices: list[Message] = list(document.messages.all())
    if fate == "read":
        for notice in notices:
            note_delivered(notice)
        holder = User.objects.get(email=cast.HOLDER.email)
        note_reading(documents=[document], by=holder, means=ReadingMeans.VIEWED)
    elif fate == "bounced":
        for notice in notices:
            if notice.channel == "email":
                note_failed(notice, cause=Cause.ADDRESS_UNKNOWN, detail="SMTP 550 5.1.1")


def _appointment_of(practice: Practice, last_name: str) -> Appointment:
    """The person's newest appointment that has begun; if none has, their next one."""
    theirs = practice.appointments.filter(
        patient__last_name=last_name, booked_for=BookedFor.SELF, status=AppointmentStatus.BOOKED
    ).select_related("agenda__practitioner", "practice", "patient")
    begun = theirs.filter(starts_at__lt=timezone.now()).order_by("-starts_at").first()
    appointment = begun or theirs.order_by("starts_at").first()
    assert appointment is not None, f"The demo has no appointment of {last_name}."
    return appointment
