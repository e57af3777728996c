"""Servers that lie, hang, drip, redirect or fail: nothing changes, the page says so, and the reading is repeated."""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta

import pytest
from django.test.utils import override_settings
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from appointments.importing import place_imported
from appointments.models import Agenda, Appointment, VisitReason
from audit.models import AuditEvent
from docshare.wrong_keys import note_keys
from imports import calendar_fetching, calendar_reading
from imports.calendar_fetching import MOVED, SILENT, TOO_LARGE, Answer, fetch
from imports.calendar_reading import CUT, NO_CALENDAR
from imports.calendar_runs import EVERY, LONGEST_WAIT, MOST_ATTEMPTS, NOBODY, NOT_OPENED, run_due
from imports.models import CalendarItem, CalendarSubscription
from imports.subscriptions import pause, resume, subscribe
from patients.models import Patient
from practices.models import Membership, Practice
from tests.imports.calendar_server import CalendarServer, calendar, event
from tests.imports.conftest import in_days, read, starts

pytestmark = pytest.mark.django_db
HTML = b"<!DOCTYPE html><html><body>Connectez-vous</body></html>"


def facts() -> list[tuple[object, ...]]:
    """All that a reading which fails must leave."""
    items = CalendarItem.objects.values_list("key", "state", "missing", "is_held", "appointment", "content")
    return [*Appointment.objects.values_list("pk", "starts_at", "status", "revision").order_by("pk"), *items]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (HTML, NO_CALENDAR),
        (b"", NO_CALENDAR),
        (b"%PDF-1.7", NO_CALENDAR),
        (b"\x00" * 1000, NO_CALENDAR),
        (calendar(event("one", in_days(3)))[:-20], CUT),
        (calendar(event("one", in_days(3))).replace(b"END:VEVENT\r\n", b""), CUT),
        (calendar().replace(b"BEGIN:VCALENDAR\r\n", b""), NO_CALENDAR),
        (HTML + calendar(), NO_CALENDAR),
        (calendar() + HTML, CUT),
    ],
)
def test_what_is_no_whole_calendar_changes_nothing(
    subscription: CalendarSubscription, server: CalendarServer, body: bytes, reason: str
) -> None:
    before = facts()
    server.body = body
    for _ in range(3):
        read(subscription)
    assert subscription.last_error == reason
    assert subscription.failing_since is not None
    assert facts() == before


@pytest.mark.parametrize("behaviour", ["drip", "hang", "cut", "endless", "bomb"])
def test_a_server_that_hangs_drips_or_never_ends_changes_nothing_and_is_left(
    subscription: CalendarSubscription, server: CalendarServer, behaviour: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calendar_fetching, "LONGEST_ANSWER", 5.0)
    before = facts()
    server.behaviour = behaviour
    began = time.monotonic()
    read(subscription)
    assert time.monotonic() - began < 50  # it would drip and hang for a minute, and end never
    assert subscription.last_error
    if behaviour in ("endless", "bomb"):
        assert subscription.last_error in (TOO_LARGE, SILENT)
    assert server.sent < 100 << 20
    assert facts() == before


def test_a_redirect_into_our_network_is_not_followed(
    subscription: CalendarSubscription, server: CalendarServer
) -> None:
    server.status, server.headers = 302, {"Location": server.url}
    asked = len(server.asked)
    read(subscription)
    assert subscription.last_error == MOVED
    assert len(server.asked) == asked + 1


def test_nobody_is_led_into_our_own_network(
    subscription: CalendarSubscription, server: CalendarServer, settings: Settings
) -> None:
    asked = len(server.asked)
    settings.WEBHOOKS_MAY_STAY_INSIDE = False
    read(subscription)
    assert subscription.last_error.startswith("Cette adresse mène au réseau interne")
    assert len(server.asked) == asked


