"""Rotating a key: everything encrypted with it is encrypted again, despite concurrent changes; then the key may be
dropped."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.apps import apps
from django.conf import settings as real
from django.core.management import call_command
from django.db import connection, models
from django.utils import timezone
from pytest_django import Settings

from accounts import factor_secrets
from accounts.models import User
from appointments.models import Agenda, Appointment
from audit.models import AuditEvent
from docshare import sealed
from docshare.wrong_keys import note_keys, wrong_keys
from documents.models import (
    ActKind,
    Consent,
    FillingDraft,
    LibraryDocument,
    LibraryVersion,
    SharedDocument,
    Task,
    UndoableAct,
)
from files import kept_pages
from files.models import StoredFile
from imports.models import CalendarItem, CalendarSubscription, Import, ImportLine, ImportPart
from notifications.delivery import deliver_due
from notifications.models import Channel, Message, MessageState
from portals.models import IdempotentCall
from practices.models import Practice
from questionnaires.answering import begin_response
from questionnaires.catalogue import import_questionnaire
from sealing.columns import CannotOpen, SealedTextField
from sealing.models import KeyCheck
from signing.certificates import current_credential, revocation_list_of
from signing.key_places import credential_of
from signing.models import InstallationAuthority, SigningCredential
from tests.notifications.conftest import MailServer, make_email
from webhooks.endpoints import add_endpoint
from webhooks.models import WebhookEndpoint

pytestmark = pytest.mark.django_db
ROOT = Path(real.BASE_DIR)
NEW = {"SECRET_KEY": "a new key of the site " * 3, "SIGNING_PASSPHRASE": "a new passphrase, with a comma " * 2}
OPEN_COLUMNS = {  # binary columns that are not secret
    "signing.InstallationAuthority.certificate",
    "signing.InstallationAuthority.revocation_list",
    "signing.SigningCredential.certificate",
    "practices.PracticeLogo.png",
    "signing.SignatureImage.png",
    "documents.ConsentDraft.drawn",
}


def turn_keys(settings: Settings) -> None:
    """Simulates a restart with new keys, and the former ones as fallbacks."""
    for name, key in NEW.items():
        setattr(settings, f"{name}_FALLBACKS", [getattr(settings, name)])
        setattr(settings, name, key)


def drop_former_keys(settings: Settings) -> None:
    for name in NEW:
        setattr(settings, f"{name}_FALLBACKS", [])


def rotate(*options: str) -> tuple[str, int]:
    """Its output, and its exit status."""
    output = StringIO()
    try:
        call_command("rotate_keys", *options, stdout=output)
    except SystemExit as end:
        return output.getvalue(), int(str(end.code))
    return output.getvalue(), 0


def sealed_columns() -> Iterator[tuple[type[models.Model], str]]:
    for kind in sealed.KINDS:
        for column in kind.columns:
            yield kind.model, column


@pytest.fixture
def everything(practice: Practice, alice: User, carol: User, appointment: Appointment) -> dict[str, Any]:
    """One row of each encrypted kind."""
    note_keys()
    secret = generate_totp_secret()
    factor, codes = TOTP.activate(alice, secret), RecoveryCodes.activate(alice)
    endpoint = add_endpoint(practice=practice, url="https://logiciel.example/", events=["document.read"], by=carol)
    call = IdempotentCall.objects.create(
        user=alice, key="k", fingerprint="f", lease_until=timezone.now(), status=201, body='{"id": 1}'
    )
    message = make_email(calendar="BEGIN:VCALENDAR")
    _to_sign(appointment, alice)
    _answers(appointment, alice, carol)
    _refused(appointment, alice)
    credential = current_credential(user=alice)
    job = Import.objects.create(practice=practice, subject="patients", form="csv", name="durand.csv", stage="judging")
    ImportPart.objects.create(job=job, number=1, rows="[]")
    agenda = Agenda.objects.create(practice=practice, name="Salle 2")
    calendar = CalendarSubscription.objects.create(practice=practice, agenda=agenda, name="x", address="https://a.b/")
    CalendarItem.objects.create(subscription=calendar, key="k", state="refused", detail="Le nom manque.")
    ImportLine.objects.create(job=job, part=1, line=1, verdict="refused", detail="Une date manque.")
    return {
        "message": message.pk, "endpoint": endpoint.pk, "secret of endpoint": endpoint.secret, "call": call.pk,
        "factor": factor.instance.pk, "secret of factor": secret, "codes": codes.get_unused_codes(),
        "credential": credential.pk,
    }  # fmt: skip


def _answers(appointment: Appointment, alice: User, carol: User) -> None:
    resource = {"resourceType": "Questionnaire", "status": "active", "title": "Questions"}
    made = import_questionnaire(practice=appointment.practice, resource=resource, by=carol)
    begin_response(appointment=appointment, version=made.versions.get(), by=alice)


def _refused(appointment: Appointment, alice: User) -> None:
    stored = StoredFile.objects.create(key="r", sha256="1" * 64, size=1, media_type="application/pdf")
    shared = SharedDocument.objects.create(
        practice=appointment.practice, patient=appointment.patient, appointment=appointment, file=stored,
        category_id="certificate", title="A", name="a.pdf", audience="patient",
    )  # fmt: skip
    Consent.objects.create(
        practice=appointment.practice, document=shared, state="refused", settled_by=alice, settled_at=timezone.now(),
        sentence="Je préfère en parler.",
    )  # fmt: skip


def _to_sign(appointment: Appointment, alice: User) -> None:
    document = LibraryDocument.objects.create(practice=appointment.practice, title="Arrêt", category_id="certificate")
    stored = StoredFile.objects.create(key="k", sha256="0" * 64, size=1, media_type="application/pdf")
    version = LibraryVersion.objects.create(document=document, number=1, file=stored, name="a.pdf", body="<p>a</p>")
    UndoableAct.objects.create(
        kind=ActKind.CANCEL, by=alice, practice=appointment.practice, appointment=appointment.pk, journal="{}",
        until=timezone.now(),
    )  # fmt: skip
    kept_pages.keep(stored, width=kept_pages.TEXT, contents={1: "Arrêt"})
    FillingDraft.objects.create(user=alice, appointment=appointment, version=version, typed="{}")
    Task.objects.create(
        practice=appointment.practice, appointment=appointment, version=version, category_id="certificate", title="A",
        answers="{}", x=0.8, y=0.9, width=0.25, prepared_by=alice, practitioner=alice, sentence="Non.",
    )  # fmt: skip


def everything_opens(known: dict[str, Any]) -> None:
    from accounts.factor_secrets import opened

    message = Message.objects.get(pk=known["message"])
    assert "/invitation/secret" in message.body
    assert message.calendar == "BEGIN:VCALENDAR"
    assert WebhookEndpoint.objects.get(pk=known["endpoint"]).secret == known["secret of endpoint"]
    assert IdempotentCall.objects.get(pk=known["call"]).body == '{"id": 1}'
    assert opened(Authenticator.objects.get(pk=known["factor"]).data["secret"]) == known["secret of factor"]
    codes = Authenticator.objects.get(type="recovery_codes")
    assert codes.wrap().get_unused_codes() == known["codes"]
    credential = SigningCredential.objects.get(pk=known["credential"])
    assert credential_of(credential).key.sign(b"x")
    assert credential.authority
    assert revocation_list_of(credential.authority)


def test_each_sealed_column_is_in_the_registry() -> None:
    """Otherwise a new column would be lost when the key is dropped."""
    sealed = {f"{model._meta.label}.{column}" for model, column in sealed_columns()}
    columns = {
        f"{model._meta.label}.{field.name}": field
        for model in apps.get_models()
        for field in model._meta.concrete_fields
    }
    assert {name for name, field in columns.items() if isinstance(field, SealedTextField)} <= sealed
    bytes_of_ours = {name for name, field in columns.items() if isinstance(field, models.BinaryField)}
    assert bytes_of_ours - OPEN_COLUMNS <= sealed
    assert sealed <= set(columns)


def test_nobody_seals_otherwise() -> None:
    """Lists the modules that encrypt; other uses must be added to docshare/sealed.py. An archive is a folder with a
    passphrase of its own and not in the database."""
    words = {"Fernet", "MultiFernet", "BestAvailableEncryption", "AESGCM", "ChaCha20Poly1305", "Cipher", "Sealed"}
    found = set()
    for path in ROOT.glob("*/**/*.py"):
        room = path.relative_to(ROOT).parts[0]
        if room in {"tests", "bench", "node_modules", ".venv", "data"}:
            continue
        if not any(word in (text := path.read_text()) for word in words):
            continue
        tree = ast.parse(text)
        names = {each.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for each in node.names}
        attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        if words & (names | attributes):
            found.add(path.relative_to(ROOT).as_posix())
    assert found == {
        "accounts/factor_secrets.py",
        "personal_data/sealing.py",
        "docshare/sealed.py",
        "signing/pdf/keys.py",
        "sealing/columns.py",
        "portals/api/pagination.py",  # cursors, which are not stored
        "portals/stored_pages.py",  # pages of a session, deleted with it
    }


def test_a_turned_key_may_be_dropped_once_everything_is_sealed_again(
    everything: dict[str, Any], settings: Settings
) -> None:
    turn_keys(settings)
    everything_opens(everything)
    assert wrong_keys() == []
    output, status = rotate()
    assert status == 0, output
    assert "SECRET_KEY_FALLBACKS may be emptied" in output
    assert "SIGNING_PASSPHRASE_FALLBACKS may be emptied" in output

    drop_former_keys(settings)
    everything_opens(everything)
    assert wrong_keys() == []
    assert KeyCheck.objects.count() == 2
    rotated = AuditEvent.objects.filter(action="keys.rotated")
    assert {line.detail["secret"] for line in rotated} == {"SECRET_KEY", "SIGNING_PASSPHRASE"}
    assert all(line.detail["left"] == 0 and line.detail["sealed_again"] for line in rotated)


def test_each_kind_is_sealed_again(everything: dict[str, Any], settings: Settings) -> None:
    """The registry's kinds all have a row here, and the former key decrypts none afterwards."""
    former = {name: getattr(settings, name) for name in NEW}
    turn_keys(settings)
    assert all(kind.walk(write=False).former for kind in sealed.KINDS)
    rotate()
    for name, key in former.items():
        setattr(settings, name, key)
    drop_former_keys(settings)
    for kind in sealed.KINDS:
        tally = kind.walk(write=False)
        assert (tally.current, tally.former) == (0, 0), kind.name
        assert tally.unreadable, kind.name


