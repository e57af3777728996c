"""The cookie by which accounts recognise a browser (accounts/devices.py).

One cookie has a secret for each account used in the browser (a tablet at home), the newest first, and a signature
over all. A secret is useless for another account, because its row names its account.
"""

from __future__ import annotations

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.http import HttpRequest, HttpResponse

from accounts.browsers import browser_of
from accounts.devices import SIGNED_IN_ON, find_device, remember
from accounts.models import KnownDevice, User
from accounts.models.device import REMEMBERED

MAX_ACCOUNTS = 8  # of one browser
BETWEEN = "."
_signer = Signer(salt="accounts.device_cookie")


def secrets_of(request: HttpRequest) -> list[str]:
    """The secrets in the browser's cookie; empty if this site did not sign it."""
    try:
        shown = _signer.unsign(request.COOKIES.get(settings.DEVICE_COOKIE_NAME, ""))
    except BadSignature:
        return []
    return shown.split(BETWEEN)[:MAX_ACCOUNTS]


def device_of(request: HttpRequest, user: User) -> KnownDevice | None:
    """The account's device that the request comes from."""
    shown = secrets_of(request)
    return find_device(user, shown) if shown else None


def asks_to_remember(request: HttpRequest) -> bool:
    """Whether the person ticked the box of components/remember_device.html, which is never ticked beforehand."""
    return bool(request.POST.get("remember"))


def keep_device(request: HttpRequest, response: HttpResponse, user: User, *, code_given: bool = True) -> None:
    """Make the browser known to the account. `code_given`: the account's mobile was proved in it a minute ago."""
    of_other_accounts = secrets_of(request)
    if (old := find_device(user, of_other_accounts)) is not None:
        old.delete()  # the old secret becomes invalid: the browser gets another
    browser = browser_of(request.headers.get("User-Agent", ""))
    device, secret = remember(user, browser=browser, code_given=code_given)
    request.session[SIGNED_IN_ON] = str(device.pk)
    response.set_cookie(
        settings.DEVICE_COOKIE_NAME,
        _signer.sign(BETWEEN.join([secret, *of_other_accounts][:MAX_ACCOUNTS])),
        max_age=REMEMBERED,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
