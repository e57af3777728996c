"""Rate limits: generous for a valid token, tight for guessing. Counted in the shared cache.

If the cache is away, callers with a valid token are served all the same (a practice must not stop for a counter);
tokens have 256 random bits, so that guessing is hopeless even without a limit.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts.addresses import counted_address
from portals.calls import VERIFICATIONS_A_MINUTE, add_one, too_many

if TYPE_CHECKING:  # rest_framework.views imports this module at run time
    from rest_framework.views import APIView

CALLS_A_SECOND = 200
WRONG_TOKENS_A_MINUTE = 120  # a program with an old token calls every address it knows, and should get 401 each time


class Throttle(BaseThrottle):
    """Counts callers without a token by their address."""

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
        """Count first, then judge: otherwise parallel guesses would evade the limit. Raises Throttled."""
        if add_one(self._key, 60) > WRONG_TOKENS_A_MINUTE:
            raise Throttled(wait=60)


class PerAddress(Throttle):
    """Open operations: calls a minute from one address. A valid token has the limit of its account instead."""

    calls_a_minute = 60

    def allow_request(self, request: Request, view: APIView) -> bool:
        if request.user.is_authenticated:
            return PerSecond().allow_request(request, view)
        return not too_many(type(self).__name__, self.get_ident(request), a_minute=self.calls_a_minute)

    def wait(self) -> float:
        return 60.0


class ManyPerAddress(PerAddress):
    """Cheap open operations: several people in a waiting room may share an address."""

    calls_a_minute = 3000


class Verifications(PerAddress):
    """One limit, shared with the page that verifies (portals/public/verification.py)."""

    calls_a_minute = VERIFICATIONS_A_MINUTE
