"""Forms of signing in that differ from allauth's."""

from __future__ import annotations

from allauth.account.forms import ResetPasswordForm
from allauth.account.models import EmailAddress

from accounts.models import User


class ProvedAddressResetForm(ResetPasswordForm):  # type: ignore[misc]  # allauth ships no types
    """A link that replaces a password goes to a proved address only, never to one that was merely typed."""

    users: list[User]

    def clean_email(self) -> str:
        email: str = super().clean_email()
        self.users = [
            user
            for user in self.users
            if EmailAddress.objects.filter(user=user, email__iexact=email, verified=True).exists()
        ]
        return email
