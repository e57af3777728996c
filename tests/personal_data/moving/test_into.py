"""A practice is read into another installation: nobody sees more than before, nothing is sent, nothing half done."""

from __future__ import annotations

import io
import json
import uuid
from datetime import timedelta
from operator import attrgetter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import User
from appointments.models import Agenda, Appointment, HolderAuthorisation, HolderExclusion, Reminder
from appointments.recipients import is_excluded, resolve
from appointments.reminders import send_due as send_reminders
from documents.models import AutoSend, AutoSendRule, DocumentLink, SharedDocument
from documents.sending.autosend import send_due
from documents.sharing.access import visible_to
from documents.sharing.accesses import accesses_to
from documents.sharing.unread import remind_of_unread
from files.models import StoredFile
from notifications.models import Message, MessageState
from patients.invitations import invitation_for, why_closed
from patients.models import Invitation, Patient, RecordTie
from patients.ownership import Standing, standings
from personal_data.moving.into import import_practice
from personal_data.moving.layout import ABOUT, CannotMove
from personal_data.moving.out import write_archive
from personal_data.practice import delete_without_archive
from practices.joining import accept
from practices.models import ColleagueInvitation, Membership, Practice
from tests.docshare.test_fsck import fsck
from tests.personal_data.house import House, tie, whole_database
from tests.personal_data.moving.content import entries_of, with_row, write
from webhooks.models import WebhookEndpoint

pytestmark = pytest.mark.django_db


def moved(house: House, tmp_path: Path, commits: Any) -> Path:
    """Out, deleted here, and in again: people's accounts stay, as those of another installation do."""
    path = tmp_path / "moved.zip"
    write_archive(house.practice, path)
    with commits(execute=True):
        delete_without_archive(house.practice)
        import_practice(path)
    return path


@pytest.fixture
def commits(django_capture_on_commit_callbacks: Any) -> Any:
    return django_capture_on_commit_callbacks


def test_no_account_sees_anything_of_the_practice_until_it_proves(house: House, tmp_path: Path, commits: Any) -> None:
    accounts = [house.own, house.doctor, house.admin]
    assert all(visible_to(one).filter(practice=house.practice).exists() for one in accounts)
    moved(house, tmp_path, commits)
    assert SharedDocument.objects.filter(practice=house.practice).exists()
    for user in User.objects.all():
        assert not visible_to(user).filter(practice=house.practice).exists(), user
    for patient in Patient.every.filter(practice=house.practice):
        assert accesses_to(patient) == []
    assert not RecordTie.objects.filter(patient__practice=house.practice).exists()
    assert not Invitation.objects.filter(patient__practice=house.practice).exists()
    assert not DocumentLink.objects.filter(appointment__practice=house.practice).exists()
    assert not Membership.objects.filter(practice=house.practice).exists()
    assert not WebhookEndpoint.objects.filter(practice=house.practice).exists()


def test_no_account_here_is_named_by_the_rows_that_arrive(house: House, tmp_path: Path, commits: Any) -> None:
    """Not even under its own id: an archive could name anybody."""
    here = set(User.objects.values_list("pk", flat=True))
    moved(house, tmp_path, commits)
    named = {
        *SharedDocument.objects.filter(practice=house.practice).values_list("shared_by", flat=True),
        *SharedDocument.objects.filter(practice=house.practice).values_list("holder", flat=True),
        *Appointment.objects.filter(practice=house.practice).values_list("holder", flat=True),
        *HolderAuthorisation.objects.filter(appointment__practice=house.practice).values_list("holder", flat=True),
    } - {None}
    assert named
    assert not named & here
    for user in User.objects.filter(pk__in=named):
        assert not user.is_active
        assert not user.has_usable_password()
        assert user.email.endswith(".invalid")
        assert user.get_full_name()


def test_a_patient_who_proves_sees_the_documents_again(house: House, tmp_path: Path, commits: Any) -> None:
    before = set(visible_to(house.own).filter(patient=house.marie).values_list("pk", "file__sha256"))
    moved(house, tmp_path, commits)
    marie = Patient.objects.get(pk=house.marie.pk)
    assert why_closed(invitation_for(patient=marie, by=house.doctor)) is None
    tie(house.own, marie)
    assert set(visible_to(house.own).filter(patient=marie).values_list("pk", "file__sha256")) == before


