"""What `make run` shows of the demo, and `demo --remove`, which takes all of it and nothing else."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment, AppointmentStatus, OpeningHours
from audit.models import AuditEvent
from docshare.demo.load import PRACTICE_ID, load
from docshare.demo.rich import enrich
from documents.models import AutoSend, SharedDocument
from notifications.channels.outbox import write_file
from notifications.models import Message
from patients.models import Patient, RecordTie, Relationship
from practices.members import add_member
from practices.models import Practice, Role

# The trail is never deleted; the other two are the installation's.
STAYS = {"audit.AuditEvent", "audit.AuditSeal", "signing.InstallationAuthority", "accounts.RateCount"}
Rows = dict[str, list[Any]]


def everything() -> Rows:
    return {
        model._meta.label: sorted(map(str, model._base_manager.values()))
        for model in apps.get_models(include_auto_created=True)
        if model._meta.label not in STAYS and not model._meta.proxy and model._meta.managed
    }


def remove(*options: str) -> str:
    output = io.StringIO()
    call_command("demo", "--remove", *options, stdout=output)
    return output.getvalue()


@pytest.mark.django_db
def test_it_shows_everything_in_the_opening_hours_and_a_second_run_changes_nothing() -> None:
    load()
    enrich()
    shows_rules_instructions_weeks_and_documents_in_every_state()
    shows_appointments_in_the_opening_hours()
    before, lines = everything(), AuditEvent.objects.count()
    load()
    enrich()
    assert everything() == before
    assert AuditEvent.objects.count() == lines


def shows_rules_instructions_weeks_and_documents_in_every_state() -> None:
    practice = Practice.objects.get(pk=PRACTICE_ID)
    assert practice.auto_send_rules.count() == practice.instructions.count() == 2
    documents = SharedDocument.objects.filter(practice=practice, library_version=None)
    assert documents.count() == documents.exclude(signed_at=None).count() == 3
    assert documents.filter(first_read_at=None).count() == 2
    assert Message.objects.filter(state="failed").count() == 1
    assert Message.objects.filter(state="delivered").exists()
    assert SharedDocument.objects.filter(practice=practice).exclude(library_version=None).exists()
    assert AutoSend.objects.exists()
    appointments = Appointment.objects.filter(practice=practice)
    assert appointments.filter(status=AppointmentStatus.CANCELLED).count() == 2
    days = {one.local_start.date() for one in appointments.select_related("practice")}
    assert (max(days) - min(days)).days >= 20
    assert min(days) < timezone.localdate(timezone=practice.zone) < max(days)


def shows_appointments_in_the_opening_hours() -> None:
    for one in Appointment.objects.select_related("practice", "agenda"):
        start, end = one.local_start, one.local_end
        open_then = OpeningHours.objects.filter(
            agenda=one.agenda, weekday=start.weekday(), opens_at__lte=start.time(), closes_at__gte=end.time()
        )
        assert open_then.exists(), (start, one.agenda.name)


@pytest.mark.django_db(transaction=True)
def test_it_goes_whole_and_another_practice_stays_as_it_was(
    appointment: Appointment, alice_signs: User, hugo: User, receive: Any, prescription: Any,
    files_in_store: Callable[[], list[Path]],
) -> None:  # fmt: skip
    from documents.sharing.share import share_upload

    share_upload(
        appointment=appointment,
        intake=receive(),
        category=prescription,
        title="À nous",
        placement=None,
        by=alice_signs,
    )
    before, files = everything(), {path: path.read_bytes() for path in files_in_store()}
    load()
    enrich()
    assert len(files_in_store()) > len(files)
    demos, ours = Message.objects.filter(practice=PRACTICE_ID).first(), uuid.uuid4()
    assert demos
    sent, of_practice = (write_file(str(one), ".eml", b"") for one in (demos.pk, ours))
    assert "first_run" in remove()
    assert not sent.exists()
    assert of_practice.exists()
    of_practice.unlink()
    assert everything() == before
    assert {path: path.read_bytes() for path in files_in_store()} == files
    assert AuditEvent.objects.filter(action="practice.deleted", practice_id=PRACTICE_ID).exists()
    with pytest.raises(CommandError, match="is not loaded"):
        remove()
    load()  # and it comes again
    assert Practice.objects.filter(pk=PRACTICE_ID).exists()


@pytest.mark.django_db(transaction=True)
def test_what_was_added_to_it_is_named_and_stays_until_one_says_otherwise(alice: User, hugo: User) -> None:
    load()
    practice = Practice.objects.get(pk=PRACTICE_ID)
    add_member(user=alice, practice=practice, roles=[Role.READER], by=None)
    RecordTie.objects.create(
        user=hugo, patient=practice.patients.get(last_name="Durand"), relationship=Relationship.SELF
    )
    Patient.objects.create(practice=practice, first_name="Ana", last_name="Costa", birth_date="1990-01-01")
    before = everything()
    with pytest.raises(CommandError) as refused:
        remove()
    for named in (alice.email, hugo.email, "the patient Ana Costa", "--with-additions"):
        assert named in str(refused.value)
    assert everything() == before
    remove("--with-additions")
    assert not Practice.objects.filter(pk=PRACTICE_ID).exists()
    assert set(User.objects.all()) == {alice, hugo}


@pytest.mark.django_db(transaction=True)
def test_a_demo_account_at_work_in_another_practice_stops_it(other_practice: Practice) -> None:
    load()
    claire = User.objects.get(email="admin@lilas.example")
    add_member(user=claire, practice=other_practice, roles=[Role.ADMIN], by=None)
    before = everything()
    for options in ((), ("--with-additions",)):
        with pytest.raises(CommandError, match="member of Centre du Port"):
            remove(*options)
        assert everything() == before
