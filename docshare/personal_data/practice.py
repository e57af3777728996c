"""Deleting a practice: archived first, then its rows in one transaction, then its files.

Nothing of it is gone before the archive is whole, read back and on disk, and nothing is half gone: rows go together.
A run that was killed is ended by running it again with the same archive.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, OperationalError, transaction
from django.db.models import Model, Q, QuerySet

from accounts.models import OneTimeCode, User
from appointments.models import Appointment
from audit import chain
from audit.models import AuditEvent, AuditSeal
from audit.trail import record
from docshare.personal_data.archive import Archive, is_archive_of, manifest_of
from docshare.personal_data.erase import ATTEMPTS, Busy
from docshare.personal_data.folder import draft_of, place
from docshare.personal_data.registry import (
    DECISIONS,
    is_settled_by_deleting,
    models_of_practices,
    references_to_people,
)
from docshare.personal_data.report import Report
from docshare.personal_data.sealing import Sealer
from docshare.personal_data.snapshot import snapshot
from documents.models import SharedDocument
from files import storage
from files.models import StoredFile
from notifications.models import Message
from patients.models import Invitation, Patient
from practices.members import remove_member
from practices.models import Practice


def delete_practice(practice: Practice, archive: Path, passphrase: str | None) -> Report:
    """Archive into the folder `archive`, encrypted with a passphrase; then delete.

    Raises folder.CannotWrite, archive.CannotArchive, Busy.
    """

    def may_replace(path: Path) -> bool:  # of a run that was killed before anything was deleted
        return is_archive_of(path, practice.pk)

    for _attempt in range(ATTEMPTS):
        try:
            with draft_of(archive, may_replace=may_replace) as draft:
                return _archive_and_delete(practice, draft, archive, Sealer.new(passphrase) if passphrase else None)
        except (IntegrityError, OperationalError) as error:  # somebody wrote in the practice meanwhile
            refusal = error
    raise Busy from refusal


def preview(practice: Practice) -> Report:
    """What deleting would do: it is done, and taken back."""
    with transaction.atomic():
        report, _files = _delete_rows(practice)
        transaction.set_rollback(True)
    return report


def finish(practice: uuid.UUID, archive: Path) -> int | None:
    """Remove the files of a practice that a killed run deleted and archived there. How many were left; None where the
    archive is not of this practice."""
    manifest = manifest_of(archive)
    if manifest is None or manifest["practice"] != str(practice):
        return None
    return storage.remove_erased(uuid.UUID(pk) for pk in manifest["documents"])


def rows_of(practice: Practice) -> Iterator[tuple[str, QuerySet[Model]]]:
    """Label and rows of each model, in the order in which they can be deleted."""
    for model, decision in models_of_practices():
        yield model._meta.label, model._default_manager.filter(**{decision.practice: practice.pk})
    yield "files.StoredFile", StoredFile.objects.filter(_named_by(practice))
    yield "notifications.Message", _messages_of(practice)


def _archive_and_delete(practice: Practice, draft: Path, target: Path, sealer: Sealer | None) -> Report:
    content = draft / "content"
    content.mkdir(mode=0o700)
    archive = Archive(content, sealer)
    for stored in StoredFile.objects.filter(_named_by(practice)).iterator():  # before anybody has to wait for us
        _add(archive, stored)
    # What others write meanwhile makes this transaction fail, and never theirs: it is tried again, archive and all.
    with snapshot():
        Practice.objects.select_for_update(no_key=True).get(pk=practice.pk)  # one such command at a time
        digest = _write_rows(practice, archive)
        place(content, target)
        record("practice.deleted", by=None, on=practice, practice=practice, detail={"archive": digest})
        report, files = _delete_rows(practice)
        transaction.on_commit(lambda: _remove(files), robust=True)
    return report


def _add(archive: Archive, stored: StoredFile) -> None:
    try:
        archive.add_document(stored)
    except StoredFile.DoesNotExist:
        return  # taken back meanwhile, with its bytes


def _write_rows(practice: Practice, archive: Archive) -> str:
    """SHA-256 of the manifest."""
    files = StoredFile.objects.filter(_named_by(practice))
    archive.keep_only(files.values_list("pk", flat=True))
    for stored in files:
        archive.add_document(stored)
    for label, rows in rows_of(practice):
        if not is_settled_by_deleting(rows.model):  # a relation is written with the row that has it
            archive.add_rows(label, rows, DECISIONS[label].secret)
    archive.add_lines("people", _people(practice))
    archive.add_lines("audit", _trail(practice))
    anchor = chain.newest_anchor()
    facts = {
        "practice": str(practice.pk),
        "name": practice.name,
        "audit_anchor": f"{anchor.position}:{anchor.digest}",
    }
    return archive.finish(facts)


def _delete_rows(practice: Practice) -> tuple[Report, list[StoredFile]]:
    """The files whose rows are gone, for their bytes to follow."""
    report = Report()
    invitations = Invitation.objects.filter(patient__practice=practice)
    OneTimeCode.objects.filter(subject_id__in=list(invitations.values_list("pk", flat=True))).delete()
    _erase_operators_log(practice)
    members = list(practice.memberships.select_related("user", "practice"))
    messages = list(_messages_of(practice).values_list("pk", flat=True))
    files = list(StoredFile.objects.filter(_named_by(practice)))
    for membership in members:
        remove_member(membership=membership, by=None)
    report.count("practices.Membership", len(members))
    report.delete_by_key("notifications.Message", Message.objects.all(), messages)
    for label, rows in rows_of(practice):
        if not is_settled_by_deleting(rows.model) and label not in ("files.StoredFile", "notifications.Message"):
            report.delete(label, rows)
    report.delete_by_key("files.StoredFile", StoredFile.objects.all(), [one.pk for one in files])
    return report, files


def _remove(files: list[StoredFile]) -> None:
    for one in files:
        storage.remove(one.key)


def _named_by(practice: Practice) -> Q:
    return Q(pk__in=SharedDocument.objects.filter(practice=practice).values("file")) | Q(
        library_version__document__practice=practice
    )


def _messages_of(practice: Practice) -> QuerySet[Message]:
    """Of its appointments, documents and invitations; and every SMS that counted for it."""
    pairs = SharedDocument.messages.through.objects.filter(shareddocument__practice=practice)
    return Message.objects.filter(
        Q(practice=practice.pk)
        | Q(about__in=Appointment.objects.filter(practice=practice).values("pk"))
        | Q(about__in=Patient.objects.filter(practice=practice).values("pk"))
        | Q(about__in=Invitation.objects.filter(patient__practice=practice).values("pk"))
        | Q(pk__in=pairs.values("message"))
    )


def _people(practice: Practice) -> Iterator[object]:
    """Whoever the rows name: without contacts, and without anything of the account."""
    named: set[object] = set()
    for model, decision in models_of_practices():
        rows = model._default_manager.filter(**{decision.practice: practice.pk})
        for name in references_to_people(model):
            if model._meta.get_field(name).related_model is User:
                named |= set(rows.order_by().values_list(name, flat=True).distinct())
    fields = ("pk", "title", "first_name", "last_name", "professional_number")
    yield from User.objects.filter(pk__in=[one for one in named if one]).order_by("pk").values(*fields)


def _trail(practice: Practice) -> Iterator[object]:
    for line in AuditEvent.objects.filter(practice_id=practice.pk).order_by("id").iterator(chunk_size=1000):
        seal = AuditSeal.objects.filter(event_id=line.pk).first()
        yield {
            **chain.facts(line),
            "position": seal.position if seal else None,
            "digest": seal.digest if seal else None,
        }


def _erase_operators_log(practice: Practice) -> None:
    """Django's admin writes names into its own log."""
    about = Q(pk__in=[])
    for label, rows in rows_of(practice):
        if admin.site.is_registered(rows.model) and label != "notifications.Message":
            ids = [str(pk) for pk in rows.values_list("pk", flat=True)]
            about |= Q(content_type=ContentType.objects.get_for_model(rows.model), object_id__in=ids)
    LogEntry.objects.filter(about).update(object_repr="", change_message="")
