"""`manage.py erase_person`: deletes everything about the person except what the law requires, and reports that."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.db.models import Model, QuerySet
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.models.user import ERASED_DOMAIN
from appointments.models import Appointment, AppointmentStatus, BookedFor
from appointments.recipients import RecipientState, resolve
from appointments.reminders import send_due as send_reminders
from audit import chain
from audit.models import AuditEvent
from documents.models import AutoSend, ReceivedDocument, SharedDocument, Task, TaskState
from documents.models.autosend import AutoSendState
from documents.sending.autosend import send_due
from documents.sharing.access import visible_to
from documents.sharing.share import take_back
from documents.sharing.unread import remind_of_unread
from documents.sharing.uploads import RecipientNotReady
from files import storage
from files.models import StoredFile
from notifications.models import Message, MessageState
from notifications.outbox import plan_email
from patients.models import Patient, Relationship
from personal_data.erase import erase
from personal_data.people import Asked
from personal_data.registry import DECISIONS, Fate
from personal_data.retention import retention_end
from questionnaires.models import QuestionnaireResponse
from signing.models import SigningCredential
from tests.docshare.test_fsck import fsck
from tests.personal_data.house import House, account, furnish, tie, whole_database

pytestmark = pytest.mark.django_db
TAG = "lilas"
MOBILE = "+33612345678"


@pytest.fixture
def house() -> House:
    return furnish(TAG, mobile=MOBILE)


def run(*arguments: str) -> str:
    output = io.StringIO()
    call_command("erase_person", *arguments, "--yes", stdout=output)
    return output.getvalue()


def of_the_person(rows: dict[str, str]) -> list[str]:
    """Keys of rows that contain a contact, a secret or the browser of Marie's account."""
    marks = (
        f"marie@{TAG}",
        f"nouvelle@{TAG}",
        f"ancienne@{TAG}",
        MOBILE,
        f"secret{TAG}",
        f"jeton de {TAG}",
        f"Firefox of {TAG}",
    )
    return sorted(key for key, row in rows.items() if any(mark in row for mark in marks))


def test_no_table_holds_a_contact_or_a_secret_of_the_person_any_more(house: House) -> None:
    assert len({key.split()[0] for key in of_the_person(whole_database())}) > 10  # it does find them before
    run("--account", str(house.own.pk))
    assert of_the_person(whole_database()) == []


def test_an_address_that_only_messages_of_the_record_keep_goes_too(house: House) -> None:
    """Staff corrected it since, and no invitation or link went there. Addresses of other people stay."""
    booked = house.past
    for to in ("autrefois@ailleurs.example", house.practice.email):
        plan_email(to=to, subject="Rappel", body="…", language="fr", about=booked.pk)
    Message.objects.filter(about=booked.pk).update(state=MessageState.SENT, sent_at=timezone.now())
    run("--patient", str(house.marie.pk))
    assert not Message.objects.filter(to="autrefois@ailleurs.example").exists()
    assert Message.objects.filter(to=house.practice.email).exists()


def test_what_the_registry_calls_erased_is_erased_and_what_it_calls_kept_is_kept() -> None:
    """Covers every reference to a patient's account, to the account of a doctor who signed, and to the patient's
    record."""
    house = furnish(TAG, mobile=MOBILE, signs=True)
    people = [house.own.pk, house.doctor.pk, house.marie.pk]
    # One that still waits goes with the record that it is about.
    Task.objects.update(state=TaskState.SIGNED, settled_at=timezone.now(), document=house.document)
    QuestionnaireResponse.objects.filter(state="in-progress").delete()  # drafts go, sent answers stay

    def referring(label: str, name: str) -> int:
        rows: QuerySet[Model] = apps.get_model(label)._default_manager.filter(**{f"{name}__in": people})
        return rows.count()

    decided = [
        (label, name, fate) for label, decision in DECISIONS.items() for name, fate in decision.references.items()
    ]
    before = {(label, name): referring(label, name) for label, name, _fate in decided}
    assert sum(map(bool, before.values())) > 30  # of 42: the others have no row here
    erase(Asked(account=house.own.pk))
    erase(Asked(account=house.doctor.pk))
    for label, name, fate in decided:
        assert referring(label, name) == (0 if fate is Fate.ERASED else before[label, name]), (label, name)


def test_a_record_within_its_years_keeps_its_documents_and_says_until_when(house: House) -> None:
    document = house.document
    told = run("--account", str(house.own.pk))
    until = retention_end(house.marie)
    assert until == timezone.localdate(house.document.shared_at).replace(year=timezone.localdate().year + 20)
    assert f"until {until} (Code de la santé publique, R1112-7)" in told
    kept = Patient.objects.get(pk=house.marie.pk)
    assert (kept.first_name, kept.birth_date, kept.email, kept.mobile) == ("Marie", date(1941, 2, 3), None, None)
    assert MOBILE not in (kept.search_text or "")
    assert storage.verify(SharedDocument.objects.get(pk=document.pk).file) is None
    assert not Appointment.objects.upcoming().filter(patient=kept).exists()
    assert not AutoSend.objects.filter(appointment__patient=kept, state=AutoSendState.PLANNED).exists()


