"""The form in which somebody chooses the password of a new account."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class PasswordForm(forms.Form):
    password = forms.CharField(
        label=_("Choisissez un mot de passe"),
        help_text=_("Au moins 12 caractères. Une phrase dont vous vous souviendrez convient très bien."),
        max_length=128,
        strip=False,
        error_messages={"required": _("Choisissez un mot de passe d’au moins 12 caractères.")},
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "class": "form-control"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._user = user

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        validate_password(password, self._user)
        return password
