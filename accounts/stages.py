"""The login stage (allauth) that asks for a code by SMS on a new device."""

from __future__ import annotations

import time

from allauth.account.stages import LoginStage
from allauth.mfa.utils import is_mfa_enabled
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.codes import LIFETIME, TooManyCodes
from accounts.device_cookie import device_of
from accounts.devices import send_device_code
from accounts.models import User
from accounts.sessions import SECOND_FACTORS
from notifications.sms_limits import SmsRefused

CODE_GIVEN = "code_given"  # in a session


class NewDeviceStage(LoginStage):
    """Until the user gives the code from the SMS, they stay anonymous everywhere."""

    key = "new_device"
    urlname = "device"

    def handle(self) -> tuple[HttpResponse | None, bool]:
        user: User = self.login.user
        if not needs_code(user):
            return None, True
        if _code_was_given(self.request, user):
            return None, True
        known = device_of(self.request, user)
        if known is not None and known.code_given:
            return None, True
        if not self.state.get("sent"):
            self.state["sent"] = True
            try:
                send_device_code(user)
            except TooManyCodes:
                self.state["too_many"] = True
            except SmsRefused as refused:
                self.state["refused"] = refused.sentence
        return redirect(self.urlname), True


def note_code_given(request: HttpRequest, user: User) -> None:
    """Note that a code has just verified the account's mobile in this browser: the next sign-in here needs no second
    code."""
    request.session[CODE_GIVEN] = [str(user.pk), user.mobile, int(time.time())]


def _code_was_given(request: HttpRequest, user: User) -> bool:
    """Whether that note is valid: once, for this account and mobile, and as long as a code is valid."""
    pk, mobile, at = request.session.pop(CODE_GIVEN, ("", "", 0))
    return (pk, mobile) == (str(user.pk), user.mobile) and time.time() - at < LIFETIME.total_seconds()


def needs_code(user: User) -> bool:
    """Whether a sign-in needs a code: the account has a verified mobile and no stronger second factor."""
    return bool(user.mobile and user.mobile_verified_at and not is_mfa_enabled(user, SECOND_FACTORS))
