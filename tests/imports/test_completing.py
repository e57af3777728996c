"""A file adds no contact to a record through which anybody might see something by it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import User
from appointments.models import Appointment
from documents.models import Category, SharedDocument
from documents.sharing.share import share_upload
from files.intake import Intake
from imports.choosing import choose_for_all
from imports.models import Choice, Likeness, Verdict
from imports.steering import start
from patients.invitations import invite_again
from patients.models import Patient, RecordTie
from tests.imports.conftest import ImportFile, run_all


@pytest.mark.parametrize("case", ["tie", "invitation", "document", "given", "doubt"])
def test_what_opens_something_is_not_completed(
    case: str,
    check_file: ImportFile,
    marie: Patient,
    carol: User,
    alice: User,
    hugo: User,
    book_for: Callable[[Patient], Appointment],
    receive: Callable[..., Intake],
    prescription: Category,
) -> None:
    if case == "tie":
        RecordTie.objects.create(
            user=hugo, patient=marie, relationship="self", proved_email="x@x.example", proved_mobile="+33639981234"
        )
    elif case == "invitation":
        invite_again(patient=marie, by=alice)
    elif case == "document":
        share_upload(
            appointment=book_for(marie),
            intake=receive(),
            category=prescription,
            title="x",
            placement=None,
            by=alice,
        )
        assert SharedDocument.objects.exists()
    elif case == "given":
        Patient.objects.filter(pk=marie.pk).update(email_given_by=hugo)
    else:
        Patient.objects.filter(pk=marie.pk).update(access_ended=True)
    Patient.objects.filter(pk=marie.pk).update(mobile=None)
    text = (
        "Nom;Prénom;Né le;Mobile;E-mail\n"
        f"{marie.last_name};{marie.first_name};{marie.birth_date};06 39 98 12 99;x@other.example\n"
    )
    job = check_file(text)
    choose_for_all(job=job, likeness=Likeness.OTHER_CONTACTS, choice=Choice.SAME_RECORD, by=carol)
    start(job=job, by=carol)
    run_all()
    marie.refresh_from_db()
    assert marie.mobile is None
    line = job.judged.get()
    assert (line.verdict, line.filled) == (Verdict.SAME, None)
    assert "complétez ses coordonnées" in line.sentence
