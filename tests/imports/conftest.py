"""Files of other software, and the imports of Carol, the administrator of Les Lilas."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from appointments.models import Agenda, Appointment, AppointmentStatus, VisitReason
from imports import calendar_runs
from imports.models import CalendarSubscription, Import, Stage, Subject
from imports.running import run_due
from imports.steering import start
from imports.subscriptions import subscribe, switch_on
from imports.uploads import upload
from patients.models import Patient
from practices.models import Practice
from tests.imports.calendar_server import CalendarServer, event, serving

PEOPLE = """Nom;Prénom;Né(e) le;Tél. portable;Courriel
DURAND;Marie;12/03/1950;06 39 98 12 34;marie.durand@example.com
PETIT;Éloïse;1988-07-01;+33 6 39 98 55 66;
GARNIER;Paul;01.02.77;;paul@garnier.example
SANS;Date;;;
"""

ImportFile = Callable[..., Import]


def run_all() -> None:
    while run_due():
        Import.objects.update(due_at=timezone.now() - timedelta(seconds=1))


@pytest.fixture
def check_file(practice: Practice, carol: User) -> ImportFile:
    """Uploads a file and runs its dry run."""

    def _check(
        text: str | bytes,
        *,
        name: str = "export.csv",
        subject: Subject = Subject.PATIENTS,
        agenda: Agenda | None = None,
        visit_reason: VisitReason | None = None,
    ) -> Import:
        content = text.encode() if isinstance(text, str) else text
        job = upload(
            practice=practice,
            file=io.BytesIO(content),
            name=name,
            subject=subject,
            agenda=agenda,
            visit_reason=visit_reason,
            by=carol,
        )
        run_all()
        job.refresh_from_db()
        return job

    return _check


@pytest.fixture
def import_file(check_file: ImportFile, carol: User) -> ImportFile:
    """Uploads a file, and imports it."""

    def _import(text: str | bytes, **kwargs: object) -> Import:
        job = check_file(text, **kwargs)
        assert job.stage == Stage.CHECKED
        start(job=job, by=carol)
        run_all()
        job.refresh_from_db()
        return job

    return _import


def counts(job: Import) -> tuple[int, int, int, int]:
    return job.new, job.same, job.alike, job.refused


def in_days(days: float, hour: int = 9) -> datetime:
    """A time of day in UTC, `days` from today."""
    return datetime.combine(timezone.now().date() + timedelta(days=days), time(hour), UTC)


def read(subscription: CalendarSubscription) -> CalendarSubscription:
    """One reading, now."""
    CalendarSubscription.objects.filter(pk=subscription.pk).update(due_at=timezone.now())
    assert calendar_runs.run_due()
    subscription.refresh_from_db()
    return subscription


@pytest.fixture
def server() -> Iterator[CalendarServer]:
    with serving() as shown:
        yield shown


@pytest.fixture
def checked(
    server: CalendarServer, practice: Practice, agenda: Agenda, visit_reason: VisitReason, marie: Patient, carol: User
) -> CalendarSubscription:
    """Its first reading found two appointments of Marie."""
    server.show(event("one", in_days(3)), event("two", in_days(5)))
    one = subscribe(
        practice=practice, agenda=agenda, visit_reason=visit_reason, name="Doctomat", address=server.url, by=carol
    )
    return read(one)


@pytest.fixture
def subscription(checked: CalendarSubscription, carol: User) -> CalendarSubscription:
    """Switched on and read: two appointments of Marie."""
    switch_on(subscription=checked, by=carol)
    return read(checked)


def starts() -> list[datetime]:
    """Of the appointments that stand."""
    return list(
        Appointment.objects.filter(status=AppointmentStatus.BOOKED).order_by("starts_at").values_list(
            "starts_at", flat=True
        )
    )  # fmt: skip
