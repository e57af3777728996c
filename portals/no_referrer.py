"""For pages whose address holds a token."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpResponse
from django.views.decorators.csrf import csrf_exempt

View = Callable[..., HttpResponse]


def no_referrer(view: View) -> View:
    """Send no referrer from a page whose address holds the token.

    Browsers then send `Origin: null` with a form, which Django's CSRF check refuses. These views are exempt: the
    unguessable token in the address authorises them. Later steps have no token in their addresses.
    """

    @csrf_exempt
    @wraps(view)
    def wrapped(*args: Any, **kwargs: Any) -> HttpResponse:
        response = view(*args, **kwargs)
        response["Referrer-Policy"] = "no-referrer"
        return response

    return wrapped
