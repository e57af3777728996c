"""Limits on SMS per hour and per day: for the account that causes them, for a practice, and to a number.

One script counts an SMS in all counters of the shared store or in none, so that parallel requests can't exceed a
limit. If the store does not answer, the messages in the database are counted instead: a code by SMS must not wait for
a cache, and a missing cache must not remove the limits.
"""

from __future__ import annotations

import logging
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import NamedTuple

import redis
from django.conf import settings
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from notifications.causes import Cause
from notifications.models import Channel, Message, SmsPolicy
from notifications.sms_numbers import unfit
from refusals import Kind, Refusal

logger = logging.getLogger(__name__)
HOUR, DAY = 3600, 86400
REFUSALS = (Cause.TOO_MANY, Cause.COUNTRY, Cause.NOT_A_MOBILE)
# KEYS: counters. ARGV: of each, its limit and its window in seconds. Returns 0, or the milliseconds until an SMS is
# allowed.
COUNT = """
for i, key in ipairs(KEYS) do
  if tonumber(redis.call('GET', key) or 0) >= tonumber(ARGV[2 * i - 1]) then
    return math.max(redis.call('PTTL', key), 1)
  end
end
for i, key in ipairs(KEYS) do
  if redis.call('INCR', key) == 1 then redis.call('EXPIRE', key, ARGV[2 * i]) end
end
return 0
"""


# The same without counting: KEYS and ARGV as above.
ASK = COUNT.partition("for i, key in ipairs(KEYS) do\n  if redis.call('INCR'")[0] + "return 0"


class SmsRefused(Refusal):
    """The SMS is refused. `cause`: why; `retry_after`: seconds until one is allowed again (None: never)."""

    field = "mobile"

    def __init__(self, cause: Cause, retry_after: int | None = None) -> None:
        self.code = cause.value
        self.kind = Kind.TOO_OFTEN if retry_after else Kind.INVALID
        super().__init__()
        self.cause = cause
        self.retry_after = retry_after

    @property
    def sentence(self) -> str:
        """A sentence for the person who waits for the SMS."""
        if self.cause == Cause.COUNTRY:
            return _("Nous n’envoyons pas de SMS dans le pays de ce numéro. Demandez à votre cabinet de l’autoriser.")
        if self.cause == Cause.NOT_A_MOBILE:
            return _("Ce numéro ne peut pas recevoir de SMS. Donnez un numéro de mobile ordinaire.")
        minutes = max(1, -(-(self.retry_after or HOUR) // 60))
        if minutes <= 60:
            wait = ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}
        else:
            hours = -(-minutes // 60)
            wait = ngettext("%(count)d heure", "%(count)d heures", hours) % {"count": hours}
        return _("Trop de SMS ont été envoyés. Réessayez dans %(wait)s.") % {"wait": wait}


@dataclass(frozen=True)
class _Counter:
    column: str  # of Message
    key: str
    limit: int
    seconds: int

    @property
    def name(self) -> str:
        """The key in the store, which reveals no telephone number and no account."""
        return f"sms:{salted_hmac('sms-limits', f'{self.column}:{self.key}').hexdigest()}:{self.seconds}"


class Sms(NamedTuple):
    """One SMS to count. `account`: who causes it; `by_staff`: the account acts for the practice."""

    to: str
    account: uuid.UUID | None
    practice: uuid.UUID | None
    by_staff: bool


def count_sms(*, to: str, account: uuid.UUID | None, practice: uuid.UUID | None, by_staff: bool) -> None:
    """Count an SMS before it is planned. Raises SmsRefused, and then does not count it."""
    [refused] = count_each([Sms(to, account, practice, by_staff)])
    if refused:
        raise refused


def count_each(each: Sequence[Sms]) -> list[SmsRefused | None]:
    """Count SMS, one after the other, before they are planned together: for each, None, or why it is refused. One
    that is refused is not counted."""
    policies = SmsPolicy.of_each({one.practice for one in each if one.practice})
    refused: list[SmsRefused | None] = [_unfit(one, policies) for one in each]
    fit = [rank for rank, why in enumerate(refused) if why is None]
    counters = [list(_counters(each[rank], policies)) for rank in fit]
    try:
        waits = _in_the_store(counters)
    except redis.RedisError:
        logger.warning("The shared store does not answer; SMS are counted in the database.")
        waits = _in_the_database(counters)
    for rank, wait in zip(fit, waits, strict=True):
        refused[rank] = SmsRefused(Cause.TOO_MANY, wait) if wait else None
    return refused


def _unfit(sms: Sms, policies: dict[uuid.UUID, SmsPolicy]) -> SmsRefused | None:
    countries = frozenset(policies[sms.practice].countries) if sms.practice else SmsPolicy.countries_of_all()
    cause = unfit(sms.to, countries=countries)
    return SmsRefused(cause) if cause else None


def refusal(*, to: str, account: uuid.UUID | None, practice: uuid.UUID | None, by_staff: bool) -> Cause | None:
    """Why an SMS planned now would be refused; None if it would be sent. Counts nothing."""
    sms, policies = Sms(to, account, practice, by_staff), SmsPolicy.of_each([practice] if practice else [])
    if refused := _unfit(sms, policies):
        return refused.cause
    counters = list(_counters(sms, policies))
    try:
        [wait] = _in_the_store([counters], script=ASK)
    except redis.RedisError:
        logger.warning("The shared store does not answer; SMS are counted in the database.")
        [wait] = _in_the_database([counters])
    return Cause.TOO_MANY if wait else None


def _counters(sms: Sms, policies: dict[uuid.UUID, SmsPolicy]) -> Iterator[_Counter]:
    limits = {"to": (sms.to, settings.SMS_PER_NUMBER)}
    if sms.account:
        by_account = settings.SMS_PER_STAFF if sms.by_staff else settings.SMS_PER_ACCOUNT
        limits["caused_by"] = (str(sms.account), by_account)
    if sms.practice:
        limits["practice"] = (str(sms.practice), policies[sms.practice].limits)
    for column, (key, (an_hour, a_day)) in limits.items():
        yield _Counter(column, key, an_hour, HOUR)
        yield _Counter(column, key, a_day, DAY)


@cache
def _store() -> redis.Redis:
    return redis.Redis.from_url(settings.CACHE_URL, socket_timeout=1, socket_connect_timeout=1)


def _in_the_store(each: list[list[_Counter]], *, script: str = COUNT) -> list[int]:
    """For the counters of each SMS: seconds until it is allowed; 0: it is allowed, and COUNT has counted it."""
    with _store().pipeline(transaction=False) as pipeline:
        for counters in each:
            limits = [value for counter in counters for value in (counter.limit, counter.seconds)]
            pipeline.eval(script, len(counters), *(counter.name for counter in counters), *limits)
        return [-(-int(milliseconds) // 1000) for milliseconds in pipeline.execute()]


def _in_the_database(each: list[list[_Counter]]) -> list[int]:
    """As above. The messages of the SMS before are not in the database yet."""
    before: Counter[_Counter] = Counter()
    waits = []
    for counters in each:
        full = (one for one in counters if _sent(one) + before[one] >= one.limit)
        wait = next((one.seconds for one in full), 0)
        before.update([] if wait else counters)
        waits.append(wait)
    return waits


def _sent(counter: _Counter) -> int:
    since = timezone.now() - timedelta(seconds=counter.seconds)
    sent = Message.objects.filter(channel=Channel.SMS).exclude(cause__in=REFUSALS)
    return sent.filter(**{counter.column: counter.key}, created_at__gt=since).count()
