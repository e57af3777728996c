"""An appointment as an iCalendar object (RFC 5545), for the calendar of a recipient of its messages.

It contains the practice, the time and the place; never the reason or the patient. A later object of the same
appointment has its UID and a higher SEQUENCE: a calendar that has the former one moves or removes it (RFC 5546).
"""

from __future__ import annotations

from datetime import UTC, timedelta
from email.utils import parseaddr
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from icalendar import Alarm, Calendar, Event, vCalAddress, vText

from appointments.models import Appointment, AppointmentKind, AppointmentStatus
from practices.letters import call
from practices.models import Practice

ALARM = timedelta(hours=-2)
ONE_YEAR = timedelta(days=366)  # range of clock changes to include, around the appointment


def icalendar_of(appointment: Appointment, *, cancelled: bool = False) -> str:
    """In the active language. `cancelled`: removes it from a calendar that has it."""
    cancelled = cancelled or appointment.status == AppointmentStatus.CANCELLED
    practice = appointment.practice
    summary = _("Rendez-vous : %(practice)s") % {"practice": practice.name_in_messages}
    event = Event()
    event.add("uid", f"{appointment.pk}@{urlsplit(settings.PUBLIC_URL).hostname}")
    event.add("dtstamp", timezone.now().astimezone(UTC))
    event.add("dtstart", appointment.local_start)
    event.add("dtend", appointment.local_end)
    event.add("sequence", appointment.revision + (appointment.status == AppointmentStatus.BOOKED and cancelled))
    event.add("summary", summary)
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    event.add("class", "PRIVATE")
    event.add("organizer", _organizer(practice))
    if telephone := call(practice):
        event.add("contact", f"{practice.name_in_messages}, {telephone}")
        event.add("description", telephone)
    if appointment.kind == AppointmentKind.IN_PERSON and practice.address:
        event.add("location", ", ".join(practice.address.splitlines()))
    elif appointment.video_url:
        event.add("location", appointment.video_url)
    if not cancelled:  # RFC 5546, 3.2.5: no alarm in a cancellation
        event.add_component(_alarm(summary))
    calendar = Calendar()
    calendar.add("prodid", "-//docshare//docshare//FR")
    calendar.add("version", "2.0")
    calendar.add("method", "CANCEL" if cancelled else "PUBLISH")
    calendar.add_component(event)
    day = appointment.local_start.date()
    calendar.add_missing_timezones(first_date=day - ONE_YEAR, last_date=day + ONE_YEAR)
    return str(calendar.to_ical().decode())


def _organizer(practice: Practice) -> vCalAddress:
    """Both methods require one (RFC 5546, 3.2.1 and 3.2.5). The site's address if nobody at the practice reads
    answers."""
    organizer = vCalAddress(f"mailto:{practice.reply_address or parseaddr(settings.DEFAULT_FROM_EMAIL)[1]}")
    organizer.params["cn"] = vText(practice.name_in_messages)
    return organizer


def _alarm(summary: str) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", summary)
    alarm.add("trigger", ALARM)
    return alarm
