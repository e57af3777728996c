"""`manage.py explain_document`: names what blocks a document, as the site behaves, without personal data."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from appointments.authorisation import authorise_holder, withdraw_authorisation
from appointments.cancelling import cancel
from appointments.models import Appointment, BookedFor
from documents.library.catalogue import archive
from documents.models import AutoSend, Category, LibraryDocument, SharedDocument
from documents.sending.autosend import do_not_send, send_due
from documents.sending.rules import RuleContent, save_rule, switch_rule
from documents.sharing.share import share_upload, take_back
from files import storage
from files.intake import Intake
from notifications.causes import Cause
from notifications.delivery import deliver_due
from notifications.models import Channel, Message, MessageState
from patients.models import Patient, RecordTie
from tests.conftest import BookFixture, make_user

pytestmark = pytest.mark.django_db
Share = Callable[..., SharedDocument]
PERSONAL = ("Marie", "Durand", "Hugo", "Martin", "Alice", "Bob", "@", "+336", "Ordonnance", "Plan", "Lilas")


def explained(pk: uuid.UUID, *options: str) -> tuple[str, str]:
    """All lines; and those that name a possible reason."""
    output = io.StringIO()
    call_command("explain_document", str(pk), *options, stdout=output, stderr=io.StringIO())
    text = output.getvalue()
    if "--names" not in options:
        assert not [word for word in PERSONAL if word in text]
    return text, "\n".join(line for line in text.splitlines() if line.startswith("!"))


@pytest.fixture
def share(bob: User, appointment: Appointment, prescription: Category, receive: Callable[..., Intake]) -> Share:
    def _share(at: Appointment = appointment) -> SharedDocument:
        return share_upload(
            appointment=at, intake=receive(), category=prescription, title="Ordonnance", placement=None, by=bob
        )

    return _share


@pytest.fixture
def sending(book_for: BookFixture, marie: Patient, carol: User, access_plan: LibraryDocument) -> AutoSend:
    save_rule(practice=marie.practice, content=RuleContent(name="Plan", documents=[access_plan]), by=carol)
    book_for(marie)
    return AutoSend.objects.get()


@pytest.fixture
def maries_account(marie: Patient) -> User:
    user = make_user("marie.durand@courriel.example", "Marie", "Durand", mobile="+33612345678")
    RecordTie.objects.create(
        user=user, patient=marie, relationship="self", proved_email=user.email, proved_mobile="+33612345678"
    )
    return user


def test_a_message_that_the_server_refused_is_the_reason(share: Share) -> None:
    document = share()
    Message.objects.update(state=MessageState.FAILED, cause=Cause.ADDRESS_UNKNOWN, last_error="SMTP 550 5.1.1")
    text, stops = explained(document.pk)
    assert "! notice: email" in stops
    assert "the last failed: address_unknown SMTP 550 5.1.1" in stops
    assert "no account sees it" in stops
    assert "reading: its recipient has not opened it" in text


def test_each_try_of_a_dead_server_is_counted(share: Share, settings: Settings) -> None:
    document = share()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    for _ in range(2):
        Message.objects.update(due_at=timezone.now())
        deliver_due(Channel.EMAIL)
    stops = explained(document.pk)[1]
    assert "queued" in stops
    assert "2 tries, the last failed: unreachable SMTP, next try" in stops


def test_a_document_that_arrived_has_no_reason(
    share: Share, maries_account: User, sign_in: Callable[[User], Client]
) -> None:
    document = share()
    Message.objects.update(state=MessageState.SENT, sent_at=timezone.now())
    sign_in(maries_account).post(f"/documents/{document.pk}/download/")
    text, stops = explained(document.pk)
    assert stops == ""
    assert f"may see: {maries_account.pk}: yes; tied as self" in text
    assert "storage: its bytes are as they were kept" in text
    assert "document.shared" in text


def test_a_way_that_ended_is_not_the_way_by_which_the_account_sees_it_today(
    share: Share, maries_account: User
) -> None:
    RecordTie.objects.update(ended_at=timezone.now(), end="replaced")
    old = RecordTie.objects.get()
    document = share()
    RecordTie.objects.create(
        user=maries_account,
        patient=old.patient,
        relationship="self",
        proved_email=old.proved_email,
        proved_mobile=old.proved_mobile,
    )
    lines = [line for line in explained(document.pk)[0].splitlines() if "may see" in line and "tied as" in line]
    assert [": yes;" in line for line in lines] == [False, True]
    assert "ended" in lines[0]


@pytest.mark.parametrize("change", ["ended", "suspended", "inactive", "guardian"])
def test_an_account_that_does_not_see_it_is_told_and_why(share: Share, maries_account: User, change: str) -> None:
    tie = RecordTie.objects.get()
    before = timezone.now() - timedelta(hours=1)
    match change:
        case "ended":
            tie.ended_at, tie.end = before, "staff"
        case "suspended":
            tie.suspended_at = before
        case "guardian":
            tie.relationship = "guardian"
    tie.save()
    document = share()
    User.objects.filter(pk=maries_account.pk).update(is_active=change != "inactive")
    stops = explained(document.pk)[1]
    why = {
        "ended": "(staff)",
        "suspended": "suspended",
        "inactive": "(inactive): no",
        "guardian": "such a tie does not show this document",
    }[change]
    line = next(line for line in stops.splitlines() if str(maries_account.pk) in line)
    assert why in line
    assert ": no; " in line


def test_a_withdrawn_authorisation_is_the_reason(
    share: Share, book_for: BookFixture, marie: Patient, hugo: User, bob: User
) -> None:
    Patient.objects.update(email=None, mobile=None)
    marie.refresh_from_db()
    appointment = book_for(marie, holder=hugo, booked_for=BookedFor.ADULT_RELATIVE)
    authorise_holder(appointment=appointment, by=bob)
    document = share(appointment)
    withdraw_authorisation(appointment=appointment, by=bob)
    stops = explained(document.pk)[1]
    assert "the authorisation was withdrawn" in stops
    assert "needs_authorisation" in stops


def test_bytes_that_changed_are_the_reason(share: Share) -> None:
    document = share()
    with storage.local_copy(document.file) as path:
        path.chmod(0o600)
        path.write_bytes(path.read_bytes() + b"x")
    assert "! storage: size is" in explained(document.pk)[1]


def test_a_sending_that_nobody_may_receive_says_so(sending: AutoSend) -> None:
    Patient.objects.update(email=None, mobile=None)
    send_due()
    stops = explained(sending.pk)[1]
    assert "missing_contact" in stops
    assert "it could go by no channel" in stops
    assert "planned" in stops


def test_staff_who_said_no_are_the_reason(sending: AutoSend, carol: User) -> None:
    do_not_send(sending=sending, by=carol)
    assert "staff said not to send it" in explained(sending.pk)[1]


def test_a_rule_that_was_stopped_and_a_document_that_was_archived_are_reasons(
    sending: AutoSend, carol: User, access_plan: LibraryDocument
) -> None:
    switch_rule(rule=sending.rule, active=False, by=carol)
    stops = explained(sending.pk)[1]
    assert "does not match the appointment now" in stops
    assert "its rule would send it no more" in stops
    switch_rule(rule=sending.rule, active=True, by=carol)
    assert "does not match" not in explained(sending.pk)[0]
    archive(document=access_plan, by=carol)
    assert "its rule would send it no more" in explained(sending.pk)[1]


def test_a_cancelled_appointment_is_the_reason(sending: AutoSend, bob: User) -> None:
    cancel(appointment=sending.appointment, by=bob)
    assert "! appointment:" in explained(sending.pk)[1]


def test_an_automatic_document_is_explained_by_either_id(sending: AutoSend) -> None:
    assert send_due() == 1
    sending.refresh_from_db()
    assert sending.shared_id
    text = explained(sending.pk)[0]
    assert "link: " in text
    assert ": open" in text
    assert explained(sending.shared_id)[0].startswith("  rule: ")


def test_what_was_taken_back_is_explained_from_the_history(share: Share, bob: User) -> None:
    document = share()
    take_back(document=document, by=bob)
    text, stops = explained(document.pk)
    assert "it is gone" in stops
    assert "document.taken_back" in text


def test_names_only_if_asked_for(share: Share, marie: Patient) -> None:
    text = explained(share().pk, "--names")[0]
    for word in ("Marie Durand", "marie.durand@courriel.example", "Bob"):
        assert word in text


def test_an_id_that_nobody_knows_gets_a_sentence() -> None:
    with pytest.raises(CommandError, match="has this id"):
        explained(uuid.uuid4())
