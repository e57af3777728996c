"""Judges the installation's own parts: workers, scheduler, sendings, disk, backups, fsck."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from appointments.models import Reminder
from docshare.health import disk, runs
from docshare.health.findings import Finding, State
from docshare.health.names import name_of, remedy_of
from documents.models import AutoSend
from documents.models.autosend import AutoSendState
from jobs import heartbeat
from notifications.wording import moment_anywhere
from portals.templatetags.presentation import bytes_size

STARTED = time.monotonic()
GRACE_SECONDS = 60  # after a start: workers and scheduler may be starting, too
LATE = timedelta(minutes=5)
FAILING = 4  # attempts that ended in an exception; an attempt that finds no recipient resets the count


def moment(at: datetime) -> str:
    """A day and time with its offset from UTC, because the installation belongs to no practice."""
    with timezone.override(timezone.get_default_timezone()):
        return moment_anywhere(at)


def ill(part: str, sentence: str) -> Finding:
    return Finding(part, name_of(part), State.ILL, sentence, remedy_of(part))


def well(part: str, sentence: str) -> Finding:
    return Finding(part, name_of(part), State.WELL, sentence)


def workers(beats: dict[str, datetime]) -> Finding:
    """Unknown while the scheduler is silent, because it queues the workers' heartbeat task."""
    return _silence("workers", beats.get(heartbeat.WORKER), heartbeat.is_silent(beats.get(heartbeat.SCHEDULER)))


def scheduler(beats: dict[str, datetime]) -> Finding:
    return _silence("scheduler", beats.get(heartbeat.SCHEDULER), False)


def _silence(part: str, at: datetime | None, nobody_asks: bool) -> Finding:
    if not heartbeat.is_silent(at):
        return well(part, _("Travaille."))
    if time.monotonic() - STARTED <= GRACE_SECONDS:
        return Finding(part, name_of(part), State.UNKNOWN, _("Le site vient de démarrer."))
    if nobody_asks:
        return Finding(part, name_of(part), State.UNKNOWN, _("Le planificateur ne donne aucun travail."))
    if at is None:
        return ill(part, _("N’a jamais travaillé."))
    return ill(part, _("N’a plus travaillé depuis le %(moment)s.") % {"moment": moment(at)})


def sendings(beats: dict[str, datetime]) -> Finding:
    """Sendings that no worker attempts. One that waits for contacts or an authorisation is up to the practice."""
    late = timezone.now() - LATE
    untried = untried_sendings(late).count()
    untried += Reminder.objects.due(late).count()
    if not untried:
        return well("sendings", _("Rien n’est en retard."))
    sentence = ngettext(
        "%(count)s envoi est en retard de plus de cinq minutes.",
        "%(count)s envois sont en retard de plus de cinq minutes.",
        untried,
    )
    return ill("sendings", sentence % {"count": untried})


def untried_sendings(now: datetime | None = None) -> QuerySet[AutoSend]:
    """Sendings due at that time without a lease, or that fail again and again, which postpones the next attempt."""
    failing = AutoSend.objects.filter(state=AutoSendState.PLANNED, attempts__gte=FAILING)
    return AutoSend.objects.due(now or timezone.now()) | failing


def disk_room(*, is_full: bool) -> Finding:
    room = disk.room()
    facts = {"free": bytes_size(room.free), "total": bytes_size(room.total)}
    if is_full:
        sentence = _("Le disque est plein (%(free)s libres sur %(total)s) : aucun document n’est accepté.")
        return ill("disk", sentence % facts)
    sentence = _("%(free)s libres sur %(total)s.") % facts
    return ill("disk", sentence) if room.is_low else well("disk", sentence)


def backup(beats: dict[str, datetime]) -> Finding:
    try:
        last = runs.last_backup()
    except runs.Unreadable:
        return ill("backup", _("Le compte rendu de la dernière sauvegarde est illisible."))
    if last is None:
        return _never("backup")
    facts = {"moment": moment(last.finished_at), "size": bytes_size(last.size)}
    if last.is_encrypted:
        sentence = _("Dernière sauvegarde le %(moment)s (%(size)s, chiffrée).") % facts
    else:
        sentence = _("Dernière sauvegarde le %(moment)s (%(size)s, non chiffrée).") % facts
    return _if_recent("backup", last.finished_at, sentence)


def fsck(beats: dict[str, datetime]) -> Finding:
    ran, whole = beats.get(runs.FSCK), beats.get(runs.FSCK_WHOLE)
    if ran is None:
        return _never("fsck")
    facts = {"moment": moment(ran)}
    if whole is None or whole < ran:
        return ill("fsck", _("Le contrôle du %(moment)s a trouvé des défauts.") % facts)
    return _if_recent("fsck", ran, _("Contrôlé le %(moment)s, sans défaut.") % facts)


def _never(part: str) -> Finding:
    """The finding if it never ran. A new installation has until its second night."""
    if timezone.now() - runs.installed_at() > runs.LONGEST_BETWEEN:
        return ill(part, _("Jamais fait."))
    return Finding(part, name_of(part), State.UNKNOWN, _("Pas encore fait."), remedy_of(part))


def _if_recent(part: str, at: datetime, sentence: str) -> Finding:
    kind: Callable[[str, str], Finding] = ill if timezone.now() - at > runs.LONGEST_BETWEEN else well
    return kind(part, sentence)
