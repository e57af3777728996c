"""Imports of patients: the dry run, the import, twice the same file, and kills in the middle."""

from __future__ import annotations

import io
from datetime import date, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from appointments.models import VisitReason
from documents.models import AutoSend, AutoSendRule, LibraryDocument
from documents.models.autosend import Moment
from imports import running
from imports.models import Import, ImportLine, ImportPart, Stage, Subject, Verdict
from imports.running import run_due
from imports.steering import start
from imports.uploads import WrongColumns, choose_columns, upload
from notifications.models import Message
from patients.models import Patient
from practices.models import Membership, Practice
from practices.roles import NotAllowed
from tests.documents.conftest import *  # noqa: F403  # a library document
from tests.imports.conftest import PEOPLE, ImportFile, counts, run_all


def many(count: int) -> str:
    rows = (
        f"Famille{number};Prénom{number};{date(1950, 1, 1) + timedelta(days=number):%d/%m/%Y}"
        for number in range(count)
    )
    return "Nom;Prénom;Date de naissance\n" + "\n".join(rows)


def test_a_dry_run_counts_and_makes_nothing(check_file: ImportFile) -> None:
    job = check_file(PEOPLE)
    assert (job.stage, counts(job)) == (Stage.CHECKED, (3, 0, 0, 1))
    refused = job.judged.get(verdict=Verdict.REFUSED)
    assert (refused.line, refused.sentence) == (5, "La date de naissance manque.")
    assert not Patient.objects.exists()


def test_an_import_makes_what_the_dry_run_found_new(import_file: ImportFile, practice: Practice) -> None:
    job = import_file(PEOPLE)
    assert (job.stage, job.made, counts(job)) == (Stage.DONE, 3, (3, 0, 0, 1))
    petit = Patient.objects.get(last_name="PETIT")
    assert (petit.first_name, petit.birth_date, petit.mobile, petit.email) == (
        "Éloïse",
        date(1988, 7, 1),
        "+33639985566",
        None,
    )
    assert Patient.objects.get(last_name="GARNIER").birth_date == date(1977, 2, 1)
    assert petit.mobile_given_by is None  # entered by the practice
    assert not ImportPart.objects.exists()
    assert not Message.objects.exists()


def test_the_same_file_twice_makes_nothing_new(import_file: ImportFile, check_file: ImportFile) -> None:
    import_file(PEOPLE)
    Patient.objects.filter(last_name="PETIT").update(last_name="MORIN")  # corrected since
    assert counts(check_file(PEOPLE)) == (0, 3, 0, 1)
    assert counts(import_file(PEOPLE)) == (0, 3, 0, 1)
    assert Patient.objects.count() == 3


def test_a_record_made_between_dry_run_and_import_is_the_same(
    check_file: ImportFile, carol: User, practice: Practice
) -> None:
    job = check_file(PEOPLE)
    Patient.objects.create(practice=practice, first_name="Eloise", last_name="Petit", birth_date=date(1988, 7, 1))
    start(job=job, by=carol)
    run_all()
    job.refresh_from_db()
    assert (job.made, counts(job)) == (2, (2, 1, 0, 1))


def test_twins_of_one_file_are_both_made(import_file: ImportFile) -> None:
    job = import_file("Nom,Prénom,DDN\nRoy,Anne,01/02/2001\n" + "x,y,01/01/2001\n" * 0 + "Roy,Anna,01/02/2001\n")
    assert counts(job) == (2, 0, 0, 0)


def test_a_person_twice_in_one_file_is_made_once(import_file: ImportFile) -> None:
    text = "Nom,Prénom,DDN,Email\nRoy,Anne,01/02/2001,a@roy.example\nRoy,Anne,01/02/2001,a@roy.example\n"
    job = import_file(text + "ROY,ANNE,2001-02-01,other@roy.example\n")
    assert counts(job) == (1, 1, 1, 0)
    assert "ligne 2" in job.judged.get(verdict=Verdict.ALIKE).sentence


