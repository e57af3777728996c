"""An appointment as an iCalendar object (RFC 5545), for the calendar of whoever was told of it.

It holds the practice, the time and the place; never the reason, nor whom it is for.
"""

from __future__ import annotations

from datetime import UTC
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from icalendar import Calendar, Event

from appointments.models import Appointment, AppointmentKind, AppointmentStatus


def icalendar_of(appointment: Appointment, *, cancelled: bool = False) -> str:
    """In the language that is active. `cancelled`: takes it out of a calendar that has it."""
    cancelled = cancelled or appointment.status == AppointmentStatus.CANCELLED
    practice = appointment.practice
    event = Event()
    event.add("uid", f"{appointment.pk}@{urlsplit(settings.PUBLIC_URL).hostname}")
    event.add("dtstamp", timezone.now().astimezone(UTC))
    event.add("dtstart", appointment.starts_at.astimezone(UTC))
    event.add("dtend", appointment.ends_at.astimezone(UTC))
    event.add("sequence", appointment.revision + (appointment.status == AppointmentStatus.BOOKED and cancelled))
    event.add("summary", _("Rendez-vous : %(practice)s") % {"practice": practice.name})
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    event.add("class", "PRIVATE")
    if appointment.kind == AppointmentKind.IN_PERSON and practice.address:
        event.add("location", ", ".join(practice.address.splitlines()))
    elif appointment.video_url:
        event.add("location", appointment.video_url)
    calendar = Calendar()
    calendar.add("prodid", "-//docshare//docshare//FR")
    calendar.add("version", "2.0")
    calendar.add("method", "CANCEL" if cancelled else "PUBLISH")
    calendar.add_component(event)
    return str(calendar.to_ical().decode())