def test_second_factors_that_the_version_before_left_plain_stay_readable_to_it(
    everything: dict[str, Any], settings: Settings
) -> None:
    plain = Authenticator.objects.get(type="totp")
    plain.data = factor_secrets.with_secrets(plain.data, factor_secrets.opened)
    plain.save()
    turn_keys(settings)
    output, status = rotate()
    assert status == 0, output
    assert "SECRET_KEY_FALLBACKS may be emptied" in output
    assert Authenticator.objects.get(pk=plain.pk).data == plain.data
    assert factor_secrets.seal_plain_factors() == 1
    drop_former_keys(settings)
    everything_opens(everything)


def test_what_changes_between_reading_and_writing_is_left_as_it_became(
    everything: dict[str, Any], settings: Settings
) -> None:
    """A message sent meanwhile keeps no text, a recovery code used meanwhile stays used."""
    turn_keys(settings)

    def overtaken(kind: sealed.Kind, meanwhile: Callable[[], object]) -> sealed.RowCounts:
        def seal_again(row: Any) -> sealed.Changes:
            changes = kind.seal_again(row)
            meanwhile()
            return changes

        return dataclasses.replace(kind, seal_again=seal_again).walk(write=True)

    kinds = {kind.name: kind for kind in sealed.KINDS}
    tally = overtaken(kinds["queued messages"], lambda: Message.objects.update(body="", calendar=""))
    assert tally.former == 0
    assert Message.objects.get().body == ""
    codes = Authenticator.objects.get(type="recovery_codes")
    overtaken(kinds["second factors"], lambda: codes.wrap().validate_code(everything["codes"][0]))
    codes.refresh_from_db()
    assert codes.wrap().get_unused_codes() == everything["codes"][1:]


