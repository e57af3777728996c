"""Reads the calendars that are due, each under a lease. A reading that fails changes nothing, and is repeated."""

from __future__ import annotations

import logging
import random
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext_noop

from audit.trail import record
from imports.calendar_fetching import NotRead, fetch
from imports.calendar_reading import read_calendar
from imports.in_step import LEASE, InStep
from imports.models import CalendarStage, CalendarSubscription
from jobs import leases
from jobs.exclusive import is_leaving
from jobs.row_errors import log_row_error
from practices.roles import may_administer
from sealing.columns import CannotOpen
from sealing.key_checks import SECRET_KEY, standing_of

logger = logging.getLogger(__name__)
EVERY = timedelta(minutes=10)
LONGEST_WAIT = timedelta(hours=6)
MOST_ATTEMPTS = 60  # about two weeks: then it waits until an administrator resumes it
WHOLE_EVERY = timedelta(hours=1)  # records made meanwhile may be those of events refused before
NOT_OPENED = gettext_noop("L’adresse enregistrée est illisible : donnez-la de nouveau")
NOT_FOLLOWED = gettext_noop("La lecture n’a pas pu se faire : prévenez-nous si cela dure")
AGENDA_CLOSED = gettext_noop("L’agenda est fermé : rouvrez-le, ou retirez ce calendrier")
NOBODY = gettext_noop(
    "La personne qui l’a activé n’est plus administratrice du cabinet : reprenez la lecture vous-même"
)


def run_due() -> bool:
    """Claim one subscription and read it; False if none was due."""
    now = timezone.now()
    claimed = leases.claim(CalendarSubscription.objects.due(now), size=1, lease=LEASE, now=now)
    for one in claimed:
        if is_leaving():
            leases.put_back(one)
            return False
        # A reading that kills its worker waits as one that fails.
        leases.held(one).update(due_at=now + wait_after(one.attempts))
        _read(one)
    return bool(claimed)


def wait_after(attempts: int) -> timedelta:
    """Before the next reading, after so many that failed: 10 minutes, 20, 40 … 6 hours."""
    wait: timedelta = min(EVERY * 2 ** min(attempts - 1, 10), LONGEST_WAIT)
    return wait * random.uniform(0.9, 1.1)  # noqa: S311 (spreads load, guards nothing)


def _read(subscription: CalendarSubscription) -> None:
    made_by, practice = subscription.made_by, subscription.practice
    if made_by is None or not may_administer(made_by, practice):
        _pause(subscription, NOBODY)
        return
    try:
        with translation.override(made_by.language or practice.language):
            _keep_in_step(subscription)
    except NotRead as failure:
        logger.warning("Calendar %s, attempt %s: %s", subscription.pk, subscription.attempts, failure.reason)
        _fail(subscription, failure)
    except CannotOpen:
        if standing_of(SECRET_KEY).is_whole:
            _pause(subscription, NOT_OPENED)
        else:
            _fail(subscription, NotRead(NOT_OPENED))
    except Exception as error:
        log_row_error(logger, "Calendar", subscription.pk, error)
        _fail(subscription, NotRead(NOT_FOLLOWED))


def _keep_in_step(subscription: CalendarSubscription) -> None:
    """Raises NotRead, CannotOpen."""
    if not subscription.agenda.is_active:
        raise NotRead(AGENDA_CLOSED)
    now = timezone.now()
    conditional = _may_be_conditional(subscription, now)
    answer = fetch(
        subscription.address,
        etag=subscription.etag if conditional else "",
        modified=subscription.modified if conditional else "",
    )
    facts: dict[str, object] = {
        "due_at": now + wait_after(1), "last_read_at": now, "attempts": 0, "failing_since": None, "last_error": "",
        "etag": answer.etag, "modified": answer.modified,
    }  # fmt: skip
    if answer.body is None:
        leases.held(subscription).filter(paused_at=None).update(lease_until=None, **facts)
        return
    calendar = read_calendar(answer.body, zone=subscription.practice.zone, now=now)
    InStep(subscription, calendar, now).run(**facts, full_at=now)


def _may_be_conditional(subscription: CalendarSubscription, now: datetime) -> bool:
    """Not while an event is missing: the second whole reading without it decides."""
    if subscription.stage != CalendarStage.ON or subscription.full_at is None:
        return False
    missing = subscription.items.filter(missing=1, starts_at__gt=now)
    return now - subscription.full_at < WHOLE_EVERY and not missing.exists()


def _fail(subscription: CalendarSubscription, failure: NotRead) -> None:
    if subscription.attempts >= MOST_ATTEMPTS:
        _pause(subscription, failure.reason)
        return
    wait = max(wait_after(subscription.attempts), failure.wait or timedelta())
    _mark_failed(subscription, failure.reason, due_at=timezone.now() + wait)


@transaction.atomic
def _pause(subscription: CalendarSubscription, reason: str) -> None:
    """Until an administrator resumes it."""
    if _mark_failed(subscription, reason, paused_at=timezone.now()):
        record("calendar.given_up", by=None, on=subscription, practice=subscription.practice_id)


def _mark_failed(subscription: CalendarSubscription, reason: str, **fields: object) -> bool:
    """If the lease is still ours: a worker paused beyond its lease overwrites nothing."""
    since = subscription.failing_since or timezone.now()
    facts = {"lease_until": None, "last_error": reason, "failing_since": since, **fields}
    return bool(leases.held(subscription).filter(paused_at=None).update(**facts))
