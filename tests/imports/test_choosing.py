"""Lines that are alike: left out, made all the same, or the record that they are; kept for resuming and undoing."""

from __future__ import annotations

from datetime import date

import pytest

from accounts.models import User
from appointments.models import VisitReason
from audit.models import AuditEvent
from imports.choosing import alike, choose_for_all, choose_for_lines, chosen
from imports.models import Choice, Import, ImportLine, Likeness, Stage, Subject, Verdict
from imports.steering import forget_old, resume, start, stop, undo
from imports.uploads import NotNow
from notifications.models import Message
from patients.models import Patient
from practices.models import Practice
from practices.roles import NotAllowed
from tests.imports.conftest import ImportFile, counts, run_all

BORN = date(1950, 3, 12)
TEXT = """Nom;Prénom;Né le;E-mail;Mobile
Durand;Marie;12/03/1950;autre@durand.example;06 39 98 12 34
Durant;Marie;12/03/1950;;06 39 98 12 35
Roy;Anne;01/02/2001;a@roy.example;
Roy;Anne;01/02/2001;b@roy.example;
"""


@pytest.fixture
def durand(practice: Practice) -> Patient:
    """Without a mobile."""
    return Patient.objects.create(
        practice=practice, first_name="Marie", last_name="Durand", birth_date=BORN, email="marie@durand.example"
    )


def of_line(job: Import, line: int) -> ImportLine:
    return job.judged.get(line=line)


def import_now(job: Import, by: User) -> Import:
    start(job=job, by=by)
    run_all()
    job.refresh_from_db()
    return job


def undo_now(job: Import, by: User) -> Import:
    undo(job=job, by=by)
    run_all()
    job.refresh_from_db()
    return job


def test_alike_lines_are_left_out_without_a_choice(check_file: ImportFile, durand: Patient, carol: User) -> None:
    job = import_now(check_file(TEXT), carol)
    assert (job.made, counts(job)) == (1, (1, 0, 3, 0))
    assert [one.likeness for one in job.judged.filter(verdict=Verdict.ALIKE).order_by("line")] == [
        Likeness.OTHER_CONTACTS,
        Likeness.SIMILAR_NAME,
        Likeness.TWICE_IN_FILE,
    ]


def test_a_chosen_line_is_made_all_the_same_and_undone(check_file: ImportFile, durand: Patient, carol: User) -> None:
    job = check_file(TEXT)
    choose_for_lines(
        job=job, choices={of_line(job, 3).pk: Choice.CREATE, of_line(job, 5).pk: Choice.CREATE}, by=carol
    )
    assert chosen(job) == 2
    job = import_now(job, carol)
    assert (job.made, counts(job)) == (3, (3, 0, 1, 0))
    assert Patient.objects.filter(last_name="Durant").exists()
    assert Patient.objects.filter(last_name="Roy").count() == 2
    assert counts(check_file(TEXT)) == (0, 3, 1, 0)  # the same file makes nothing new
    job = undo_now(job, carol)
    assert (job.stage, job.made) == (Stage.UNDONE, 0)
    assert list(Patient.objects.all()) == [durand]


def test_it_is_this_record_fills_only_what_is_empty_and_is_undone(
    check_file: ImportFile, durand: Patient, carol: User
) -> None:
    job = check_file(TEXT)
    choose_for_lines(job=job, choices={of_line(job, 2).pk: Choice.SAME_RECORD}, by=carol)
    job = import_now(job, carol)
    assert (job.made, counts(job)) == (1, (1, 1, 2, 0))
    durand.refresh_from_db()
    assert (durand.email, durand.mobile) == ("marie@durand.example", "+33639981234")
    assert durand.mobile_given_by is None
    assert not Message.objects.exists()
    assert AuditEvent.objects.filter(action="contact.changed", object_id=durand.pk).count() == 1
    forget_old()  # nothing is a week old; and what it filled is not forgotten
    job = undo_now(job, carol)
    durand.refresh_from_db()
    assert (durand.email, durand.mobile) == ("marie@durand.example", None)
    assert (job.stage, job.left) == (Stage.UNDONE, 0)