def test_a_record_whose_years_are_over_goes_with_its_bytes_and_nothing_is_left_to_find(
    house: House, own_store: Path, django_capture_on_commit_callbacks: Any
) -> None:
    long_ago = timezone.now() - timedelta(days=365 * 21)
    SharedDocument.objects.filter(patient=house.marie).update(shared_at=long_ago)
    ReceivedDocument.objects.update(received_at=long_ago)
    QuestionnaireResponse.objects.filter(state="completed").update(completed_at=long_ago)
    Appointment.objects.filter(patient=house.marie).update(starts_at=long_ago, ends_at=long_ago + timedelta(hours=1))
    key = house.document.file.key
    assert (own_store / key).exists()
    with django_capture_on_commit_callbacks(execute=True):
        run("--patient", str(house.marie.pk))
    assert not Patient.objects.filter(pk=house.marie.pk).exists()
    assert not SharedDocument.objects.filter(pk=house.document.pk).exists()
    assert not (own_store / key).exists()
    chain.seal()
    assert fsck() == (0, [])
    assert not any("Durand" in row and "Marie" in row for row in whole_database().values())


def test_a_run_that_was_killed_before_the_bytes_went_is_ended_by_the_next(house: House, own_store: Path) -> None:
    long_ago = timezone.now() - timedelta(days=365 * 21)
    SharedDocument.objects.filter(patient=house.marie).update(shared_at=long_ago)
    ReceivedDocument.objects.update(received_at=long_ago)
    QuestionnaireResponse.objects.filter(state="completed").update(completed_at=long_ago)
    Appointment.objects.filter(patient=house.marie).update(starts_at=long_ago, ends_at=long_ago + timedelta(hours=1))
    erase(Asked(patient=house.marie.pk))  # on_commit callbacks never run in the test's own transaction
    assert (own_store / house.document.file.key).exists()
    assert "2 files that were left are removed" in run("--patient", str(house.marie.pk))
    assert not (own_store / house.document.file.key).exists()
    assert StoredFile.objects.exists()
    chain.seal()
    assert fsck("--only", "files", "--only", "orphans") == (0, [])


def test_a_record_that_never_held_anything_medical_goes_at_once(house: House) -> None:
    nobody = Patient.objects.create(
        practice=house.practice, first_name="Jean", last_name="Erreur", birth_date=date(1990, 1, 1)
    )
    house.book(nobody, 4)
    assert retention_end(nobody) is None
    run("--patient", str(nobody.pk))
    assert not Patient.objects.filter(pk=nobody.pk).exists()


@pytest.mark.parametrize(
    ("born", "last", "until"),
    [
        (date(1941, 2, 3), date(2026, 3, 1), date(2046, 3, 1)),
        (date(2025, 5, 6), date(2026, 3, 1), date(2053, 5, 6)),  # a child: until the 28th birthday
        (date(2024, 2, 29), date(2024, 3, 1), date(2052, 2, 29)),
        (date(1941, 2, 3), date(2024, 2, 29), date(2044, 2, 29)),
        (date(1941, 2, 3), date(1960, 2, 29), date(1980, 2, 29)),
    ],
)
def test_retention_is_twenty_years_and_never_before_the_twenty_eighth_birthday(
    house: House, born: date, last: date, until: date
) -> None:
    patient = Patient.objects.create(practice=house.practice, first_name="A", last_name="B", birth_date=born)
    booked = house.book(patient, 1)
    at = timezone.make_aware(datetime.combine(last, time(12)))
    Appointment.objects.filter(pk=booked.pk).update(starts_at=at, ends_at=at + timedelta(hours=1))
    assert retention_end(patient) == until


def test_a_dry_run_says_all_and_changes_nothing(house: House) -> None:
    before = whole_database()
    dry = io.StringIO()
    call_command("erase_person", "--account", str(house.own.pk), "--dry-run", stdout=dry)
    assert whole_database() == before
    lines = dry.getvalue().splitlines()
    assert [line.replace("would be erased", "erased") for line in lines[1:]] == run(
        "--account", str(house.own.pk)
    ).splitlines()


def test_erasing_twice_changes_nothing_more(house: House) -> None:
    run("--account", str(house.own.pk))
    before = whole_database()
    assert "Nothing to erase." in run("--account", str(house.own.pk))
    assert whole_database() == before


