"""Archives that people request of their own data: requested, made by a worker, downloaded, removed after a week."""

from __future__ import annotations

import logging
import tempfile
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.letters import from_site
from accounts.models import User
from audit.trail import record
from files import storage
from jobs.leases import back_off, claim, held
from jobs.nudges import nudge
from notifications.letters import Button, plan_letter
from personal_data.export import DocumentsLost, export
from personal_data.models import DataExport, DataExportState
from personal_data.people import Asked

logger = logging.getLogger(__name__)
ZIP = "application/zip"
LEASE = timedelta(minutes=10)
MAX_ATTEMPTS = 6  # with `back_off`: about ten minutes


@transaction.atomic
def request_export(*, by: User) -> DataExport:
    """Request the archive of everything about `by`; one that is being made already is returned instead.

    A new request removes the former archive.
    """
    User.objects.select_for_update(of=("self",), no_key=True).get(pk=by.pk)  # two requests at once make one archive
    former = DataExport.objects.filter(user=by).first()
    if former and former.state == DataExportState.REQUESTED:
        return former
    if former:
        remove(former)
    requested = DataExport.objects.create(user=by)
    record("account.export_requested", by=by, on=by)
    transaction.on_commit(lambda: nudge("personal_data.tasks.make_exports"))
    return requested


def export_of(user: User) -> DataExport | None:
    """The person's archive, ready or not; None if there is none, or if its week is over."""
    return DataExport.objects.filter(user=user).exclude(pk__in=DataExport.objects.expired().values("pk")).first()


def make_next() -> bool:
    """Make the archive that has waited longest. False if none waits. A killed worker's archive is made again after
    its lease."""
    now = timezone.now()
    for row in claim(DataExport.objects.due(now), size=1, lease=LEASE, now=now):
        _make(row)
        return True
    return False


def _make(row: DataExport) -> None:
    with tempfile.TemporaryDirectory(dir=settings.FILE_UPLOAD_TEMP_DIR, suffix=".export") as folder:
        target = Path(folder) / "archive.zip"
        try:
            export(Asked(account=row.user_id), target)
        except (DocumentsLost, OSError):
            logger.exception("The archive %s could not be made", row.pk)
            _try_later(row)
            return
        _finish(row, target)


def _finish(row: DataExport, archive: Path) -> None:
    stored = storage.keep_path(archive, ZIP, practice=None)
    try:
        with transaction.atomic():
            stored.save()
            now = timezone.now()
            ready = {"state": DataExportState.READY, "ended_at": now, "file": stored, "lease_until": None}
            if not held(row).filter(user__is_active=True).update(**ready):
                transaction.set_rollback(True)  # requested anew, closed, or made by another worker meanwhile
                return
            _plan_message(row.user)
    finally:
        storage.abandon(stored)


def _try_later(row: DataExport) -> None:
    if row.attempts < MAX_ATTEMPTS:
        held(row).update(due_at=timezone.now() + back_off(row.attempts), lease_until=None)
    else:
        held(row).update(state=DataExportState.FAILED, ended_at=timezone.now(), lease_until=None)


def _plan_message(user: User) -> None:
    with translation.override(user.language):
        letter = from_site(
            about=_("Votre archive est prête"),
            paragraphs=[
                _("L’archive que vous avez demandée est prête. Elle peut être téléchargée pendant sept jours.")
            ],
            button=Button(_("Télécharger l’archive"), f"{settings.PUBLIC_URL}{reverse('patient:my-data')}"),
        )
        plan_letter(letter, to=user.email, language=user.language, about=user.pk)


@transaction.atomic
def note_download(*, by: User) -> None:
    record("account.export_downloaded", by=by, on=by)


def remove(archive: DataExport) -> None:
    """Delete the row, and the bytes after the commit."""
    stored = archive.file
    archive.delete()
    if stored:
        storage.purge(stored)


def remove_expired() -> None:
    """Remove archives whose week is over. Harmless when repeated."""
    for pk in list(DataExport.objects.expired().values_list("pk", flat=True)):
        with transaction.atomic():
            expired = DataExport.objects.expired().filter(pk=pk).select_for_update(of=("self",)).first()
            if expired:
                remove(expired)
