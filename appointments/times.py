"""How messages write the hours of appointments of one day."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.formats import date_format
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from appointments.models import Appointment


def hours_of(appointments: Iterable[Appointment]) -> str:
    """09:30 et 11:00."""
    times = [date_format(one.local_start, "TIME_FORMAT") for one in appointments]
    return str(get_text_list(list(dict.fromkeys(times)), _("et")))
