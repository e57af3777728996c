"""Judges every part of the installation, for the operator's page and /healthz/system.

A part that cannot be judged because another one fails (without workers, nobody probes the mail server) is unknown,
not ill, so that one failure raises one alarm.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import datetime

from django.db import DatabaseError
from django.utils.translation import gettext as _

from docshare.health import own
from docshare.health.dependencies import certificates, keys, mail, outbox, scanner, sms, timestamps, tls
from docshare.health.findings import Finding, State
from docshare.health.names import name_of, remedy_of
from docshare.health.running import backup, disk_room, fsck, ill, scheduler, sendings, workers
from docshare.wrong_keys import wrong_keys
from jobs import heartbeat

logger = logging.getLogger(__name__)
Beats = dict[str, datetime]
JUDGES: dict[str, Callable[[Beats], Finding]] = {
    "workers": workers,
    "scheduler": scheduler,
    "outbox": outbox,
    "sendings": sendings,
    "mail": mail,
    "sms": sms,
    "scanner": scanner,
    "timestamps": timestamps,
    "keys": keys,
    "certificates": certificates,
    "tls": tls,
    "backup": backup,
    "fsck": fsck,
}


def findings() -> list[Finding]:
    """One finding for each part, in the reader's language. Without the database, most are unknown."""
    away = own.not_answering()
    by_part = {part: _own(part, is_away=part in away) for part in own.NEEDED}
    # keys are checked twice: this process checks its own, a worker the remote service
    for finding in _of_the_whole(away):
        if finding.part not in by_part or not by_part[finding.part].is_ill:
            by_part[finding.part] = finding
    return list(by_part.values())


def _own(part: str, *, is_away: bool) -> Finding:
    if part == "disk":
        return disk_room(is_full=is_away)
    if is_away and part == "keys":
        return ill(part, " ".join(wrong_keys()))
    if is_away:
        return Finding(part, name_of(part), State.ILL, _("Ne répond pas."), remedy_of(part))
    return Finding(part, name_of(part), State.WELL, _("Répond."))


def _of_the_whole(away: list[str]) -> Iterator[Finding]:
    beats = None
    if "database" not in away:
        try:
            beats = heartbeat.last_of_all()
        except DatabaseError:
            logger.warning("The parts could not be judged.", exc_info=True)
    for part, judge in JUDGES.items():
        if beats is None:
            yield Finding(part, name_of(part), State.UNKNOWN, _("La base de données ne répond pas."))
        else:
            yield judge(beats)
