"""Django's admin as the operator's: for operators alone, and with nothing of a record or a document."""

from __future__ import annotations

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class OperatorSite(AdminSite):
    site_header = _("Exploitation du site")
    site_title = _("Exploitation du site")
    index_title = _("Ce que fait un exploitant")

    def has_permission(self, request: HttpRequest) -> bool:
        """Operators alone: Django's own `is_staff` opens nothing."""
        user = request.user
        return isinstance(user, User) and user.is_active and user.is_superuser
