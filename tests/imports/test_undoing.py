"""Undoing an import: nothing was shared, nothing changed since; and what stays."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment, VisitReason
from appointments.moving import move
from audit.models import AuditEvent
from documents.models import Category, SharedDocument
from documents.sharing.share import share_upload
from files.intake import Intake
from imports.models import ImportLine, Stage, Subject
from imports.steering import forget_old, resume, start, stop, undo
from imports.undoing import AlreadyShared
from imports.uploads import NotNow
from notifications.models import Message
from patients.models import Patient
from patients.records import change_patient
from tests.imports.conftest import PEOPLE, ImportFile, counts, run_all
from tests.imports.test_running import many


def test_undoing_removes_what_the_import_made(import_file: ImportFile, carol: User, marie: Patient) -> None:
    job = import_file(PEOPLE)
    assert Patient.objects.count() == 4
    undo(job=job, by=carol)
    run_all()
    job.refresh_from_db()
    assert (job.stage, job.made, job.left) == (Stage.UNDONE, 0, 0)
    assert list(Patient.objects.all()) == [marie]
    assert AuditEvent.objects.filter(action="patient.import_undone").count() == 3
    assert counts(import_file(PEOPLE)) == (3, 0, 0, 1)  # nothing recognises what was undone


def test_a_record_that_changed_since_stays(import_file: ImportFile, carol: User, alice: User) -> None:
    job = import_file(PEOPLE)
    change_patient(patient=Patient.objects.get(last_name="PETIT"), by=alice, first_name="Louise")
    undo(job=job, by=carol)
    run_all()
    job.refresh_from_db()
    assert (job.made, job.left) == (1, 1)
    assert Patient.objects.get().first_name == "Louise"
    assert ImportLine.objects.get(job=job, patient__isnull=False).sentence.startswith("Modifié")


def test_a_record_with_an_appointment_stays(
    import_file: ImportFile, carol: User, book_for: Callable[[Patient], Appointment]
) -> None:
    job = import_file(PEOPLE)
    book_for(Patient.objects.get(last_name="PETIT"))
    undo(job=job, by=carol)
    run_all()
    assert Patient.objects.get().last_name == "PETIT"


def test_an_import_from_which_something_was_shared_is_not_undone(
    import_file: ImportFile,
    carol: User,
    alice: User,
    book_for: Callable[[Patient], Appointment],
    receive: Callable[..., Intake],
    prescription: Category,
) -> None:
    job = import_file(PEOPLE)
    appointment = book_for(Patient.objects.get(last_name="DURAND"))
    share_upload(
        appointment=appointment, intake=receive(), category=prescription, title="x", placement=None, by=alice
    )
    with pytest.raises(AlreadyShared):
        undo(job=job, by=carol)
    assert SharedDocument.objects.exists()
    assert Patient.objects.count() == 3


def test_appointments_are_removed_without_a_message(
    import_file: ImportFile, carol: User, alice: User, visit_reason: VisitReason
) -> None:
    import_file(PEOPLE)
    day = timezone.localdate() + timedelta(days=10)
    lines = "".join(f"{day} {hour}:00;DURAND;Marie;12/03/1950;marie.durand@example.com\n" for hour in range(9, 12))
    text = "Date/heure;Nom;Prénom;Né(e) le;Courriel\n" + lines.replace(" 10:00", " 22:30")
    job = import_file(text, subject=Subject.APPOINTMENTS)
    assert job.made == 3 - job.alike  # several in one file are no doubts
    moved = Appointment.objects.order_by("starts_at")[0]
    move(appointment=moved, starts_at=moved.starts_at + timedelta(days=1), by=alice)
    Message.objects.all().delete()
    undo(job=job, by=carol)
    run_all()
    assert list(Appointment.objects.all()) == [moved]
    assert not Message.objects.exists()


def test_an_import_is_stopped_and_resumed(import_file: ImportFile, check_file: ImportFile, carol: User) -> None:
    job = check_file(many(500))
    start(job=job, by=carol)
    stop(job=job, by=carol)
    run_all()
    assert not Patient.objects.exists()
    resume(job=job, by=carol)
    run_all()
    job.refresh_from_db()
    assert (job.stage, Patient.objects.count()) == (Stage.DONE, 500)


def test_a_running_import_is_stopped_before_it_is_undone(check_file: ImportFile, carol: User) -> None:
    job = check_file(PEOPLE)
    start(job=job, by=carol)
    with pytest.raises(NotNow):
        undo(job=job, by=carol)
    stop(job=job, by=carol)
    undo(job=job, by=carol)
    run_all()
    job.refresh_from_db()
    assert job.stage == Stage.UNDONE


def test_after_a_week_nothing_of_a_file_remains_but_what_recognises_it(
    check_file: ImportFile, import_file: ImportFile
) -> None:
    waiting, done = check_file(many(3)), import_file(PEOPLE)
    forget_old(now_minus=timedelta(days=7))
    waiting.refresh_from_db()
    assert done.judged.count() == 4
    forget_old(now_minus=timedelta(0))
    assert not type(waiting).objects.filter(pk=waiting.pk).exists()
    assert done.judged.count() == 3
    assert counts(check_file(PEOPLE)) == (0, 3, 0, 1)


def test_no_birth_date_is_given_up_for_a_short_year(check_file: ImportFile) -> None:
    job = check_file("Nom;Prénom;Né le\nRoy;Anne;01.02.15\nRoy;Luc;01.02.77\n")
    assert counts(job) == (1, 0, 0, 1)
    assert "deux chiffres" in job.judged.get(verdict="refused").sentence
