"""How messages write the times of appointments on one day."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from appointments.models import Appointment
from notifications.wording import clock


def hours_of(appointments: Iterable[Appointment]) -> str:
    """For example: 09:30 et 11:00."""
    times = [clock(one.local_start) for one in appointments]
    return str(get_text_list(list(dict.fromkeys(times)), _("et")))
