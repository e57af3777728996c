"""The calendar file of a booking follows RFC 5545, 5546 and 6047; a later one updates the entry in a calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email import policy
from email.parser import BytesParser
from typing import Any

import pytest
from icalendar import Calendar

from accounts.models import User
from appointments.calendar import icalendar_of
from appointments.cancelling import cancel
from appointments.models import Appointment
from appointments.moving import move
from notifications.channels.email import compose
from notifications.models import Channel, Message
from practices.models import Practice

pytestmark = pytest.mark.django_db


def told(appointment: Appointment) -> tuple[Any, Any, str]:
    """The event, the calendar, and the Content-Type of the newest email."""
    message = Message.objects.filter(about=appointment.pk, channel=Channel.EMAIL).latest("created_at")
    mail = BytesParser(policy=policy.default).parsebytes(compose(message).message().as_bytes())
    boundaries = [part.get_boundary() for part in mail.walk() if part.is_multipart()]
    assert len(set(boundaries)) == len(boundaries) == 2  # around the two texts, and around these and the file
    assert all(str(name).startswith("=_") for name in boundaries)  # stands in no quoted-printable and no Base64 text
    assert [part.get_content_type() for part in mail.walk() if not part.is_multipart()][-3:] == [
        "text/plain", "text/html", "text/calendar",
    ]  # fmt: skip
    (part,) = [part for part in mail.walk() if part.get_content_type() == "text/calendar"]
    assert part.get_filename() == "rendez-vous.ics"
    calendar = Calendar.from_ical(part.get_content())
    assert part.get_content_charset() == "utf-8"
    assert part.get_param("method") == str(calendar["method"])
    return calendar.walk("VEVENT")[0], calendar, str(calendar["method"])


def test_moved_and_cancelled_follow_the_same_event(appointment: Appointment, alice: User, practice: Practice) -> None:
    Practice.objects.filter(pk=practice.pk).update(name="Cabinet de l’Île", address="1 rue\n75020 Paris")
    move(appointment=appointment, by=alice, starts_at=appointment.starts_at + timedelta(hours=1))
    first, _calendar, method = told(appointment)
    assert method == "PUBLISH"
    cancel(appointment=appointment, by=alice)
    last, _calendar, method = told(appointment)
    assert method == "CANCEL"
    assert str(last["status"]) == "CANCELLED"
    assert first["uid"] == last["uid"]
    assert last["sequence"] > first["sequence"]
    for event in (first, last):
        assert str(event["organizer"]) == "mailto:cabinet@lilas.example"
        assert event["organizer"].params["CN"] == "Cabinet de l’Île"
        assert "01" in event["contact"]
    (alarm,) = first.walk("VALARM")
    assert (str(alarm["action"]), alarm["trigger"].dt) == ("DISPLAY", timedelta(hours=-2))
    assert not last.walk("VALARM")


def test_a_practice_without_an_address_has_an_organizer_all_the_same(
    appointment: Appointment, practice: Practice
) -> None:
    appointment.practice.email = appointment.practice.telephone = ""
    event: Any = Calendar.from_ical(icalendar_of(appointment)).walk("VEVENT")[0]
    assert str(event["organizer"]).startswith("mailto:no-reply@")
    assert "contact" not in event


@pytest.mark.parametrize("zone", ["Europe/Paris", "Indian/Reunion", "America/Cayenne"])
@pytest.mark.parametrize("year", [2026, 2061])
def test_times_are_the_practices(appointment: Appointment, zone: str, year: int) -> None:
    """In the practice's time zone, with the definition of that zone: calendars elsewhere show the same moment."""
    appointment.practice.time_zone = zone
    appointment.starts_at = datetime(year, 7, 14, 8, 30, tzinfo=UTC)
    appointment.ends_at = appointment.starts_at + timedelta(minutes=20)
    text = icalendar_of(appointment)
    assert f"DTSTART;TZID={zone}:" in text
    calendar: Any = Calendar.from_ical(text)
    assert [str(one["tzid"]) for one in calendar.walk("VTIMEZONE")] == [zone]
    assert calendar.walk("VEVENT")[0]["dtstart"].dt == appointment.starts_at
    assert len(text) < 3000
