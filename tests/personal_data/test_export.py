"""`manage.py export_person`: all data of a person, readable by its owner only, complete, and nothing about anybody
else."""

from __future__ import annotations

import hashlib
import io
import json
import re
import signal
import stat
import subprocess
import sys
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from audit import chain
from audit.models import AuditEvent
from documents.models import DocumentLink, ReceivedDocument, SharedDocument
from documents.sharing.share import take_back
from files import storage
from notifications.models import Message, MessageState
from notifications.outbox import plan_email
from patients.models import Invitation, Patient
from personal_data import export as exporting
from personal_data.folder import CannotWrite, publish
from personal_data.registry import DECISIONS
from tests.docshare.test_fsck import fsck
from tests.personal_data.house import House, furnish, tie, whole_database

pytestmark = pytest.mark.django_db
TAG = "lilas"
MOBILE = "+33612345678"


@pytest.fixture
def house() -> House:
    return furnish(TAG, mobile=MOBILE)


def run(*arguments: str) -> str:
    output = io.StringIO()
    call_command("export_person", *arguments, stdout=output, stderr=output)
    return output.getvalue()


def resources(folder: Path, kind: str = "") -> list[dict[str, Any]]:
    bundle = json.loads((folder / "bundle.json").read_text())
    return [one["resource"] for one in bundle["entry"] if kind in ("", one["resource"]["resourceType"])]