def test_a_dry_run_counts_and_changes_nothing(everything: dict[str, Any], settings: Settings) -> None:
    def rows() -> list[object]:
        found: list[object] = []
        for model, column in sealed_columns():
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT {column} FROM {model._meta.db_table} ORDER BY id")
                found += [bytes(row[0]) if isinstance(row[0], memoryview) else row[0] for row in cursor.fetchall()]
        return found

    turn_keys(settings)
    before, lines = rows(), AuditEvent.objects.count()
    output, status = rotate("--dry-run")
    assert (rows(), AuditEvent.objects.count(), KeyCheck.objects.count()) == (before, lines, 2)
    assert "SECRET_KEY, second factors: 0 under the key in use, 2 to seal again." in output
    assert "SECRET_KEY, queued messages: 0 under the key in use, 1 to seal again." in output
    assert "keep SECRET_KEY_FALLBACKS" in output
    assert status == 1


def test_a_second_run_finds_nothing_and_writes_no_line(everything: dict[str, Any], settings: Settings) -> None:
    turn_keys(settings)
    rotate()
    lines = AuditEvent.objects.count()
    assert "Nothing is sealed under a former SECRET_KEY any more. Run this without" in rotate("--dry-run")[0]
    output, status = rotate()
    assert (status, AuditEvent.objects.count()) == (0, lines)
    assert "0 sealed again, 0 left" in output
    assert "1 sealed again" not in output


