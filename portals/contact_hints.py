"""After saving contacts: asks about an address that is probably misspelt. Refuses nothing."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _

from patients.misspelt_domains import did_you_mean


def hint_at_misspelling(request: HttpRequest, address: str | None) -> None:
    """Adds a message for the next page."""
    if address and (question := did_you_mean(address)):
        sentence = _("Vérifiez l’adresse e-mail %(address)s, qui est peut-être mal écrite.") % {"address": address}
        messages.warning(request, f"{sentence} {question}")