def test_alike_is_a_similar_name_born_the_same_day_and_other_contacts(
    check_file: ImportFile, marie: Patient, practice: Practice
) -> None:
    text = (
        "Nom;Prénom;Né le;E-mail\n"
        f"{marie.last_name};{marie.first_name};{marie.birth_date:%d/%m/%Y};other@example.com\n"
        f"{marie.last_name}-Petit;{marie.first_name};{marie.birth_date:%d/%m/%Y};\n"
        f"{marie.last_name};{marie.first_name};{marie.birth_date:%d/%m/%Y};\n"
        f"Leroy;Jean;03/04/1961;{marie.email}\n"
    )
    job = check_file(text)
    assert counts(job) == (1, 1, 2, 0)
    assert {one.twin for one in job.judged.filter(verdict=Verdict.ALIKE)} == {marie}


def test_records_of_another_practice_count_for_nothing(check_file: ImportFile, stranger: Patient) -> None:
    text = f"Nom;Prénom;Né le\n{stranger.last_name};{stranger.first_name};{stranger.birth_date:%d/%m/%Y}\n"
    assert counts(check_file(text)) == (1, 0, 0, 0)


def test_columns_that_are_not_recognised_are_chosen_by_hand(practice: Practice, carol: User) -> None:
    text = b"A;B;C;Mobile\nDurand;Marie;12/03/1950;0639981234\n"
    job = upload(practice=practice, file=io.BytesIO(text), name="x.csv", subject=Subject.PATIENTS, by=carol)
    assert job.stage == Stage.MAPPING
    with pytest.raises(WrongColumns, match="wrong_columns"):
        choose_columns(job=job, columns={0: "last_name", 1: "last_name", 2: "birth_date"}, by=carol)
    with pytest.raises(WrongColumns) as refused:
        choose_columns(job=job, columns={0: "last_name", 1: "first_name"}, by=carol)
    assert "Date de naissance" in refused.value.sentence
    choose_columns(job=job, columns={0: "last_name", 1: "first_name", 2: "birth_date", 3: "mobile"}, by=carol)
    run_all()
    job.refresh_from_db()
    assert counts(job) == (1, 0, 0, 0)


