"""Deletes a practice: archives it, then deletes its rows in one transaction, then its files.

Nothing is deleted before the archive is complete, verified and on disk, and rows are deleted all together or not at
all. To complete a killed run, run it again with the same archive.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, OperationalError, transaction
from django.db.models import Model, Q, QuerySet

from accounts.models import OneTimeCode, User
from appointments.models import Appointment
from audit import chain
from audit.models import AuditEvent
from audit.trail import record
from documents.models import SharedDocument
from files import storage
from files.models import StoredFile
from notifications.models import Message
from patients.models import Invitation, Patient
from personal_data.archive import Archive, is_archive_of, manifest_of
from personal_data.erase import ATTEMPTS, Busy
from personal_data.folder import draft_of, place
from personal_data.registry import (
    DECISIONS,
    is_deleted_with,
    models_of_practices,
    references_to_people,
)
from personal_data.report import KEYS, Report
from personal_data.sealing import Sealer
from personal_data.snapshot import snapshot
from practices.members import remove_all_members
from practices.models import Practice


def delete_practice(practice: Practice, archive: Path, passphrase: str | None) -> Report:
    """Archive into the folder `archive`, encrypted if there is a passphrase; then delete.

    Raises folder.CannotWrite, archive.CannotArchive, Busy.
    """

    def may_replace(path: Path) -> bool:  # left by a run that was killed before anything was deleted
        return is_archive_of(path, practice.pk)

    for _attempt in range(ATTEMPTS):
        try:
            with draft_of(archive, may_replace=may_replace) as draft:
                return _archive_and_delete(practice, draft, archive, Sealer.new(passphrase) if passphrase else None)
        except (IntegrityError, OperationalError) as error:  # a concurrent write in the practice
            refusal = error
    raise Busy from refusal


def preview(practice: Practice) -> Report:
    """Report what deletion would do: it is done and rolled back."""
    with transaction.atomic():
        report, _files = _delete_rows(practice)
        transaction.set_rollback(True)
    return report


def delete_without_archive(practice: Practice) -> Report:
    """For a practice without real records. Call it in a transaction; files are removed after its commit."""
    report, files = _delete_rows(practice)
    transaction.on_commit(partial(_remove, files, practice.pk), robust=True)
    return report


def finish(practice: uuid.UUID, archive: Path) -> int | None:
    """Remove the files of a practice whose rows a killed run deleted after archiving it there; returns their number,
    or None if the archive is another practice's."""
    manifest = manifest_of(archive)
    if manifest is None or manifest["practice"] != str(practice):
        return None
    removed = storage.remove_erased(map(uuid.UUID, manifest["documents"]), practice=practice)
    storage.remove_folders(practice)
    return removed


def rows_of(practice: Practice) -> Iterator[tuple[str, QuerySet[Model]]]:
    """Label and rows of each model, in a possible order of deletion."""
    for model, decision in models_of_practices():
        yield model._meta.label, model._base_manager.filter(**{decision.practice: practice.pk})
    yield "files.StoredFile", StoredFile.objects.filter(_named_by(practice))
    yield "notifications.Message", _messages_of(practice)


def _archive_and_delete(practice: Practice, draft: Path, target: Path, sealer: Sealer | None) -> Report:
    content = draft / "content"
    content.mkdir(mode=0o700)
    archive = Archive(content, sealer)
    # before other transactions have to wait for this one
    for stored in StoredFile.objects.filter(_named_by(practice)).iterator():
        _add(archive, stored)
    # Concurrent writes make this transaction fail, never the others. It is then repeated together with the archive.
    with snapshot():
        Practice.objects.select_for_update(no_key=True).get(pk=practice.pk)  # one such command at a time
        digest = _write_rows(practice, archive)
        place(content, target)
        record("practice.deleted", by=None, on=practice, practice=practice, detail={"archive": digest})
        report, files = _delete_rows(practice)
        transaction.on_commit(partial(_remove, files, practice.pk), robust=True)
    return report


def _add(archive: Archive, stored: StoredFile) -> None:
    try:
        archive.add_document(stored)
    except StoredFile.DoesNotExist:
        return  # the document was taken back meanwhile, with its bytes


