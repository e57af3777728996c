"""The days on which a member has access."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _


class Period(NamedTuple):
    """The days on which a member has access, whole and in the zone of the practice; None: no bound."""

    first: date | None = None
    last: date | None = None

    def check(self) -> None:
        """Raises ValidationError if it ends before it begins."""
        if self.first and self.last and self.last < self.first:
            raise ValidationError({"valid_until": _("Le dernier jour est avant le premier.")})