def test_asked_first_and_anything_but_yes_changes_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    before = whole_database()
    for answer in ("oui ?", ""):  # the second: no terminal to answer
        monkeypatch.setattr("sys.stdin", io.StringIO(answer))
        with pytest.raises(CommandError, match="Nothing was changed"):
            call_command("erase_person", "--account", str(house.own.pk), stdout=io.StringIO())
    assert whole_database() == before


def test_the_records_at_every_practice_are_one_persons_and_one_practice_may_be_asked_for_alone(house: House) -> None:
    other = furnish("rivage", mobile="+33698765432")
    second = Patient.objects.create(
        practice=other.practice, first_name="Marie", last_name=f"Durand{TAG}", birth_date=date(1941, 2, 3),
        email=f"marie@{TAG}.example", mobile=MOBILE,
    )  # fmt: skip
    other.book(second, -1)
    tie(house.own, second)
    run("--patient", str(house.marie.pk), "--practice", str(other.practice.pk))
    assert Patient.objects.get(pk=second.pk).email is None
    assert Patient.objects.get(pk=house.marie.pk).email == f"marie@{TAG}.example"
    assert not User.objects.get(pk=house.own.pk).is_erased
    Patient.objects.filter(pk=second.pk).update(email=f"marie@{TAG}.example", mobile=MOBILE)
    tie(house.own, second)
    run("--patient", str(house.marie.pk))
    assert User.objects.get(pk=house.own.pk).is_erased
    assert of_the_person(whole_database()) == []


def test_relatives_and_other_patients_keep_what_is_theirs(house: House) -> None:
    furnish("rivage", mobile="+33698765432")
    whole = whole_database()
    theirs = {key: row for key, row in whole.items() if "rivage" in row or str(house.child.pk) in key}
    assert len(theirs) > 30
    of_paul = list(SharedDocument.objects.filter(patient=house.paul).values_list("pk", "file__sha256"))
    run("--account", str(house.own.pk))
    after = whole_database()
    assert {key: after.get(key) for key in theirs} == theirs
    paul = Patient.objects.get(pk=house.paul.pk)
    assert paul.email == f"paul@{TAG}.example"
    assert list(SharedDocument.objects.filter(patient=paul).values_list("pk", "file__sha256")) == of_paul


def test_a_contact_of_the_person_on_an_adult_relatives_record_is_not_taken_for_the_relatives(house: House) -> None:
    Patient.objects.filter(pk=house.paul.pk).update(
        email=f"marie+paul@{TAG}.example", mobile=MOBILE, email_given_by=None, mobile_given_by=None
    )
    run("--account", str(house.own.pk))
    paul = Patient.objects.get(pk=house.paul.pk)
    assert (paul.email, paul.mobile) == (None, None)


def test_nothing_is_shared_with_an_account_that_is_erased(house: House) -> None:
    of_the_child = Appointment.objects.filter(patient=house.child).first()
    assert of_the_child
    assert resolve(of_the_child).holder == house.own
    run("--account", str(house.own.pk))
    again = Appointment.objects.get(pk=of_the_child.pk)
    assert resolve(again).state is RecipientState.MISSING_CONTACT
    messages = Message.objects.count()
    with pytest.raises(RecipientNotReady):
        house.share(again)
    assert Message.objects.count() == messages
    assert not visible_to(User.objects.get(pk=house.own.pk)).exists()


def test_a_request_that_read_the_account_before_does_not_write_the_person_back(house: House) -> None:
    stale = User.objects.get(pk=house.own.pk)
    run("--account", str(house.own.pk))
    for fields in (None, ["mobile"]):
        with pytest.raises(PermissionDenied):
            stale.save(update_fields=fields)
    assert User.objects.get(pk=house.own.pk).first_name == ""


def test_staff_who_signed_stay_signatory_and_nothing_else_of_them() -> None:
    house = furnish(TAG, mobile=MOBILE, signs=True)
    told = run("--account", str(house.doctor.pk))
    assert "as signatory" in told
    doctor = User.objects.get(pk=house.doctor.pk)
    assert (doctor.get_full_name(), doctor.professional_number) == (f"Dr Alice Morel{TAG}", "10101010101")
    assert doctor.email.endswith(ERASED_DOMAIN)
    assert not doctor.is_active
    assert not doctor.has_usable_password()
    credential = SigningCredential.objects.get(user=doctor)
    assert (bytes(credential.private_key), credential.retired_at is None) == (b"", False)
    assert not any(f"doctor@{TAG}" in row for row in whole_database().values())
    chain.seal()
    assert fsck() == (0, [])


def test_staff_who_shared_without_signing_keep_the_name_in_the_history(house: House) -> None:
    told = run("--account", str(house.doctor.pk))
    assert "as signatory" not in told
    doctor = User.objects.get(pk=house.doctor.pk)
    assert str(doctor) == f"Dr Alice Morel{TAG}"
    assert doctor.professional_number == ""
    assert not SigningCredential.objects.filter(user=doctor).exists()


