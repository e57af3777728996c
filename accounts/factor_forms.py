"""A code of a second factor, or a recovery code: tries are counted like those of a password (accounts/tries.py)."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Any

from allauth.account.adapter import get_adapter
from allauth.core import context
from allauth.mfa.base import forms
from allauth.mfa.models import Authenticator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.tries import TooManyTries, Try, count_try, note_failure
from sealing.columns import CannotOpen

if TYPE_CHECKING:
    from accounts.models import User

logger = logging.getLogger(__name__)


class CountedTries:
    user: User
    cleaned_data: dict[str, Any]
    authenticator: Authenticator
    _try: Try

    def clean_code(self) -> str:
        try:
            self._try = count_try(context.request, what="factor", user=self.user)
        except TooManyTries:
            note_failure(context.request, what="factor", user=self.user)
            raise get_adapter().validation_error("too_many_login_attempts") from None
        try:
            code: str = super().clean_code()  # type: ignore[misc]  # of the form beside which this class stands
        except CannotOpen:
            code = self._by_what_can_be_read()
        self._try.was_right()
        return code

    def _by_what_can_be_read(self) -> str:
        """allauth stops at the first factor whose secret cannot be opened; another may still let its owner in."""
        code: str = self.cleaned_data["code"]
        for factor in Authenticator.objects.filter(user=self.user).exclude(type=Authenticator.Type.WEBAUTHN):
            with contextlib.suppress(CannotOpen):
                if factor.wrap().validate_code(code):
                    factor.user = self.user
                    self.authenticator = factor
                    return code
        logger.error("A second factor of account %s cannot be opened (SECRET_KEY).", self.user.pk)
        note_failure(context.request, what="factor", user=self.user, reached=self._try.reached)
        raise ValidationError(
            _(
                "Ce code n’a pas pu être vérifié : un de vos moyens de double authentification est devenu illisible. "
                "Utilisez-en un autre, ou demandez à l’administrateur du site de le retirer."
            )
        )

    def _emit_authentication_failed(self, authenticator: Authenticator) -> None:
        note_failure(context.request, what="factor", user=self.user, reached=self._try.reached)
        super()._emit_authentication_failed(authenticator)  # type: ignore[misc]


class AuthenticateForm(CountedTries, forms.AuthenticateForm):  # type: ignore[misc]  # allauth ships no types
    """While signing in."""


class ReauthenticateForm(CountedTries, forms.ReauthenticateForm):  # type: ignore[misc]
    """Signed in, before what matters."""