def test_a_server_that_fails_for_days_is_asked_less_often_and_given_up_visibly(
    subscription: CalendarSubscription, server: CalendarServer, carol: User
) -> None:
    before = facts()
    server.status = 500
    waits = []
    for _ in range(8):
        now = timezone.now()
        read(subscription)
        waits.append(subscription.due_at - now)
    assert waits[0] < EVERY * 1.2
    assert waits[2] > EVERY * 3
    assert LONGEST_WAIT * 0.8 < waits[-1] < LONGEST_WAIT * 1.2
    assert subscription.last_error == "HTTP 500"
    CalendarSubscription.objects.update(attempts=MOST_ATTEMPTS - 1)
    read(subscription)
    assert subscription.paused_at is not None
    assert AuditEvent.objects.filter(action="calendar.given_up").count() == 1
    assert not run_due()
    assert facts() == before
    server.status = 200
    resume(subscription=subscription, by=carol)
    read(subscription)
    assert (subscription.last_error, subscription.failing_since, subscription.attempts) == ("", None, 0)


def test_a_server_may_say_how_long_to_wait(subscription: CalendarSubscription, server: CalendarServer) -> None:
    server.status, server.headers = 503, {"Retry-After": "3600"}
    read(subscription)
    assert subscription.due_at > timezone.now() + timedelta(seconds=3500)


def test_an_unchanged_calendar_is_not_sent_again(subscription: CalendarSubscription, server: CalendarServer) -> None:
    server.etag, server.headers = '"v1"', {"Last-Modified": "Sun, 29 Nov 2026 06:00:00 GMT"}
    read(subscription)
    full = subscription.full_at
    read(subscription)
    assert (server.asked[-1]["if-none-match"], subscription.full_at) == ('"v1"', full)
    assert server.asked[-1]["if-modified-since"] == "Sun, 29 Nov 2026 06:00:00 GMT"
    assert subscription.last_read_at is not None
    assert full is not None
    assert subscription.last_read_at > full
    CalendarSubscription.objects.update(full_at=timezone.now() - timedelta(hours=2))
    read(subscription)
    assert "if-none-match" not in server.asked[-1]


def test_a_packed_calendar_is_read_whatever_charset_the_server_names(
    subscription: CalendarSubscription, server: CalendarServer, practice: Practice
) -> None:
    Patient.objects.create(practice=practice, first_name="Éloïse", last_name="Lefèvre", birth_date="1988-07-01")
    for number, (encoding, named) in enumerate([("utf-8", "iso-8859-1"), ("cp1252", "utf-8"), ("utf-16", "utf-8")]):
        server.headers = {"Content-Encoding": "gzip", "Content-Type": f"text/calendar; charset={named}"}
        server.show(
            *(event(uid, in_days(day)) for uid, day in (("one", 3), ("two", 5))),
            *(event(f"é{one}", in_days(10 + one), "LEFÈVRE Éloïse 01/07/1988") for one in range(number + 1)),
        )
        server.body = server.body.decode().encode(encoding)
        read(subscription)
        assert subscription.last_error == ""
        assert len(starts()) == 3 + number


def test_more_events_than_the_bound_are_refused_whole(
    subscription: CalendarSubscription, server: CalendarServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calendar_reading, "MOST_EVENTS", 3)
    before = facts()
    server.show(*(event(f"many {number}", in_days(10 + number)) for number in range(4)))
    read(subscription)
    assert subscription.last_error == calendar_reading.TOO_MANY
    assert facts() == before


def test_an_address_that_cannot_be_opened_stops_its_calendar_alone(
    subscription: CalendarSubscription,
    server: CalendarServer,
    practice: Practice,
    agenda: Agenda,
    visit_reason: VisitReason,
    carol: User,
) -> None:
    note_keys()
    with override_settings(SECRET_KEY="a key that nobody has any more"):
        CalendarSubscription.objects.filter(pk=subscription.pk).update(address="https://lost.example/")
    other = subscribe(
        practice=practice, agenda=agenda, visit_reason=visit_reason, name="Autre", address=server.url, by=carol
    )
    CalendarSubscription.objects.update(due_at=timezone.now())
    while run_due():
        pass
    stopped = CalendarSubscription.objects.filter(pk=subscription.pk, paused_at__isnull=False)
    assert list(stopped.values_list("last_error", flat=True)) == [NOT_OPENED]
    other.refresh_from_db()
    assert other.stage == "checked"


