"""Forms for a code of a second factor or a recovery code. Tries are counted like those of passwords
(accounts/tries.py)."""

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


class CountedAttempts(forms.BaseAuthenticateForm):
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
            code: str = super().clean_code()
        except CannotOpen:
            code = self._checked_by_readable_factors()
        self._try.was_right()
        return code

    def _checked_by_readable_factors(self) -> str:
        """Check every factor whose secret can be decrypted: allauth stops at the first that can't, although another
        may match."""
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
        super()._emit_authentication_failed(authenticator)


class AuthenticateForm(CountedAttempts, forms.AuthenticateForm):
    """The form during sign-in."""


class ReauthenticateForm(CountedAttempts, forms.ReauthenticateForm):
    """The form that confirms the identity of a signed-in user before a sensitive action."""
