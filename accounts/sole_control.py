"""Ensures that the signer signs, and not anybody at an open session (sole control, eIDAS, article 26).

The first signature of a session requires a sign-in (password, passkey or factor) within the last five minutes; then
the session may sign until it ends. Changes of the signature itself require it each time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from allauth.account.decorators import reauthentication_required
from allauth.account.forms import ReauthenticateForm as PasswordForm
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.flows.reauthentication import reauthenticate_by_password
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.factor_forms import ReauthenticateForm as CodeForm
from accounts.models import User
from accounts.sessions import SECOND_FACTORS
from refusals import Kind, Refusal

MAY_SIGN = "may_sign"
View = Callable[..., HttpResponseBase]
# A view that only opens after a recent sign-in; otherwise the site asks for one first.
after_recent_sign_in: Callable[[View], View] = reauthentication_required


class SignInAgain(Refusal):
    """The last sign-in of this session is too long ago for this action."""

    code = "reauthentication_required"
    kind = Kind.SIGN_IN_AGAIN
    field = "sign"
    words = gettext_lazy("Confirmez que c’est bien vous avant de signer ou de changer votre signature.")


def signed_in_at(request: HttpRequest) -> float:
    """Time of the last sign-in of this session, by any means (seconds since the epoch)."""
    user = request.user
    records = get_authentication_records(request, user) if isinstance(user, User) else []
    return float(max((record["at"] for record in records), default=0))


def signed_in_until(request: HttpRequest) -> float:
    """Until when that sign-in counts as recent (seconds since the epoch)."""
    return signed_in_at(request) + settings.ACCOUNT_REAUTHENTICATION_TIMEOUT


def sets_up_first_factor(request: HttpRequest) -> bool:
    """Whether the last sign-in is recent and older than every second factor of the account.

    It gave every proof that existed then, so asking for the same password again would prove nothing more.
    """
    then = datetime.fromtimestamp(signed_in_at(request), UTC)
    factors = Authenticator.objects.filter(user_id=request.user.pk, type__in=SECOND_FACTORS)
    return time.time() < signed_in_until(request) and not factors.filter(created_at__lte=then).exists()


def require_recent_sign_in(request: HttpRequest) -> None:
    """Raises SignInAgain."""
    if time.time() >= signed_in_until(request):
        raise SignInAgain


def require_sole_control(request: HttpRequest) -> None:
    """Before a signature. Raises SignInAgain."""
    if not request.session.get(MAY_SIGN):
        require_recent_sign_in(request)
        request.session[MAY_SIGN] = True


def sign_in_again(request: HttpRequest, user: User, *, password: str, code: str) -> str:
    """Confirm the identity. Returns a sentence if neither the password nor the factor's code is right; "" if one is,
    or if the session was confirmed elsewhere meanwhile (a passkey in another tab)."""
    if password:
        form = PasswordForm({"password": password}, user=user)
        if not form.is_valid():
            return _sentence(form)
        reauthenticate_by_password(request)
    elif code:
        form = CodeForm({"code": code}, user=user)
        if not form.is_valid():
            return _sentence(form)
        form.save()
    elif time.time() >= signed_in_until(request):
        return _("Saisissez votre mot de passe ou le code de votre application.")
    return ""


def _sentence(form: PasswordForm | CodeForm) -> str:
    return " ".join(sentence for sentences in form.errors.values() for sentence in sentences)