def test_nobody_reads_on_for_an_administrator_who_is_one_no_more(
    subscription: CalendarSubscription, carol: User
) -> None:
    Membership.objects.filter(user=carol).update(is_admin=False, is_reader=True)
    read(subscription)
    assert (subscription.last_error, subscription.paused_at is None) == (NOBODY, False)


def test_a_closed_agenda_gets_no_appointments(
    subscription: CalendarSubscription, server: CalendarServer, agenda: Agenda
) -> None:
    Agenda.objects.update(is_active=False)
    server.show(event("three", in_days(9)))
    read(subscription)
    assert "agenda est fermé" in subscription.last_error
    assert starts() == [in_days(3), in_days(5)]


def test_the_address_is_neither_in_the_logs_nor_readable_in_the_table(
    subscription: CalendarSubscription, server: CalendarServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for status in (500, 302, 200):
        server.status = status
        read(subscription)
    server.behaviour = "cut"
    read(subscription)
    assert "secret-of-the-calendar" not in caplog.text
    stored = CalendarSubscription.objects.values_list("address", flat=True).get()
    assert "secret-of-the-calendar" not in repr(stored)
    assert subscription.masked_address == "127.0.0.1/…"


def test_one_event_that_fails_does_not_stop_the_others(
    subscription: CalendarSubscription, server: CalendarServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(
        agenda: Agenda,
        visit_reason: VisitReason,
        patient: Patient,
        starts_at: datetime,
        ends_at: datetime | None,
        by: User | None,
    ) -> Appointment:
        if starts_at == in_days(8):
            raise RuntimeError("a fault of ours")
        return place_imported(
            agenda=agenda, visit_reason=visit_reason, patient=patient, starts_at=starts_at, ends_at=ends_at, by=by
        )

    monkeypatch.setattr("imports.in_step.place_imported", breaks)
    server.show(*(event(uid, in_days(day)) for uid, day in (("one", 3), ("two", 5), ("bad", 8), ("good", 9))))
    read(subscription)
    assert starts() == [in_days(3), in_days(5), in_days(9)]
    monkeypatch.undo()
    read(subscription)
    assert starts() == [in_days(3), in_days(5), in_days(8), in_days(9)]


def test_a_killed_reading_is_repeated_and_nothing_happens_twice(
    subscription: CalendarSubscription, server: CalendarServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before its end: what stood is written, and the absence does not count."""

    class Killed(BaseException):
        """As the process would end: nothing catches it."""

    def die(*_args: object) -> bool:
        raise Killed

    server.show(event("two", in_days(5)), *(event(f"many {number}", in_days(10 + number)) for number in range(60)))
    monkeypatch.setattr("imports.in_step.settle_absences", die)
    for _ in range(3):
        with pytest.raises(Killed):
            read(subscription)
        CalendarSubscription.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert len(starts()) == 62
    monkeypatch.undo()
    read(subscription)
    assert len(starts()) == 62  # "one" is missing for the first time
    read(subscription)
    assert len(starts()) == 61


def test_a_paused_calendar_is_not_read_and_a_reading_in_progress_ends_without_a_change(
    subscription: CalendarSubscription, server: CalendarServer, carol: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def paused_meanwhile(url: str, *, etag: str = "", modified: str = "") -> Answer:
        answer = fetch(url, etag=etag, modified=modified)
        pause(subscription=subscription, by=carol)
        return answer

    monkeypatch.setattr("imports.calendar_runs.fetch", paused_meanwhile)
    server.show(event("one", in_days(3)), event("two", in_days(5)), event("three", in_days(9)))
    read(subscription)
    assert len(starts()) == 2
    CalendarSubscription.objects.update(due_at=timezone.now())
    assert not run_due()