def _write_rows(practice: Practice, archive: Archive) -> str:
    """Write the archive; returns the SHA-256 of its manifest."""
    files = StoredFile.objects.filter(_named_by(practice))
    archive.keep_only(files.values_list("pk", flat=True))
    for stored in files:
        archive.add_document(stored)
    for label, rows in rows_of(practice):
        if not is_deleted_with(rows.model):  # a many-to-many relation is written with its owner
            archive.add_rows(label, rows, DECISIONS[label].secret)
    archive.add_lines("people", people_of(practice))
    archive.add_lines("audit", trail_of(practice))
    anchor = chain.newest_anchor()
    facts = {
        "practice": str(practice.pk),
        "name": practice.name,
        "audit_anchor": f"{anchor.position}:{anchor.digest}",
    }
    return archive.finish(facts)


def _delete_rows(practice: Practice) -> tuple[Report, list[StoredFile]]:
    """Delete the rows; returns the files whose bytes must be removed next."""
    report = Report()
    invitations = Invitation.objects.filter(patient__practice=practice)
    OneTimeCode.objects.filter(subject_id__in=list(invitations.values_list("pk", flat=True))).delete()
    _erase_operators_log(practice)
    messages = list(_messages_of(practice).values_list("pk", flat=True))
    # Not archived: the archive of the whole practice, and what was taken back and may still be undone.
    beside = Q(practice_export__practice=practice) | Q(undoable_acts__practice=practice)
    files = list(StoredFile.objects.filter(_named_by(practice) | beside).distinct())
    report.count("practices.Membership", remove_all_members(practice=practice, by=None))
    report.delete_by_key("notifications.Message", Message.objects.all(), messages)
    for label, rows in rows_of(practice):
        if not is_deleted_with(rows.model) and label not in ("files.StoredFile", "notifications.Message"):
            report.delete(label, rows)
    report.delete_by_key("files.StoredFile", StoredFile.objects.all(), [one.pk for one in files])
    return report, files


def _remove(files: list[StoredFile], practice: uuid.UUID) -> None:
    for one in files:
        storage.remove(one.key)
    storage.remove_folders(practice)


def _named_by(practice: Practice) -> Q:
    return (
        Q(pk__in=SharedDocument.objects.filter(practice=practice).values("file"))
        | Q(received_document__practice=practice)
        | Q(library_version__document__practice=practice)
    )


def _messages_of(practice: Practice) -> QuerySet[Message]:
    """Messages about its appointments, documents and invitations, and every SMS that counted for it."""
    pairs = SharedDocument.messages.through.objects.filter(shareddocument__practice=practice)
    return Message.objects.filter(
        Q(practice=practice.pk)
        | Q(about=practice.pk)
        | Q(about__in=Appointment.objects.filter(practice=practice).values("pk"))
        | Q(about__in=Patient.every.filter(practice=practice).values("pk"))
        | Q(about__in=Invitation.objects.filter(patient__practice=practice).values("pk"))
        | Q(about__in=practice.colleague_invitations.values("pk"))
        | Q(pk__in=pairs.values("message"))
    )


def people_of(practice: Practice, *more: uuid.UUID) -> Iterator[dict[str, object]]:
    """People to whom the rows refer (and `more`), without their contacts and other data of their accounts."""
    named: set[uuid.UUID | None] = set(more)
    for model, decision in models_of_practices():
        rows = model._base_manager.filter(**{decision.practice: practice.pk})
        for name in references_to_people(model):
            if model._meta.get_field(name).related_model is User:
                named |= set(rows.order_by().values_list(name, flat=True).distinct())
    fields = ("pk", "title", "first_name", "last_name", "professional_number")
    keys = [one for one in named if one]
    for start in range(0, len(keys), KEYS):
        yield from User.objects.filter(pk__in=keys[start : start + KEYS]).order_by("pk").values(*fields)


def trail_of(practice: Practice) -> Iterator[dict[str, object]]:
    """The practice's lines of the trail, each with its places in the chains."""
    return chain.with_places(
        AuditEvent.objects.filter(practice_id=practice.pk).order_by("id").iterator(chunk_size=KEYS)
    )


def _erase_operators_log(practice: Practice) -> None:
    """Django's admin has a log of its own, which contains names."""
    about = Q(pk__in=[])
    for label, rows in rows_of(practice):
        if admin.site.is_registered(rows.model) and label != "notifications.Message":
            ids = [str(pk) for pk in rows.values_list("pk", flat=True)]
            about |= Q(content_type=ContentType.objects.get_for_model(rows.model), object_id__in=ids)
    LogEntry.objects.filter(about).update(object_repr="", change_message="")