def test_everything_of_the_person_is_there_and_the_documents_are_the_very_bytes(house: House, tmp_path: Path) -> None:
    folder = tmp_path / "marie"
    run("--account", str(house.own.pk), str(folder))
    (patient,) = resources(folder, "Patient")
    assert patient["name"] == [
        {"family": f"Durand{TAG}", "given": ["Marie"]},
        {"use": "old", "given": [f"Marje {TAG}"]},  # corrected by staff, on a record that became part of this one
    ]
    assert {"system": "phone", "value": MOBILE, "use": "mobile"} in patient["telecom"]
    assert {"system": "email", "value": f"nouvelle@{TAG}.example", "use": "temp"} in patient["telecom"]
    (person,) = resources(folder, "Person")
    assert {"system": "email", "value": f"ancienne@{TAG}.example", "use": "old"} in person["telecom"]
    documents = resources(folder, "DocumentReference")
    shared = SharedDocument.objects.filter(patient=house.marie).select_related("file")
    sent = ReceivedDocument.objects.filter(appointment__patient=house.marie).select_related("file")
    own = {str(one.pk): one.file.sha256 for one in (*shared, *sent)}
    assert {one["id"] for one in documents} == own.keys()
    for one in documents:
        content = (folder / one["content"][0]["attachment"]["url"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == own[one["id"]]
    ordonnance = next(one for one in documents if one["id"] == str(house.document.pk))
    assert ordonnance["author"] == [{"display": f"Dr Alice Morel{TAG} (praticien, Cabinet {TAG})"}]
    assert {one["type"]["text"] for one in resources(folder, "Device")} == {
        "appareil connu", "jeton d’API", "session", "second facteur",
    }  # fmt: skip
    assert any(f"marie@{TAG}.example" in one["recipient"][0]["display"] for one in resources(folder, "Communication"))


def test_a_message_that_was_called_off_is_not_told_as_sent(house: House, tmp_path: Path) -> None:
    told = Message.objects.filter(to=f"marie@{TAG}.example")
    assert told.exists()
    told.update(state=MessageState.CALLED_OFF, sent_at=None, delivered_at=None)
    folder = tmp_path / "marie"
    run("--account", str(house.own.pk), str(folder))
    status = {one["id"]: one["status"] for one in resources(folder, "Communication")}
    assert {status[str(one.pk)] for one in told} == {"not-done"}


def test_every_kind_that_the_registry_promises_is_in_a_persons_export(tmp_path: Path) -> None:
    """For a patient, and for a doctor who signed."""
    house = furnish(TAG, mobile=MOBILE, signs=True)
    for who in (house.own, house.doctor):
        run("--account", str(who.pk), str(tmp_path / who.first_name))
    found = {one["resourceType"] for name in ("Marie", "Alice") for one in resources(tmp_path / name)}
    assert found == {kind for decision in DECISIONS.values() for kind in decision.exported}


def test_the_bundle_is_well_formed(house: House, tmp_path: Path) -> None:
    """Meets FHIR R4's requirements for every resource of a collection, and for mandatory elements of each kind."""
    run("--account", str(house.own.pk), str(tmp_path / "m"))
    bundle = json.loads((tmp_path / "m" / "bundle.json").read_text())
    assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "collection")
    addresses = [one["fullUrl"] for one in bundle["entry"]]
    assert len(set(addresses)) == len(addresses)
    needed = {
        "Appointment": {"status", "participant"},
        "DocumentReference": {"status", "content"},
        "Consent": {"status", "scope", "category"},
        "Communication": {"status"},
        "AuditEvent": {"type", "recorded", "agent", "source"},
        "Provenance": {"target", "recorded", "agent"},
    }
    for entry in bundle["entry"]:
        resource = entry["resource"]
        assert entry["fullUrl"] == f"urn:uuid:{resource['id']}"
        assert needed.get(resource["resourceType"], set()) <= set(resource)
        assert not [value for value in resource.values() if value in (None, "", [], {})]
    local = re.findall(r'"reference": "(urn:uuid:[^"]+)",\s+"type"', json.dumps(bundle, indent=1))
    assert set(local) <= set(addresses)


def test_nothing_of_anybody_else_is_in_it(house: House, tmp_path: Path) -> None:
    """Relatives for whom the person booked, other patients, and colleagues who only read."""
    furnish("rivage", mobile="+33698765432")
    folder = tmp_path / "marie"
    run("--account", str(house.own.pk), str(folder))
    text = "".join(path.read_text() for path in folder.glob("*.*"))
    for theirs in (
        "Paul",
        "Zoé",
        f"paul@{TAG}",
        "+33611000000",
        f"doctor@{TAG}",
        f"Roux{TAG}",
        f"admin@{TAG}",
        "rivage",
    ):
        assert theirs not in text, theirs
    for record in (house.paul, house.child):
        assert str(record.pk) not in text
    names = [path.name for path in (folder / "documents").iterdir()]
    sent = ReceivedDocument.objects.filter(appointment__patient=house.marie).count()
    assert len(names) == SharedDocument.objects.filter(patient=house.marie).count() + sent
    assert not any("Paul" in name for name in names)


def test_an_address_that_was_entered_by_mistake_is_somebody_elses(house: House, tmp_path: Path) -> None:
    """A message, an invitation and a link went there before staff corrected it."""
    Invitation.objects.create(
        patient=house.marie, email="inconnu@courriel.example", mobile="+33612000066", expires_at=timezone.now()
    )
    link = DocumentLink.objects.create(appointment=house.past, email="inconnu@courriel.example")
    plan_email(to="inconnu@courriel.example", subject="Un document", body="x", language="fr", about=house.past.pk)
    run("--account", str(house.own.pk), str(tmp_path / "m"))
    assert "inconnu@" not in (tmp_path / "m" / "bundle.json").read_text()
    assert str(link.pk) in {one["id"] for one in resources(tmp_path / "m", "Consent")}
    call_command("erase_person", "--account", str(house.own.pk), "--yes", stdout=io.StringIO())
    assert not any("inconnu@" in row for row in whole_database().values())


def test_who_read_is_told_staff_by_their_role_alone(house: House, tmp_path: Path) -> None:
    run("--account", str(house.own.pk), str(tmp_path / "m"))
    read = {
        (one["type"]["code"], one["agent"][0]["who"]["display"])
        for one in resources(tmp_path / "m", "AuditEvent")
        if one["type"]["code"] in ("document.read", "document.consulted")
    }
    assert read == {("document.read", "vous"), ("document.consulted", f"praticien, Cabinet {TAG}")}


def test_a_secret_that_opens_the_account_is_not_in_it(house: House, tmp_path: Path) -> None:
    folder = tmp_path / "m"
    run("--account", str(house.own.pk), str(folder))
    text = (folder / "bundle.json").read_text()
    assert f"secret{TAG}" not in text
    assert house.own.password not in text


def test_records_at_several_practices_are_one_persons_whichever_is_asked_for(house: House, tmp_path: Path) -> None:
    other = furnish("rivage", mobile="+33698765432")
    second = Patient.objects.create(
        practice=other.practice, first_name="Marie", last_name="Durand", birth_date=date(1941, 2, 3)
    )
    tie(house.own, second)
    for number, arguments in enumerate((["--account", str(house.own.pk)], ["--patient", str(second.pk)])):
        run(*arguments, str(tmp_path / str(number)))
        assert {one["id"] for one in resources(tmp_path / str(number), "Patient")} == {
            str(house.marie.pk),
            str(second.pk),
        }
    run("--patient", str(second.pk), "--practice", str(other.practice.pk), str(tmp_path / "alone"))
    assert {one["id"] for one in resources(tmp_path / "alone", "Patient")} == {str(second.pk)}
    assert not resources(tmp_path / "alone", "Person")


@pytest.mark.parametrize("name", ["marie", "marie.zip"])
def test_it_is_private_whole_and_told_in_the_trail(house: House, tmp_path: Path, name: str) -> None:
    target = tmp_path / name
    run("--patient", str(house.marie.pk), str(target))
    assert stat.S_IMODE(target.stat().st_mode) == (0o600 if name.endswith(".zip") else 0o700)
    folder = target
    if name.endswith(".zip"):
        folder = tmp_path / "unzipped"
        with zipfile.ZipFile(target) as archive:
            archive.extractall(folder)
    else:
        modes = {stat.S_IMODE(path.stat().st_mode) for path in target.rglob("*") if path.is_file()}
        assert modes == {0o600}
    manifest = json.loads((folder / "manifest.json").read_text())
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {"manifest.json"}
    assert {one["path"] for one in manifest["files"]} == there
    for one in manifest["files"]:
        assert hashlib.sha256((folder / one["path"]).read_bytes()).hexdigest() == one["sha256"]
    assert set(AuditEvent.objects.filter(action__endswith=".exported").values_list("action", "object_id")) == {
        ("account.exported", house.own.pk), ("patient.exported", house.marie.pk),
    }  # fmt: skip
    assert not list(tmp_path.glob(".*"))
    chain.seal()
    assert fsck() == (0, [])


def test_a_dry_run_counts_and_writes_nothing(house: House, tmp_path: Path) -> None:
    before = whole_database()
    told = run("--account", str(house.own.pk), "--dry-run")
    assert "1 Patient" in told
    assert "Dry run: nothing was written." in told
    assert whole_database() == before
    assert not [path for path in tmp_path.iterdir() if path.name != "store"]


def test_a_target_that_is_there_is_not_touched_and_a_missing_file_is_a_sentence(house: House, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(CommandError, match="is there already"):
        run("--account", str(house.own.pk), str(tmp_path / "mine"))
    with pytest.raises(CommandError, match="make it first"):
        run("--account", str(house.own.pk), str(tmp_path / "no" / "folder"))
    storage.remove(house.document.file.key)
    with pytest.raises(CommandError, match="missing from storage"):
        run("--account", str(house.own.pk), str(tmp_path / "marie"))
    assert {path.name for path in tmp_path.iterdir()} <= {"mine", "store"}
    assert (tmp_path / "mine").read_text() == "mine"


def test_a_document_taken_back_meanwhile_is_left_out_of_the_whole_export(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    gather = exporting.gather

    def gather_then_take_back(asked: Any) -> exporting.Gathered:
        found = gather(asked)
        with django_capture_on_commit_callbacks(execute=True):
            take_back(document=house.document, by=house.doctor)
        return found

    monkeypatch.setattr(exporting, "gather", gather_then_take_back)
    run("--account", str(house.own.pk), str(tmp_path / "m"))
    assert str(house.document.pk) not in {one["id"] for one in resources(tmp_path / "m", "DocumentReference")}
    assert len(list((tmp_path / "m" / "documents").iterdir())) == len(resources(tmp_path / "m", "DocumentReference"))


KILLED = """
import os, signal, sys
from pathlib import Path
from personal_data.folder import publish, write_private
def write(folder):
    write_private(folder / "half", b"half of it")
    os.kill(os.getpid(), signal.SIGKILL)
publish(Path(sys.argv[1]), write, last=lambda: None)
"""


def test_a_run_that_is_killed_leaves_nothing_under_the_name_and_the_next_one_ends_it(tmp_path: Path) -> None:
    target = tmp_path / "m"
    killed = subprocess.run([sys.executable, "-c", KILLED, str(target)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert [path.name for path in tmp_path.iterdir() if path.name != "store"] == [".m.part"]
    publish(target, lambda folder: (folder / "whole").touch(), last=lambda: None)
    assert [path.name for path in target.iterdir()] == ["whole"]
    assert not (tmp_path / ".m.part").exists()


def test_two_runs_with_one_target_do_not_mix(tmp_path: Path) -> None:
    def second(_folder: Path) -> None:
        with pytest.raises(CannotWrite, match="Another run"):
            publish(tmp_path / "m", lambda _folder: None, last=lambda: None)

    publish(tmp_path / "m", second, last=lambda: None)
    assert (tmp_path / "m").is_dir()