def test_a_key_that_was_dropped_too_early_is_asked_for(everything: dict[str, Any], settings: Settings) -> None:
    former = settings.SECRET_KEY
    turn_keys(settings)
    note_keys()
    drop_former_keys(settings)
    output, status = rotate()
    assert status == 1
    assert "neither SECRET_KEY nor in SECRET_KEY_FALLBACKS: put it back" in output
    assert "1 that no key given opens" in output
    assert any("former SECRET_KEY that is not in SECRET_KEY_FALLBACKS" in sentence for sentence in wrong_keys())

    settings.SECRET_KEY_FALLBACKS = [former]
    assert "SECRET_KEY_FALLBACKS may be emptied" in rotate()[0]


def test_a_key_that_is_turned_before_any_was_noted_is_asked_for_too(
    everything: dict[str, Any], settings: Settings
) -> None:
    """An installation of a version without check values, upgraded and given new keys in one step."""
    KeyCheck.objects.all().delete()
    turn_keys(settings)
    note_keys()
    former = {name: getattr(settings, f"{name}_FALLBACKS") for name in NEW}
    drop_former_keys(settings)
    assert len(wrong_keys()) == len(NEW)
    for name, keys in former.items():
        setattr(settings, f"{name}_FALLBACKS", keys)
    assert rotate()[1] == 0
    drop_former_keys(settings)
    assert wrong_keys() == []
    everything_opens(everything)


def test_links_in_mailboxes_that_the_former_key_signed_are_counted(
    everything: dict[str, Any], settings: Settings, appointment: Appointment
) -> None:
    from documents.models import DocumentLink

    DocumentLink.objects.create(appointment=appointment, email="marie.durand@courriel.example")
    turn_keys(settings)
    output, _status = rotate()
    assert "1 links in patients' mailboxes were signed by the former SECRET_KEY" in output


def test_a_lost_passphrase_is_given_up_and_practitioners_sign_again(
    everything: dict[str, Any], settings: Settings, alice: User
) -> None:
    settings.SIGNING_PASSPHRASE = NEW["SIGNING_PASSPHRASE"]
    assert any("SIGNING_PASSPHRASE is not the key" in sentence for sentence in wrong_keys())
    output, status = rotate("--give-up", "SIGNING_PASSPHRASE")
    assert status == 0
    assert "2 certificates and authorities were retired" in output
    assert wrong_keys() == []
    assert AuditEvent.objects.filter(action="keys.given_up").count() == 1
    assert credential_of(current_credential(user=alice)).key.sign(b"x")
    assert InstallationAuthority.objects.count() == 2


def test_a_lost_secret_key_is_given_up_and_what_it_sealed_fails_one_by_one(
    everything: dict[str, Any], settings: Settings, mail_server: MailServer
) -> None:
    settings.SECRET_KEY = NEW["SECRET_KEY"]
    assert rotate("--give-up", "SECRET_KEY")[1] == 0
    assert wrong_keys() == []
    deliver_due(Channel.EMAIL)
    assert Message.objects.get(pk=everything["message"]).state == MessageState.FAILED
    assert mail_server.received == []
    assert rotate()[1] == 0


def test_a_key_that_is_there_is_not_given_up(everything: dict[str, Any]) -> None:
    from django.core.management import CommandError

    with pytest.raises(CommandError, match="nothing to give up"):
        call_command("rotate_keys", "--give-up", "SECRET_KEY")


def test_saving_a_row_that_cannot_be_opened_keeps_what_it_holds(
    everything: dict[str, Any], settings: Settings
) -> None:
    former = settings.SECRET_KEY
    settings.SECRET_KEY = NEW["SECRET_KEY"]
    message = Message.objects.get(pk=everything["message"])
    message.attempts = 3
    message.save()
    with pytest.raises(CannotOpen):
        _ = message.body
    settings.SECRET_KEY = former
    everything_opens(everything)