def test_a_booker_whose_contact_is_the_records_is_not_taken_for_the_patient(
    house: House, tmp_path: Path, commits: Any
) -> None:
    """The booker's contacts stay behind, so that this installation can't compare them."""
    Patient.objects.filter(pk=house.paul.pk).update(
        email=house.own.email, mobile=house.own.mobile, email_given_by=None, mobile_given_by=None
    )
    HolderExclusion.objects.all().delete()
    moved(house, tmp_path, commits)
    paul = Patient.objects.get(pk=house.paul.pk)
    assert set(standings(paul).values()) == {Standing.DOUBTED}
    booked = Appointment.objects.filter(patient=paul).latest("starts_at")
    assert not resolve(booked).is_ready
    assert why_closed(invitation_for(patient=paul, by=house.doctor)) is not None
    assert Patient.objects.get(pk=house.marie.pk).access_ended is False


def test_nobody_who_booked_receives_for_a_child_whose_holder_staff_excluded(
    house: House, tmp_path: Path, commits: Any
) -> None:
    HolderExclusion.objects.create(patient=house.child, holder=house.own, excluded_by=house.doctor)
    moved(house, tmp_path, commits)
    child = Patient.objects.get(pk=house.child.pk)
    assert is_excluded(house.own, child)
    HolderExclusion.objects.filter(patient=child).delete()  # staff lift it
    assert not is_excluded(house.own, child)


def test_nothing_is_sent_because_of_a_move(house: House, tmp_path: Path, commits: Any) -> None:
    AutoSend.objects.filter(appointment__practice=house.practice).update(state="planned", sent_at=None, shared=None)
    Reminder.objects.filter(appointment__practice=house.practice).update(state="planned", due_at=timezone.now())
    SharedDocument.objects.filter(practice=house.practice).update(
        first_read_at=None, reminded_at=None, shared_at=timezone.now() - timedelta(days=4)
    )
    assert Message.objects.filter(state=MessageState.QUEUED).exists()
    there = set(Message.objects.values_list("pk", flat=True))
    moved(house, tmp_path, commits)
    new = Message.objects.filter(state=MessageState.QUEUED).exclude(pk__in=there)
    assert set(new.values_list("to", flat=True)) == {house.doctor.email, house.admin.email}
    of_practice = Message.objects.filter(about__in=Appointment.objects.filter(practice=house.practice).values("pk"))
    assert of_practice.exists()
    assert not of_practice.filter(state=MessageState.QUEUED).exists()
    count = Message.objects.count()
    send_due()
    send_reminders()
    remind_of_unread()
    assert Message.objects.count() == count
    assert not AutoSendRule.objects.filter(practice=house.practice, is_active=True).exists()


def test_members_join_by_their_own_acceptance(house: House, tmp_path: Path, commits: Any) -> None:
    moved(house, tmp_path, commits)
    invited = {one.email: one for one in ColleagueInvitation.objects.filter(practice=house.practice)}
    assert set(invited) == {house.doctor.email, house.admin.email}
    accept(invitation=invited[house.admin.email], user=house.admin)
    assert Membership.objects.get(practice=house.practice).is_admin
    assert visible_to(house.admin).filter(practice=house.practice).exists()
    assert not Agenda.objects.filter(practice=house.practice, practitioner__isnull=False).exists()


def test_the_same_archive_twice_changes_nothing(house: House, tmp_path: Path, commits: Any) -> None:
    path = moved(house, tmp_path, commits)
    before = whole_database()
    assert import_practice(path).again
    assert whole_database() == before


def test_a_dry_run_changes_nothing(moved_out: Path, own_store: Path) -> None:
    before, files = whole_database(), sorted(own_store.rglob("*"))
    report = import_practice(moved_out, dry_run=True)
    assert report.rows["documents.SharedDocument"]
    assert whole_database() == before
    assert sorted(own_store.rglob("*")) == files


def test_another_practice_is_not_touched(moved_out: Path, other: House) -> None:
    before = whole_database()
    import_practice(moved_out)
    after = whole_database()
    assert {key: after.get(key) for key in before if "RateCount" not in key} == {
        key: row for key, row in before.items() if "RateCount" not in key
    }
    assert fsck() == (0, [])


def test_a_practice_that_is_here_is_not_overwritten(archive: Path, house: House) -> None:
    before = whole_database()
    with pytest.raises(CannotMove, match="is here already"):
        import_practice(archive)
    assert whole_database() == before


def of_the_other(path: str) -> attrgetter[object]:
    """A value of the practice beside it."""
    return attrgetter(path)


