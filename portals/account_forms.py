"""Forms of allauth in which an address is typed that the account will keep."""

from __future__ import annotations

from allauth.account import forms as allauth_forms
from allauth.account.models import EmailAddress
from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from portals.contact_fields import EmailField
from portals.contact_hints import hint_at_misspelling


class AddEmailForm(allauth_forms.AddEmailForm):
    """Another address of the account, checked as every contact is."""

    email = EmailField(
        error_messages={"required": _("Saisissez votre nouvelle adresse e-mail.")},
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )

    def save(self, request: HttpRequest) -> EmailAddress:
        address: EmailAddress = super().save(request)
        hint_at_misspelling(request, address.email)
        return address
