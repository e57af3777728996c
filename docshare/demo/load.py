"""Loads the demo practice through the ordinary use cases."""

from __future__ import annotations

import uuid
from datetime import date, datetime, time, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.utils import timezone

from accounts.models import ApiToken, Scope, User
from accounts.tokens import issue_token, revoke_token
from appointments.booking import book, place
from appointments.models import Agenda, AppointmentKind, BookedFor, OpeningHours, VisitReason
from appointments.specialties import Specialty
from docshare.demo import cast
from docshare.demo.cast import Record
from docshare.demo.letters import letter, signature
from documents.library.catalogue import import_document
from documents.models import Category, LibraryDocument
from files.intake import accept
from patients.models import Patient
from patients.records import create_patient
from patients.relatives import Person, record_of_holder, record_of_relative, remember_relative
from practices.members import add_member
from practices.models import Practice, Role
from signing.models import SignatureImage
from signing.signatures import set_signature_image

PRACTICE_ID = uuid.UUID("5d1a7b6e-0c8e-4c39-9b55-6a3b6f1f0d01")
EARLIER = -3  # days before today from which the demo has appointments
WEEKDAY = ((9, 0), (10, 0), (14, 0), (16, 0))
SATURDAY = ((8, 30), (9, 10), (9, 50), (10, 25))  # in the morning, before the holder's own
TOKEN_NAME = "Démonstration"  # noqa: S105  # a label


def load() -> None:
    """Load what is missing; a second run changes nothing."""
    if not Practice.objects.filter(pk=PRACTICE_ID).exists():
        with transaction.atomic():
            _load_people_and_appointments()
    _load_signatures()
    _load_library()


def describe() -> dict[str, Any]:
    """The data that a program needs to use the demo, with newly issued tokens."""
    practice = Practice.objects.get(pk=PRACTICE_ID)
    holder = User.objects.get(email=cast.HOLDER.email)
    return {
        "practice": {"id": str(practice.pk), "name": practice.name},
        "staff": [
            {
                "email": person.email,
                "password": cast.PASSWORD,
                "roles": [role.value for role in person.roles],
                "token": _token(User.objects.get(email=person.email), person.roles),
            }
            for person in cast.STAFF
        ],
        "agendas": [{"id": str(agenda.pk), "name": agenda.name} for agenda in practice.agendas.all()],
        "visit_reasons": [{"id": str(reason.pk), "name": reason.name} for reason in practice.visit_reasons.all()],
        "library": [
            {"id": str(document.pk), "title": document.title}
            for document in practice.library_documents.in_use().order_by("created_at")
        ],
        "holder": {
            "email": holder.email,
            "mobile": holder.mobile,
            "password": cast.PASSWORD,
            "token": _token(holder, ()),
        },
        "patients": [
            {
                "id": str(patient.pk),
                "email": patient.email,
                "mobile": patient.mobile,
                "birth_date": patient.birth_date.isoformat(),
            }
            for patient in practice.patients.order_by("created_at")
        ],
    }


def _load_people_and_appointments() -> None:
    practice = Practice.objects.create(
        pk=PRACTICE_ID,
        name=cast.PRACTICE,
        address=cast.ADDRESS,
        telephone="+33199000001",
        email="cabinet@lilas.example",
        is_listed=True,
    )
    users = [_staff(practice, person) for person in cast.STAFF]
    agendas = [
        Agenda.objects.create(
            practice=practice,
            name=user.get_full_name(),
            practitioner=user,
            position=position,
            video_url=f"https://video.example/lilas/{position + 1}",
            specialty=Specialty.GENERAL,
        )
        for position, user in enumerate(users[:2])
    ]
    _open(agendas)
    reasons = []
    for name, minutes, hue in cast.REASONS:
        by_video = name == "Téléconsultation"
        reason = VisitReason.objects.create(
            practice=practice, name=name, duration_minutes=minutes, hue=hue, in_person=not by_video
        )
        reason.agendas.set(agendas)
        reasons.append(reason)
    holder = User.objects.create_user(
        cast.HOLDER.email or "",
        cast.PASSWORD,
        first_name=cast.HOLDER.first_name,
        last_name=cast.HOLDER.last_name,
        birth_date=cast.HOLDER.birth_date,
        mobile=cast.HOLDER.mobile,
        mobile_verified_at=timezone.now(),
    )
    _prove_email(holder)
    secretary = users[2]
    patients = [_patient(practice, record, secretary) for record in cast.PATIENTS]
    fill_agendas(agendas, reasons, patients, secretary, range(EARLIER, 15))
    _book_for_relatives(practice, agendas[0], reasons[0], holder)


