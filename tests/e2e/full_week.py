"""A practice at work: eight agendas and a full week, beside the demo's own people, to measure a working day on."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.utils import timezone

from accounts.models import User
from appointments.models import Agenda, Appointment, OpeningHours
from docshare.demo.load import PRACTICE_ID
from documents.library.catalogue import write_document
from documents.models import Category, LibraryDocument
from patients.models import Patient
from practices.models import Practice

AGENDAS = (
    "Dr Sophie Dubreuil-Lefèvre",
    "Dr Olivier Nguyen",
    "Nadia Cohen, infirmière",
    "Lucie Marchand, sage-femme",
    "Paul Girard, kinésithérapeute",
    "Échographie",
)  # beside the two of the demo
FIRST_NAMES = (
    *("Jean-Baptiste", "Zoé", "Marie-Christine", "Ali", "Éléonore", "Guy", "Fatoumata", "Noël", "Anne-Laure", "Léa"),
    *("Bartholomé", "Jo", "Maximilienne", "Yves", "Chloé"),
)
LAST_NAMES = (
    *("de La Rochefoucauld", "Roy", "Vandenbroucke", "Ba", "Le Goff", "Ménard-Thibault", "N’Diaye", "Sy"),
    *("Etchegaray", "Lý", "Courtois", "Péron"),
)  # 180 patients: none comes twice on a day
WEEK_AHEAD = 21  # days: beyond what the demo has booked
MORNING, AFTERNOON = (time(9), time(12)), (time(14), time(18))
MINUTES = 20
FREE = time(11, 20)  # on each agenda and day
SICK_NOTE = "<p>{{ patient_name }}, le {{ appointment_date }} : arrêt jusqu’au {{ ? Date de fin | date }}.</p>"


def fill_week() -> date:
    """Eight agendas without a gap but at 11:20, from Monday to Friday in three weeks. Returns that Monday."""
    practice = Practice.objects.get(pk=PRACTICE_ID)
    monday = timezone.localdate(timezone=practice.zone) + timedelta(days=WEEK_AHEAD)
    monday -= timedelta(days=monday.weekday())
    reasons = list(practice.visit_reasons.filter(in_person=True))
    for position, name in enumerate(AGENDAS, start=2):
        agenda = Agenda.objects.create(practice=practice, name=name, position=position)
        agenda.visit_reasons.set(reasons)
    agendas = list(practice.agendas.all())
    OpeningHours.objects.filter(agenda__in=agendas).delete()
    OpeningHours.objects.bulk_create(
        OpeningHours(agenda=agenda, weekday=weekday, opens_at=opens_at, closes_at=closes_at)
        for agenda in agendas
        for weekday in range(5)
        for opens_at, closes_at in (MORNING, AFTERNOON)
    )
    Appointment.objects.between_days(monday, monday + timedelta(days=7), practice).delete()
    patients = _patients(practice)
    Appointment.objects.bulk_create(
        Appointment(
            practice=practice,
            agenda=agenda,
            visit_reason=reasons[(rank + column) % len(reasons)],
            patient=patients[(rank * len(agendas) + column + day * 7) % len(patients)],
            starts_at=start,
            ends_at=start + timedelta(minutes=MINUTES),
        )
        for day in range(5)
        for column, agenda in enumerate(agendas)
        for rank, start in enumerate(_starts(monday + timedelta(days=day), practice))
    )
    return monday


def ten_of(monday: date) -> list[Appointment]:
    """The first ten of that Monday, on the first agenda: Dr Anne Martin's."""
    practice = Practice.objects.get(pk=PRACTICE_ID)
    found = Appointment.objects.on_day(monday, practice).filter(agenda__position=0)
    return list(found.select_related("patient", "practice", "agenda").order_by("starts_at")[:10])


def sick_note() -> LibraryDocument:
    """A document of the library with one blank: a date."""
    return write_document(
        practice=Practice.objects.get(pk=PRACTICE_ID),
        body=SICK_NOTE,
        title="Arrêt de travail",
        category=Category.objects.get(code="certificate"),
        by=User.objects.get(email="admin@lilas.example"),
    )


def _starts(day: date, practice: Practice) -> list[datetime]:
    starts = []
    for opens_at, closes_at in (MORNING, AFTERNOON):
        start, end = (datetime.combine(day, at, practice.zone) for at in (opens_at, closes_at))
        while start < end:
            if start.time() != FREE:
                starts.append(start)
            start += timedelta(minutes=MINUTES)
    return starts


def _patients(practice: Practice) -> list[Patient]:
    """With long and short names, each with an address and a mobile."""
    names = [(first, last) for first in FIRST_NAMES for last in LAST_NAMES]
    return Patient.objects.bulk_create(
        Patient(
            practice=practice,
            first_name=first_name,
            last_name=last_name,
            birth_date=date(1938 + number % 70, 1 + number % 12, 1 + number % 28),
            email=f"patient.{number}@courriel.example",
            mobile=f"+3363998{1000 + number}",
        )
        for number, (first_name, last_name) in enumerate(names)
    )