def test_what_was_filled_stays_if_it_changed_since(check_file: ImportFile, durand: Patient, carol: User) -> None:
    job = check_file(TEXT)
    choose_for_all(job=job, likeness=Likeness.OTHER_CONTACTS, choice=Choice.SAME_RECORD, by=carol)
    job = import_now(job, carol)
    Patient.objects.filter(pk=durand.pk).update(mobile="+33639981299")
    job = undo_now(job, carol)
    durand.refresh_from_db()
    assert durand.mobile == "+33639981299"
    assert job.left == 1
    assert "a changé depuis" in of_line(job, 2).sentence


def test_a_choice_for_all_of_one_reason(check_file: ImportFile, durand: Patient, carol: User) -> None:
    job = check_file(TEXT)
    choose_for_all(job=job, likeness=Likeness.SIMILAR_NAME, choice=Choice.CREATE, by=carol)
    choose_for_all(job=job, likeness=Likeness.TWICE_IN_FILE, choice=Choice.SAME_RECORD, by=carol)  # has no record
    assert list(alike(job).order_by("line").values_list("choice", flat=True)) == [
        Choice.LEAVE_OUT,
        Choice.CREATE,
        Choice.LEAVE_OUT,
    ]
    recorded = AuditEvent.objects.get(action="import.alike_chosen")
    assert recorded.detail == {"choice": "create", "lines": 1}


def test_choices_outlive_a_stop(check_file: ImportFile, durand: Patient, carol: User) -> None:
    job = check_file(TEXT)
    choose_for_all(job=job, likeness=Likeness.SIMILAR_NAME, choice=Choice.CREATE, by=carol)
    start(job=job, by=carol)
    stop(job=job, by=carol)
    run_all()
    assert Patient.objects.count() == 1
    resume(job=job, by=carol)
    run_all()
    job.refresh_from_db()
    assert (job.stage, job.made) == (Stage.DONE, 2)


def test_one_chooses_between_dry_run_and_import_and_as_administrator(
    check_file: ImportFile, durand: Patient, carol: User, alice: User
) -> None:
    job = check_file(TEXT)
    for by in (alice,):
        with pytest.raises(NotAllowed):
            choose_for_all(job=job, likeness=Likeness.SIMILAR_NAME, choice=Choice.CREATE, by=by)
        with pytest.raises(NotAllowed):
            choose_for_lines(job=job, choices={of_line(job, 2).pk: Choice.CREATE}, by=by)
    import_now(job, carol)
    with pytest.raises(NotNow):
        choose_for_all(job=job, likeness=Likeness.SIMILAR_NAME, choice=Choice.CREATE, by=carol)


def test_a_line_of_another_import_is_not_chosen(check_file: ImportFile, durand: Patient, carol: User) -> None:
    job, other = check_file(TEXT), check_file(TEXT)
    choose_for_lines(job=job, choices={of_line(other, 2).pk: Choice.CREATE}, by=carol)
    assert chosen(job) == chosen(other) == 0


def test_another_appointment_of_the_day_is_made_all_the_same(
    check_file: ImportFile, import_file: ImportFile, durand: Patient, carol: User, visit_reason: VisitReason
) -> None:
    heading = "Date/heure;Nom;Prénom;Né le\n"
    first = import_file(heading + "04/05/2027 09:30;Durand;Marie;12/03/1950\n", subject=Subject.APPOINTMENTS)
    assert first.made == 1
    job = check_file(heading + "04/05/2027 11:30;Durand;Marie;12/03/1950\n", subject=Subject.APPOINTMENTS)
    assert of_line(job, 2).likeness == Likeness.SAME_DAY
    choose_for_all(job=job, likeness=Likeness.SAME_DAY, choice=Choice.SAME_RECORD, by=carol)  # has nothing to fill
    assert chosen(job) == 0
    choose_for_all(job=job, likeness=Likeness.SAME_DAY, choice=Choice.CREATE, by=carol)
    job = import_now(job, carol)
    assert durand.appointments.count() == 2
    undo_now(job, carol)
    assert durand.appointments.count() == 1