def fill_agendas(
    agendas: list[Agenda], reasons: list[VisitReason], patients: list[Patient], by: User, offsets: range
) -> None:
    """Four appointments a day on each agenda, in its opening hours, on these days from today on."""
    today = timezone.localdate(timezone=agendas[0].practice.zone)
    for offset in offsets:
        day = today + timedelta(days=offset)
        if day.weekday() == 6 and offset != 0:
            continue
        for column, agenda in enumerate(agendas):
            for rank, (hour, minute) in enumerate(SATURDAY if day.weekday() == 5 else WEEKDAY):
                reason = reasons[(rank + column + offset) % 3]
                video = reason.name == "Téléconsultation"
                book(
                    agenda=agenda,
                    visit_reason=reason,
                    patient=patients[(rank * 2 + column + offset) % len(patients)],
                    starts_at=_at(agenda.practice, day, hour, minute + 20 * column),
                    kind=AppointmentKind.VIDEO if video else AppointmentKind.IN_PERSON,
                    by=by,
                )


def _open(agendas: list[Agenda]) -> None:
    """From Monday to Saturday noon; loaded on a Sunday, the practice is on duty that day of the week."""
    on_duty = timezone.localdate(timezone=agendas[0].practice.zone).weekday() == 6
    morning, afternoon = (time(8, 30), time(12, 30)), (time(13, 30), time(18, 30))
    for agenda in agendas:
        for weekday in range(7 if on_duty else 6):
            for opens_at, closes_at in (morning,) if weekday == 5 else (morning, afternoon):
                OpeningHours.objects.create(agenda=agenda, weekday=weekday, opens_at=opens_at, closes_at=closes_at)


def _book_for_relatives(practice: Practice, agenda: Agenda, reason: VisitReason, holder: User) -> None:
    """What the holder booked online for today: for himself, two adults of his family and his child.

    Placed without checking that the slot is free, so that the demo has them at any hour.
    """
    relatives = [
        (cast.ADULT_WITH_CONTACTS, BookedFor.ADULT_RELATIVE),
        (cast.ADULT_WITHOUT_CONTACTS, BookedFor.ADULT_RELATIVE),
        (cast.CHILD, BookedFor.MINOR_RELATIVE),
    ]
    today = timezone.localdate(timezone=practice.zone)
    patients = [(record_of_holder(holder=holder, practice=practice), BookedFor.SELF)]
    for record, booked_for in relatives:
        relative = remember_relative(holder=holder, person=Person(**record._asdict()), today=today)
        patients.append((record_of_relative(relative=relative, practice=practice, by=holder), booked_for))
    for rank, (patient, booked_for) in enumerate(patients):
        place(
            agenda=agenda,
            visit_reason=reason,
            patient=patient,
            starts_at=_at(practice, today, 11, 20 * rank),
            kind=AppointmentKind.IN_PERSON,
            holder=holder,
            booked_for=booked_for,
            by=holder,
        )


def _load_signatures() -> None:
    for rank, person in enumerate(cast.STAFF):
        user = User.objects.get(email=person.email)
        if Role.PRACTITIONER in person.roles and not SignatureImage.objects.filter(user=user).exists():
            upload = SimpleUploadedFile("signature.png", signature(rank), "image/png")
            set_signature_image(user=user, upload=upload, by=user)


def _load_library() -> None:
    practice = Practice.objects.get(pk=PRACTICE_ID)
    admin = User.objects.get(email=cast.STAFF[3].email)
    for title, category, paragraphs in cast.LIBRARY:
        if LibraryDocument.objects.filter(practice=practice, title=title).exists():
            continue
        upload = SimpleUploadedFile(
            f"{title}.pdf", letter(title, paragraphs, heading=cast.PRACTICE), "application/pdf"
        )
        import_document(
            practice=practice,
            intake=accept(upload),
            title=title,
            category=Category.objects.get(code=category),
            by=admin,
        )


def _staff(practice: Practice, person: cast.Person) -> User:
    administers = Role.ADMIN in person.roles
    user = User.objects.create_user(
        person.email,
        cast.PASSWORD,
        title=person.title,
        first_name=person.first_name,
        last_name=person.last_name,
        professional_number=person.number,
        is_staff=administers,
        is_superuser=administers,
    )
    add_member(user=user, practice=practice, roles=person.roles, by=None)
    _prove_email(user)
    return user


def _prove_email(user: User) -> None:
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)


def _patient(practice: Practice, record: Record, by: User) -> Patient:
    return create_patient(practice=practice, **record._asdict(), by=by)


def _at(practice: Practice, day: date, hour: int, minute: int) -> datetime:
    return datetime.combine(day, time(hour + minute // 60, minute % 60), practice.zone)


def _token(user: User, roles: tuple[Role, ...]) -> str:
    """A new token. Tokens of the last day stay valid, because a program may still use one."""
    yesterday = timezone.now() - timedelta(days=1)
    for old in ApiToken.objects.valid().filter(user=user, name=TOKEN_NAME, created_at__lt=yesterday):
        revoke_token(token=old, by=None)
    scopes = [Scope.READ, Scope.WRITE, *([Scope.SIGN] if Role.PRACTITIONER in roles else [])]
    return issue_token(user=user, name=TOKEN_NAME, scopes=scopes, by=None)[1]
