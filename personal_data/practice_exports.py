"""Archives that administrators request of their practice: made by a worker, downloaded, removed after a week.

One at a time for each practice, so that a practice can't fill the disk. Every administrator is written to about each
request and each download: whoever takes everything away does not do so unnoticed.
"""

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
from files import sandbox, storage
from jobs.leases import back_off, claim, held
from jobs.nudges import nudge
from notifications.letters import Button, plan_letter
from notifications.wording import moment, unlinked
from personal_data.models import DataExportState, PracticeExport
from personal_data.moving.layout import CannotMove
from personal_data.moving.out import write_archive
from practices.models import Membership, Practice
from practices.roles import require_administrator

logger = logging.getLogger(__name__)
ZIP = "application/zip"
LEASE = timedelta(minutes=10)
RENEWED = 100  # documents, after which the lease is renewed
MAX_ATTEMPTS = 6  # with `back_off`: about ten minutes


@transaction.atomic
def request_practice_export(*, practice: Practice, by: User) -> PracticeExport:
    """Request the archive; one that is being made already is returned instead. A new request removes the former
    archive. Raises NotAllowed."""
    require_administrator(by, practice)
    Practice.objects.select_for_update(of=("self",), no_key=True).get(pk=practice.pk)
    former = PracticeExport.objects.filter(practice=practice).first()
    if former and former.state == DataExportState.REQUESTED:
        return former
    if former:
        remove(former)
    requested = PracticeExport.objects.create(practice=practice, requested_by=by)
    record("practice.export_requested", by=by, on=practice, practice=practice)
    _tell_administrators(practice, by, downloaded=False)
    transaction.on_commit(lambda: nudge("personal_data.tasks.make_practice_exports"))
    return requested


def export_of_practice(practice: Practice) -> PracticeExport | None:
    """Ready or not; None if there is none, or if its week is over."""
    exports = PracticeExport.objects.filter(practice=practice).select_related("file", "requested_by")
    return exports.exclude(pk__in=PracticeExport.objects.expired().values("pk")).first()


def make_next() -> bool:
    """Make the archive that has waited longest. False if none waits. A killed worker's archive is made again after
    its lease."""
    now = timezone.now()
    for row in claim(PracticeExport.objects.due(now), size=1, lease=LEASE, now=now):
        _make(row)
        return True
    return False


@transaction.atomic
def note_practice_download(*, archive: PracticeExport, by: User) -> None:
    """Before any byte leaves. Raises NotAllowed."""
    practice = archive.practice
    require_administrator(by, practice)
    record("practice.export_downloaded", by=by, on=practice, practice=practice)
    _tell_administrators(practice, by, downloaded=True)


def remove(archive: PracticeExport) -> None:
    """Delete the row, and the bytes after the commit."""
    stored = archive.file
    archive.delete()
    if stored:
        storage.purge(stored)


def remove_expired() -> None:
    """Remove archives whose week is over. Harmless when repeated."""
    for pk in list(PracticeExport.objects.expired().values_list("pk", flat=True)):
        with transaction.atomic():
            expired = PracticeExport.objects.expired().filter(pk=pk).select_for_update(of=("self",)).first()
            if expired:
                remove(expired)


class _Lost(Exception):
    """The row was requested anew, deleted, or taken by another worker."""


def _make(row: PracticeExport) -> None:
    def progress(copied: int, documents: int) -> None:
        if copied % RENEWED == 0 or copied == documents:
            _renew(row, copied=copied, documents=documents)

    folder = settings.FILE_UPLOAD_TEMP_DIR
    with tempfile.TemporaryDirectory(dir=folder, suffix=sandbox.SCRATCH) as scratch:
        target = Path(scratch) / "archive.zip"
        try:
            write_archive(row.practice, target, progress)
            _finish(row, target)
        except _Lost:
            return
        except (CannotMove, OSError):
            logger.exception("The archive %s of a practice could not be made", row.pk)
            _try_later(row)


def _renew(row: PracticeExport, **progress: int) -> None:
    """Raises _Lost."""
    until = timezone.now() + LEASE
    if not held(row).update(lease_until=until, **progress):
        raise _Lost
    row.lease_until = until


def _finish(row: PracticeExport, archive: Path) -> None:
    stored = storage.keep_path(archive, ZIP, practice=row.practice_id)
    try:
        with transaction.atomic():
            stored.save()
            ready = {"state": DataExportState.READY, "ended_at": timezone.now(), "file": stored, "lease_until": None}
            if not held(row).update(**ready):
                transaction.set_rollback(True)
                return
            _tell_it_is_ready(row)
    finally:
        storage.abandon(stored)


def _try_later(row: PracticeExport) -> None:
    if row.attempts < MAX_ATTEMPTS:
        held(row).update(due_at=timezone.now() + back_off(row.attempts), lease_until=None)
    else:
        held(row).update(state=DataExportState.FAILED, ended_at=timezone.now(), lease_until=None)


def _tell_it_is_ready(row: PracticeExport) -> None:
    user = row.requested_by
    with translation.override(user.language):
        letter = from_site(
            about=_("L’archive de votre cabinet est prête"),
            paragraphs=[
                _("L’archive que vous avez demandée est prête. Elle peut être téléchargée pendant sept jours.")
            ],
            button=Button(_("Télécharger l’archive"), _page()),
        )
        plan_letter(letter, to=user.email, language=user.language, about=row.practice_id)


def _tell_administrators(practice: Practice, by: User, *, downloaded: bool) -> None:
    administrators = Membership.objects.in_force().filter(practice=practice, is_admin=True).select_related("user")
    for one in administrators.order_by("pk"):
        user = one.user
        with translation.override(user.language), timezone.override(practice.zone):
            facts = {
                "who": unlinked(by.get_full_name() or by.email),
                "when": moment(timezone.now()),
                "name": unlinked(practice.name_in_messages),
            }
            about = _("L’archive de votre cabinet a été téléchargée")
            sentence = _("%(who)s a téléchargé l’archive complète du cabinet « %(name)s », le %(when)s.")
            if not downloaded:
                about = _("L’archive de votre cabinet a été demandée")
                sentence = _("%(who)s a demandé l’archive complète du cabinet « %(name)s », le %(when)s.")
            letter = from_site(
                about=about,
                paragraphs=[
                    sentence % facts,
                    _(
                        "Elle contient tous les dossiers du cabinet. Si ce n’était pas prévu, parlez-en à cette "
                        "personne."
                    ),
                ],
                button=Button(_("Voir l’archive du cabinet"), _page()),
            )
            plan_letter(letter, to=user.email, language=user.language, about=practice.pk)


def _page() -> str:
    return f"{settings.PUBLIC_URL}{reverse('practitioner:practice-archive')}"
