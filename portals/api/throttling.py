"""Bounds on callers: generous for a valid token, tight for guessing. Counted in the shared cache.

Where the cache is away, callers with a valid token are served all the same (a practice must not stop for a
counter); guesses are 256 random bits and hopeless without a bound too.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts.addresses import counted_address
from portals.calls import VERIFICATIONS_A_MINUTE, add_one, too_many

if TYPE_CHECKING:  # at run time this module is loaded from within rest_framework.views
    from rest_framework.views import APIView

CALLS_A_SECOND = 200
WRONG_TOKENS_A_MINUTE = 120  # a program with an old token asks every address it knows, and is to read 401


class Throttle(BaseThrottle):
    """Callers without a token are counted by their address."""

    def get_ident(self, request: Request) -> str:
        return counted_address(request._request)


class PerSecond(Throttle):
    """At most CALLS_A_SECOND for one account."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        who = request.user.pk if request.user.is_authenticated else self.get_ident(request)
        return add_one(f"api:{who}:{int(time.time())}", 2) <= CALLS_A_SECOND

    def wait(self) -> float:
        return 1.0


class WrongTokens(Throttle):
    """Wrong tokens from one address."""

    def __init__(self, request: Request) -> None:
        self._key = f"api-wrong-token:{self.get_ident(request)}:{int(time.time() // 60)}"

    def count_one(self) -> None:
        """Count first, then judge: parallel guesses do not get round the bound. Raises Throttled."""
        if add_one(self._key, 60) > WRONG_TOKENS_A_MINUTE:
            raise Throttled(wait=60)


class PerAddress(Throttle):
    """Open endpoints: so many calls a minute from one address. A valid token has the bound of its account instead."""

    calls_a_minute = 60

    def allow_request(self, request: Request, view: APIView) -> bool:
        if request.user.is_authenticated:
            return PerSecond().allow_request(request, view)
        return not too_many(type(self).__name__, self.get_ident(request), a_minute=self.calls_a_minute)

    def wait(self) -> float:
        return 60.0


class ManyPerAddress(PerAddress):
    """Cheap open endpoints, that a waiting room behind one address may ask at once."""

    calls_a_minute = 3000


class Verifications(PerAddress):
    """Shared with the page that verifies (portals/public/verification.py)."""

    calls_a_minute = VERIFICATIONS_A_MINUTE
