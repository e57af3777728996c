"""Forms of signing in that differ from allauth's."""

from __future__ import annotations

import uuid
from typing import Any

from allauth.account import forms as allauth_forms
from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from allauth.core import context
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiToken, User
from accounts.models.user import NewPassword, PasswordChange
from accounts.tries import TooManyTries, count_try, note_failure, reset_unknown_device_counts


class ProvedAddressResetForm(allauth_forms.ResetPasswordForm):
    """Sends the link that resets a password only to a verified address, never to one that was merely typed."""

    users: list[User]

    def clean_email(self) -> str:
        email: str = super().clean_email()
        self.users = [
            user
            for user in self.users
            if EmailAddress.objects.filter(user=user, email__iexact=email, verified=True).exists()
        ]
        return email


class ResetKeyForm(allauth_forms.ResetPasswordKeyForm):
    """Sets a password for the holder of the mailbox. Everything that depended on the old password ends."""

    user: User

    def save(self) -> None:
        self.user.password_change = PasswordChange(NewPassword.RESET)
        super().save()
        reset_unknown_device_counts(self.user)


class ChangePasswordForm(allauth_forms.ChangePasswordForm):
    """Asks which API tokens stay valid. The others end with the old password."""

    user: User

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tokens = ApiToken.objects.valid_of(self.user)
        if tokens:
            self.fields["keep_tokens"] = forms.MultipleChoiceField(
                label=_("Jetons d’API à garder"),
                help_text=_("Ceux que vous ne cochez pas cessent de fonctionner avec l’ancien mot de passe."),
                choices=[(str(token.pk), token.name) for token in tokens],
                required=False,
                widget=forms.CheckboxSelectMultiple,
            )

    def clean_oldpassword(self) -> str:
        """Counts tries, so that nobody at an open session can guess the password here."""
        try:
            counted = count_try(context.request, what="password", user=self.user)
        except TooManyTries:
            note_failure(context.request, what="password", user=self.user)
            raise get_adapter().validation_error("too_many_login_attempts") from None
        try:
            typed: str = super().clean_oldpassword()
        except ValidationError:
            note_failure(context.request, what="password", user=self.user, reached=counted.reached)
            raise
        counted.was_right()
        return typed

    def save(self) -> None:
        kept_tokens = frozenset(uuid.UUID(pk) for pk in self.cleaned_data.get("keep_tokens", []))
        self.user.password_change = PasswordChange(NewPassword.CHANGED, kept_tokens)
        super().save()