@pytest.mark.parametrize("stage", ["_check", "_import"])
def test_a_killed_worker_repeats_and_loses_nothing(
    stage: str, check_file: ImportFile, practice: Practice, carol: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies in the third part: its transaction is rolled back, and another worker continues there."""
    job = upload(
        practice=practice, file=io.BytesIO(many(1000).encode()), name="x.csv", subject=Subject.PATIENTS, by=carol
    )
    if stage == "_import":
        run_all()
        job.refresh_from_db()
        start(job=job, by=carol)
    whole = running.STEPS[Stage.CHECKING if stage == "_check" else Stage.IMPORTING]

    def dies(now: Import) -> None:
        whole(now)
        if now.position == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setitem(running.STEPS, Stage.CHECKING if stage == "_check" else Stage.IMPORTING, dies)
        with pytest.raises(KeyboardInterrupt):
            run_due()
    job.refresh_from_db()
    assert job.position == 2
    assert not run_due()  # still leased
    Import.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    run_all()
    job.refresh_from_db()
    assert counts(job) == (1000, 0, 0, 0)
    assert ImportLine.objects.filter(job=job).count() == 1000
    assert Patient.objects.count() == (1000 if stage == "_import" else 0)


def test_a_part_that_always_fails_gives_up(practice: Practice, carol: User, monkeypatch: pytest.MonkeyPatch) -> None:
    job = upload(
        practice=practice, file=io.BytesIO(PEOPLE.encode()), name="x.csv", subject=Subject.PATIENTS, by=carol
    )

    def fails(now: Import) -> None:
        raise RuntimeError("poison")

    monkeypatch.setitem(running.STEPS, Stage.CHECKING, fails)
    run_all()
    job.refresh_from_db()
    assert job.stage == Stage.FAILED


def test_an_import_stops_when_its_administrator_leaves(
    check_file: ImportFile, practice: Practice, carol: User
) -> None:
    job = check_file(PEOPLE)
    start(job=job, by=carol)
    Membership.objects.filter(user=carol).delete()
    run_all()
    job.refresh_from_db()
    assert job.stopped_at is not None
    assert not Patient.objects.exists()


def test_only_administrators_import(practice: Practice, alice: User, bob: User, charlie: User) -> None:
    for by in (alice, bob, charlie):
        with pytest.raises(NotAllowed):
            upload(practice=practice, file=io.BytesIO(PEOPLE.encode()), name="x.csv", subject=Subject.PATIENTS, by=by)
    assert not Import.objects.exists()


def test_nothing_of_a_file_is_readable_in_the_database(check_file: ImportFile) -> None:
    check_file(PEOPLE)
    with connection.cursor() as cursor:
        for table in ("imports_import", "imports_importpart", "imports_importline"):
            cursor.execute(f"SELECT * FROM {table}")
            assert "GARNIER" not in repr(cursor.fetchall())


APPOINTMENTS = """Date;Heure;Durée;Agenda;Motif;Nom;Prénom;Né le;Statut
{day};09:30;40;Dr Morel;{reason};Durand;Marie;12/03/1950;Prévu
{day};10:30;;Dr Morel;{reason};Durand;Marie;12/03/1950;Annulé
{day};11:30;;Dr Personne;{reason};Durand;Marie;12/03/1950;
{day};11:30;;Dr Morel;{reason};Inconnu;Paul;12/03/1950;
{day};11:30;;Dr Morel;{reason};Durand;Marie;;
"""


def test_appointments_are_placed_for_records_without_a_message(
    import_file: ImportFile, marie: Patient, visit_reason: VisitReason
) -> None:
    Patient.objects.filter(pk=marie.pk).update(
        first_name="Marie", last_name="Durand", birth_date=date(1950, 3, 12), search_text="durand marie"
    )
    day = timezone.localdate() + timedelta(days=10)
    text = APPOINTMENTS.format(day=f"{day:%d/%m/%Y}", reason=visit_reason.name)
    job = import_file(text, subject=Subject.APPOINTMENTS)
    assert counts(job) == (1, 0, 0, 4)
    made = marie.appointments.get()
    assert (made.ends_at - made.starts_at, made.local_start.hour) == (timedelta(minutes=40), 9)
    assert not Message.objects.exists()
    sentences = [one.sentence for one in job.judged.filter(verdict=Verdict.REFUSED).order_by("line")]
    for words, sentence in zip(
        ("annulé", "Dr Personne", "pas de fiche", "date de naissance"), sentences, strict=True
    ):
        assert words in sentence
    assert counts(import_file(text, subject=Subject.APPOINTMENTS)) == (0, 1, 0, 4)
    made.starts_at += timedelta(hours=3)  # moved by staff since
    made.ends_at += timedelta(hours=3)
    made.save()
    assert counts(import_file(text, subject=Subject.APPOINTMENTS)) == (0, 1, 0, 4)


def test_rules_send_nothing_that_is_due_at_once_and_nothing_for_the_past(
    import_file: ImportFile,
    marie: Patient,
    access_plan: LibraryDocument,
    practice: Practice,
    visit_reason: VisitReason,
) -> None:
    rules = [
        AutoSendRule.objects.create(practice=practice, name=name, moment=moment, offset_hours=hours)
        for name, moment, hours in (
            ("at booking", Moment.BOOKING, 0),
            ("due already", Moment.BEFORE, 24 * 20),
            ("due later", Moment.BEFORE, 24),
            ("after", Moment.AFTER, 24 * 10),
        )
    ]
    for rule in rules:
        rule.documents.add(access_plan)
    today = timezone.localdate()
    person = f"{marie.last_name};{marie.first_name};{marie.birth_date:%d/%m/%Y}"
    lines = "".join(f"{today + timedelta(days=days):%d/%m/%Y} 09:30;{person}\n" for days in (-2, 10))
    job = import_file("Date/heure;Nom;Prénom;Né le\n" + lines, subject=Subject.APPOINTMENTS)
    assert job.made == 2
    coming = marie.appointments.latest("starts_at")
    planned = AutoSend.objects.values_list("appointment", "rule__name")
    assert set(planned) == {(coming.pk, "due later"), (coming.pk, "after")}
