"""Contacts that the person once proved and that are now somebody else's; and documents shared by others with the
person."""

from __future__ import annotations

import io
import json
from datetime import date
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.management import call_command

from documents.models import SharedDocument
from documents.sharing.access import visible_as_recipient
from notifications.models import Message
from notifications.outbox import plan_sms
from patients.models import ContactProposal, RecordTie, Relationship
from patients.records import FormerContacts, change_patient
from personal_data.archive import Archive
from personal_data.moving.layout import CannotMove
from personal_data.moving.out import write_archive
from practices.models import Practice
from questionnaires.models import QuestionnaireResponse
from sealing.columns import unreadable_texts
from tests.personal_data.house import House, account, furnish, tie

pytestmark = pytest.mark.django_db
STRANGER = "stranger@example.org"


@pytest.fixture
def house() -> House:
    return furnish("lilas", mobile="+33612345678")


def run(name: str, *arguments: str) -> str:
    output = io.StringIO()
    call_command(name, *arguments, stdout=output, stderr=output)
    return output.getvalue()


def correct(house: House) -> SharedDocument:
    """Staff change the record's contacts and birth date, and share a document that the account does not see."""
    change_patient(
        patient=house.marie, by=house.doctor, former_contacts=FormerContacts.SAME_PERSON,
        email=STRANGER, mobile="+33699999999", birth_date=date(1950, 1, 1),
    )  # fmt: skip
    document = house.share(house.book(house.marie, -1), "Plus tard")
    assert not visible_as_recipient(house.own).filter(pk=document.pk).exists()
    return document


def test_a_record_that_waits_for_proof_does_not_leave_with_the_account(house: House, tmp_path: Path) -> None:
    document = correct(house)
    said = run("export_person", "--account", str(house.own.pk), str(tmp_path / "out"))
    written = (tmp_path / "out" / "bundle.json").read_text()
    assert str(document.pk) not in written
    assert STRANGER not in written
    assert "1950-01-01" not in written
    assert f"left out: record {house.marie.pk}" in said


def test_an_account_that_waits_for_proof_does_not_leave_with_the_record(house: House, tmp_path: Path) -> None:
    document = correct(house)
    run("export_person", "--patient", str(house.marie.pk), str(tmp_path / "out"))
    written = (tmp_path / "out" / "bundle.json").read_text()
    assert str(document.pk) in written
    assert house.own.email not in written


def test_a_record_that_waits_for_proof_is_not_erased_with_the_account(house: House) -> None:
    document = correct(house)
    said = run("erase_person", "--account", str(house.own.pk), "--yes")
    house.marie.refresh_from_db()
    assert house.marie.email == STRANGER
    assert SharedDocument.objects.filter(pk=document.pk).exists()
    assert f"record {house.marie.pk}: its contacts or birth date changed" in said
    assert not RecordTie.objects.filter(user=house.own).exists()


def test_somebody_elses_sms_to_a_shared_telephone_stays_theirs(house: House, tmp_path: Path) -> None:
    husband = account("husband@example.org", "Jean", "Durand", mobile=house.own.mobile)
    code = plan_sms(to=str(house.own.mobile), text="123456", language="fr", account=husband.pk, waited_for=True)
    run("export_person", "--account", str(house.own.pk), str(tmp_path / "out"))
    assert str(code.pk) not in (tmp_path / "out" / "bundle.json").read_text()
    run("erase_person", "--account", str(house.own.pk), "--yes")
    assert Message.objects.get(pk=code.pk).body == "123456"


def test_what_a_guardian_proposed_is_not_the_childs(house: House, tmp_path: Path) -> None:
    tie(house.own, house.child, Relationship.GUARDIAN)
    ContactProposal.objects.create(
        practice=house.practice, patient=house.child, user=house.own, contact="email", value=STRANGER
    )
    run("export_person", "--patient", str(house.child.pk), str(tmp_path / "out"))
    assert STRANGER not in (tmp_path / "out" / "bundle.json").read_text()


def test_a_practice_goes_though_the_key_of_its_secrets_is_lost(
    house: House, tmp_path: Path, settings: LazySettings
) -> None:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another" * 10, []
    unreadable = {str(one.pk): unreadable_texts(one) for one in QuestionnaireResponse.objects.all()}
    assert [list(one) for one in unreadable.values()] == [["answers"]] * 2
    run("delete_practice", str(house.practice.pk), "--archive", str(tmp_path / "archive"), "--yes")
    assert not Practice.objects.filter(pk=house.practice.pk).exists()
    [written] = (tmp_path / "archive").rglob("questionnaires.QuestionnaireResponse*")
    responses = [json.loads(line) for line in written.read_text().splitlines()]
    assert not any("answers" in response["fields"] for response in responses)
    assert {
        one["pk"]: one["unreadable"] for one in responses
    } == unreadable  # whoever finds the key can still open it


def test_a_practice_does_not_move_with_what_no_key_opens(
    house: House, tmp_path: Path, settings: LazySettings
) -> None:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another" * 10, []
    with pytest.raises(CannotMove, match="encrypted under another key"):
        write_archive(house.practice, tmp_path / "moving.zip")


def test_an_archive_in_the_clear_does_not_pass_for_an_encrypted_one(house: House, tmp_path: Path) -> None:
    passphrase, real, forged = tmp_path / "passphrase", tmp_path / "real", tmp_path / "forged"
    passphrase.write_text("correct horse battery staple")
    asked = ("--passphrase-file", str(passphrase))
    run("delete_practice", str(house.practice.pk), "--archive", str(real), "--yes", *asked)
    manifest = json.loads((real / "manifest.json").read_text())
    forged.mkdir()
    archive = Archive(forged, None)
    archive.add_lines("people", [{"last_name": "Forged"}])
    archive.finish({name: manifest[name] for name in ("practice", "name", "audit_anchor")})
    output = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("verify_archive", str(forged), *asked, stdout=output, stderr=output)
    assert "not encrypted" in output.getvalue()
    assert run("verify_archive", str(real), *asked) == "0 faults.\n"