def test_the_name_of_whoever_signed_stays_though_the_document_was_taken_back() -> None:
    house = furnish(TAG, mobile=MOBILE, signs=True)
    take_back(document=house.document, by=house.doctor)
    assert "as signatory" in run("--account", str(house.doctor.pk))


def test_an_account_without_a_name_is_called_what_it_is(house: House) -> None:
    run("--account", str(house.own.pk))
    assert str(User.objects.get(pk=house.own.pk)) == "Compte effacé"


def test_the_only_administrator_is_not_erased_and_the_sentence_says_what_to_do(house: House) -> None:
    before = whole_database()
    with pytest.raises(CommandError, match="only administrator of Cabinet lilas"):
        run("--account", str(house.admin.pk))
    assert whole_database() == before


def test_the_trail_says_what_was_done_holds_together_and_names_nobody(house: House) -> None:
    run("--account", str(house.own.pk))
    actions = set(AuditEvent.objects.values_list("action", flat=True))
    assert {"account.erased", "patient.erased", "appointment.cancelled"} <= actions
    trail = json.dumps([chain.facts(line) for line in AuditEvent.objects.all()])
    assert not any(mark in trail for mark in (f"Durand{TAG}", f"@{TAG}", MOBILE))
    chain.seal()
    assert fsck() == (0, [])


def test_what_waits_for_the_person_is_not_sent_and_what_waits_for_others_is(house: House) -> None:
    mine = Message.objects.filter(to__icontains=f"marie@{TAG}", state=MessageState.QUEUED)
    assert mine.exists()
    shared_mailbox = Message.objects.create(
        channel="email", to=f"marie@{TAG}.example", subject="D’une autre", body="x", due_at=timezone.now(),
        about=uuid.uuid4(),
    )  # fmt: skip
    run("--account", str(house.own.pk))
    assert list(mine) == [shared_mailbox]


@pytest.mark.parametrize("arguments", [["--account", str(uuid.uuid4())], ["--patient", str(uuid.uuid4())]])
def test_an_id_that_nobody_has_is_a_sentence(house: House, arguments: list[str]) -> None:
    with pytest.raises(CommandError, match="has the id"):
        run(*arguments)


def test_a_guardian_keeps_the_tie_to_a_record_that_stays(house: House) -> None:
    guardian = account("parent@courriel.example", "Une", "Mère")
    tie(guardian, house.marie, Relationship.GUARDIAN)
    run("--account", str(house.own.pk))
    assert list(house.marie.ties.values_list("user", flat=True)) == [guardian.pk]


def test_cancelled_appointments_of_relatives_tell_nobody(house: House) -> None:
    assert Appointment.objects.upcoming().filter(holder=house.own, booked_for=BookedFor.MINOR_RELATIVE).exists()
    run("--account", str(house.own.pk))
    gone = Appointment.objects.filter(holder=house.own, starts_at__gt=timezone.now())
    assert set(gone.values_list("status", flat=True)) == {AppointmentStatus.CANCELLED}
    assert not Message.objects.filter(to__endswith=ERASED_DOMAIN).exists()


def test_what_works_by_itself_tells_an_erased_person_nothing(house: House) -> None:
    """Covers reminders of unread documents and appointments, and rules, at any later time."""
    run("--account", str(house.own.pk))
    before = set(Message.objects.values_list("pk", flat=True))
    later = timezone.now() + timedelta(days=10)
    remind_of_unread(now=later)
    send_reminders(now=later)
    send_due(now=later)
    told = Message.objects.exclude(pk__in=before).values_list("to", flat=True)
    assert set(told) <= {f"paul@{TAG}.example", "+33611000000"}


def test_staff_read_what_is_kept_on_every_page(house: House, sign_in: Callable[[User], Client]) -> None:
    appointments = list(Appointment.objects.filter(holder=house.own))
    run("--account", str(house.own.pk))
    client = sign_in(house.doctor)
    pages = [
        "/pro/", "/pro/patients/", "/pro/deliveries/",
        *(f"/pro/patients/{one.pk}/" for one in (house.marie, house.paul, house.child)),
        *(f"/pro/appointments/{one.pk}/{page}" for one in appointments for page in ("", "history/", "share/")),
    ]  # fmt: skip
    for page in pages:
        answer = client.get(page)
        assert answer.status_code == 200, page
        text = answer.content.decode()
        assert ERASED_DOMAIN not in text, page
        assert f"marie@{TAG}" not in text, page
    history = client.get(f"/pro/appointments/{house.past.pk}/history/").content.decode()
    assert "Compte effacé" in history