# Label, field ("/name": beside the fields), value.
HOSTILE: dict[str, tuple[str, str, object]] = {
    "a record of another practice": ("appointments.Appointment", "patient", of_the_other("marie.pk")),
    "a file of another practice": ("documents.SharedDocument", "file", of_the_other("document.file_id")),
    "an account that is here": ("appointments.Appointment", "holder", of_the_other("own.pk")),
    "another practice": ("patients.Patient", "practice", of_the_other("practice.pk")),
    "the limits of another practice": ("notifications.SmsPolicy", "/pk", of_the_other("practice.pk")),
    "the logo of another practice": ("practices.PracticeLogo", "/pk", of_the_other("practice.pk")),
    "a message of another practice": ("notifications.Message", "practice", of_the_other("practice.pk")),
    "the history of another practice": ("audit", "/record", of_the_other("past.pk")),
    "the history of another record": ("audit", "/object", of_the_other("marie.pk")),
    "the trail of another practice": ("audit", "/practice", of_the_other("practice.pk")),
    "an id that is taken": ("appointments.HolderAuthorisation", "/pk", of_the_other("authorisation.pk")),
    "a page instead of a document": ("files.StoredFile", "media_type", "text/html"),
    "another type than the bytes": ("files.StoredFile", "media_type", "image/png"),
    "another size than the bytes": ("files.StoredFile", "size", 12),
    "bytes that are not there": ("files.StoredFile", "sha256", "0" * 64),
    "a script in a written document": ("documents.LibraryVersion", "body", "<p>a</p><script>1</script>"),
    "a questionnaire that is none": ("questionnaires.QuestionnaireVersion", "resource", "{}"),
    "a draft that is none": ("questionnaires.Questionnaire", "draft", "[" * 9000),
    "answers to what is not asked": ("questionnaires.QuestionnaireResponse", "answers", "{}"),
    "a category that nobody has": ("documents.SharedDocument", "category", "grimoire"),
    "an address that runs": ("appointments.Agenda", "video_url", "javascript:alert(1)"),
    "a state that nobody knows": ("appointments.Appointment", "status", "lost"),
    "a field that nobody knows": ("patients.Patient", "colour", "blue"),
    "a secret": ("patients.RecordMerge", "state", {"kept": {}}),
    "a time zone that is none": ("practices.Practice", "time_zone", "Europe/Ys"),
    "no name": ("practices.Practice", "name", ""),
    "a name of spaces": ("practices.Practice", "name", " \u00a0 "),
    "a name that does not show": ("practices.Practice", "name", "\u200b"),
    "a name that is two lines": ("practices.Practice", "name", "Cabinet\r\nBcc: a@b.example"),
    "a language that nobody speaks here": ("practices.Practice", "language", "xx"),
    "a discreet name that is two lines": ("practices.Practice", "discreet_name", "Cabinet\nBcc: a@b.example"),
    "a bell in an address": ("practices.Practice", "address", "1, rue\x07"),
    "a patient who is two lines": ("patients.Patient", "last_name", "Durand\nMartin"),
    "a title of spaces": ("documents.SharedDocument", "title", "   "),
    "a person who is two lines": ("people", "/last_name", "Morel\r\nX"),
    "a name that is too long": ("people", "/last_name", "a" * 101),
}


def test_an_archive_reaches_nothing_but_its_own(
    moved_out: Path, other: House, own_store: Path, tmp_path: Path
) -> None:
    entries = entries_of(moved_out)
    before, files = whole_database(), sorted(own_store.rglob("*"))
    authorisation = HolderAuthorisation.objects.get(appointment__practice=other.practice)
    named = SimpleNamespace(**vars(other), authorisation=authorisation)
    for what, (label, name, value) in HOSTILE.items():
        put = str(value(named)) if isinstance(value, attrgetter) else value

        def change(row: dict[str, Any], name: str = name, put: object = put) -> None:
            (row if name.startswith("/") else row["fields"])[name.removeprefix("/")] = put

        hostile = write(tmp_path / f"{what}.zip", with_row(entries, label, change))
        with pytest.raises(CannotMove):  # noqa: PT012
            import_practice(hostile)
            pytest.fail(what)
        assert whole_database() == before, what
    assert sorted(own_store.rglob("*")) == files


def test_the_command_says_what_it_did(moved_out: Path, house: House) -> None:
    output = io.StringIO()
    call_command("import_practice", str(moved_out), stdout=output, stderr=output)
    assert "2 members are invited" in output.getvalue()
    assert "was of Dr Alice Morellilas" in output.getvalue()
    assert Practice.objects.filter(pk=house.practice.pk).exists()
    with pytest.raises(CommandError, match="Nothing was imported"):
        call_command("import_practice", str(moved_out.parent / "missing.zip"))


def test_members_whom_nobody_can_invite_are_listed(moved_out: Path, tmp_path: Path) -> None:
    entries = entries_of(moved_out)
    about = json.loads(entries[ABOUT])
    about["members"][0]["last_name"] = ""
    changed = write(tmp_path / "changed.zip", {**entries, ABOUT: json.dumps(about).encode()})
    report = import_practice(changed)
    assert report.not_invited == [about["members"][0]["email"]]
    assert len(report.invited) == 1
    assert StoredFile.objects.exists()
    assert uuid.UUID(about["practice"]) == report.practice
