"""Appointments follow the events of a calendar: made, moved, cancelled; and what staff change here stays."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from appointments.booking import delete
from appointments.cancelling import cancel
from appointments.models import Agenda, Appointment, AppointmentStatus, VisitReason
from appointments.moving import move
from audit.models import AuditEvent
from imports.models import CalendarItem, CalendarSubscription, ItemState, Subject
from imports.subscriptions import subscribe, switch_on
from notifications.models import Message
from patients.models import Patient
from practices.models import Practice
from tests.conftest import BookFixture
from tests.imports.calendar_server import CalendarServer, event
from tests.imports.conftest import ImportFile, in_days, read, starts

pytestmark = pytest.mark.django_db


def test_a_trial_says_what_it_would_make_and_makes_nothing(
    checked: CalendarSubscription, server: CalendarServer, book_for: BookFixture, marie: Patient
) -> None:
    assert starts() == []
    assert checked.stage == "checked"
    book_for(marie, starts_at=in_days(8))
    book_for(marie, starts_at=in_days(9))
    server.show(
        event("one", in_days(3)),
        event("there", in_days(8)),
        event("near", in_days(9, hour=11)),
        event("unknown", in_days(10), "PERSONNE Jean 01/01/1980"),
        event("all day", in_days(11)).replace("DTSTART:", "DTSTART;VALUE=DATE:").replace("T090000Z", ""),
        event("old", in_days(-40)),
        event("cancelled", in_days(12), more=["STATUS:CANCELLED"]),
    )
    CalendarSubscription.objects.update(stage="checking")
    read(checked)
    states = sorted(CalendarItem.objects.values_list("state", flat=True))
    assert states == ["alike", "new", "refused", "refused", "same"]
    details = " ".join(one.sentence for one in CalendarItem.objects.all())
    assert "Ce patient n’a pas de fiche ici" in details
    assert "dure une journée entière" in details
    assert len(starts()) == 2


def test_new_events_become_appointments_once(subscription: CalendarSubscription, server: CalendarServer) -> None:
    assert starts() == [in_days(3), in_days(5)]
    read(subscription)
    server.show(event("one", in_days(3)), event("two", in_days(5)), event("three", in_days(7)))
    read(subscription)
    read(subscription)
    assert starts() == [in_days(3), in_days(5), in_days(7)]
    assert subscription.last_error == ""
    assert not Message.objects.exists()


def test_a_moved_event_moves_its_appointment_and_lasts_as_it_says(
    subscription: CalendarSubscription, server: CalendarServer
) -> None:
    server.show(event("one", in_days(4), minutes=45), event("two", in_days(5), minutes=50))
    read(subscription)
    first, second = Appointment.objects.order_by("starts_at")
    assert (first.starts_at, first.ends_at - first.starts_at) == (in_days(4), timedelta(minutes=45))
    assert (second.starts_at, second.ends_at - second.starts_at) == (in_days(5), timedelta(minutes=50))
    moved = AuditEvent.objects.filter(action="appointment.moved")
    assert sorted(line.detail["fields"][0] for line in moved) == ["ends_at", "starts_at"]
    assert AuditEvent.objects.filter(action="appointment.followed_calendar", detail__did="moved").count() == 2


def test_a_cancelled_event_cancels_its_appointment_at_once(
    subscription: CalendarSubscription, server: CalendarServer
) -> None:
    server.show(event("one", in_days(3), more=["STATUS:CANCELLED"]), event("two", in_days(5)))
    read(subscription)
    assert starts() == [in_days(5)]
    server.show(event("one", in_days(3)), event("two", in_days(5)))
    read(subscription)
    assert starts() == [in_days(3), in_days(5)]
    assert Appointment.objects.filter(status=AppointmentStatus.CANCELLED).count() == 1


def test_staffs_change_stays_until_the_event_changes(
    subscription: CalendarSubscription, server: CalendarServer, alice: User
) -> None:
    one, two = Appointment.objects.order_by("starts_at")
    move(appointment=one, by=alice, starts_at=in_days(20))
    cancel(appointment=two, by=alice)
    read(subscription)
    server.show(
        event("one", in_days(3), more=["SEQUENCE:9", "LAST-MODIFIED:20300101T000000Z"]),
        event("two", in_days(5), more=["DESCRIPTION:autre chose"]),
    )
    read(subscription)
    assert starts() == [in_days(20)]
    server.show(event("one", in_days(4)), event("two", in_days(6)))
    read(subscription)
    assert starts() == [in_days(4), in_days(6)]


def test_an_appointment_deleted_here_stays_deleted(
    subscription: CalendarSubscription, server: CalendarServer, alice: User
) -> None:
    delete(appointment=Appointment.objects.get(starts_at=in_days(3)), by=alice)
    read(subscription)
    read(subscription)
    assert starts() == [in_days(5)]
    server.show(event("two", in_days(5)))
    read(subscription)
    server.show(event("one", in_days(3)), event("two", in_days(5)))
    read(subscription)
    assert starts() == [in_days(5)]  # missing from one reading alone: it did not change


def test_an_event_of_another_patient_never_takes_over_an_appointment(
    subscription: CalendarSubscription, server: CalendarServer, practice: Practice, marie: Patient
) -> None:
    paul = Patient.objects.create(
        practice=practice, first_name="Paul", last_name="Garnier", birth_date=date(1977, 2, 1)
    )
    server.show(event("one", in_days(3), "GARNIER Paul 01/02/1977"), event("two", in_days(5)))
    read(subscription)
    assert Appointment.objects.get(patient=paul).starts_at == in_days(3)
    former = Appointment.objects.get(patient=marie, starts_at=in_days(3))
    assert former.status == AppointmentStatus.CANCELLED


def test_an_event_that_nobody_is_recognised_in_any_more_leaves_its_appointment(
    subscription: CalendarSubscription, server: CalendarServer
) -> None:
    server.show(event("one", in_days(4), "Mme D."), event("two", in_days(5)))
    read(subscription)
    read(subscription)
    assert starts() == [in_days(3), in_days(5)]
    assert "prénom" in CalendarItem.objects.get(appointment__starts_at=in_days(3)).sentence


def test_software_that_changes_every_uid_changes_nothing(
    subscription: CalendarSubscription, server: CalendarServer
) -> None:
    for turn in range(3):
        server.show(event(f"one {turn}", in_days(3)), event(f"two {turn}", in_days(5)))
        read(subscription)
    assert starts() == [in_days(3), in_days(5)]
    assert CalendarItem.objects.count() == 2


def test_an_appointment_that_staff_booked_at_that_time_is_followed(
    checked: CalendarSubscription,
    server: CalendarServer,
    book_for: BookFixture,
    marie: Patient,
    carol: User,
) -> None:
    mine = book_for(marie, starts_at=in_days(3))
    switch_on(subscription=checked, by=carol)
    read(checked)
    server.show(event("one", in_days(4)), event("two", in_days(5)))
    read(checked)
    mine.refresh_from_db()
    assert mine.starts_at == in_days(4)
    assert starts() == [in_days(4), in_days(5)]


def test_the_appointments_of_an_imported_file_are_followed(
    checked: CalendarSubscription,
    server: CalendarServer,
    import_file: ImportFile,
    agenda: Agenda,
    visit_reason: VisitReason,
    carol: User,
) -> None:
    import_file(
        server.body, name="agenda.ics", subject=Subject.APPOINTMENTS, agenda=agenda, visit_reason=visit_reason
    )
    assert starts() == [in_days(3), in_days(5)]
    server.show(event("one", in_days(3, hour=14)), event("two", in_days(5)))
    switch_on(subscription=checked, by=carol)
    read(checked)
    assert starts() == [in_days(3, hour=14), in_days(5)]
    assert Appointment.objects.count() == 2


def test_two_calendars_never_follow_one_appointment(
    subscription: CalendarSubscription,
    server: CalendarServer,
    practice: Practice,
    agenda: Agenda,
    visit_reason: VisitReason,
    carol: User,
) -> None:
    other = subscribe(
        practice=practice, agenda=agenda, visit_reason=visit_reason, name="Encore", address=server.url, by=carol
    )
    read(other)
    switch_on(subscription=other, by=carol)
    read(other)
    assert starts() == [in_days(3), in_days(5)]
    assert set(other.items.values_list("state", flat=True)) == {ItemState.SAME}
    assert not other.items.filter(appointment__isnull=False).exists()


def test_two_different_events_of_one_identity_are_not_followed(
    subscription: CalendarSubscription, server: CalendarServer
) -> None:
    server.show(event("one", in_days(3)), event("one", in_days(8)), event("two", in_days(5)))
    read(subscription)
    assert starts() == [in_days(3), in_days(5)]
    assert "même identifiant" in CalendarItem.objects.get(appointment__starts_at=in_days(3)).sentence


def test_dates_of_a_recurring_event_are_followed_one_by_one(
    subscription: CalendarSubscription, server: CalendarServer
) -> None:
    weekly = event("weekly", in_days(7), more=["RRULE:FREQ=WEEKLY;COUNT=3"])
    server.show(event("one", in_days(3)), event("two", in_days(5)), weekly)
    read(subscription)
    assert starts() == [in_days(3), in_days(5), in_days(7), in_days(14), in_days(21)]
    moved = event("weekly", in_days(15), more=[f"RECURRENCE-ID:{in_days(14):%Y%m%dT%H%M%SZ}"])
    server.show(event("one", in_days(3)), event("two", in_days(5)), weekly, moved)
    read(subscription)
    assert starts() == [in_days(3), in_days(5), in_days(7), in_days(15), in_days(21)]


def test_a_rule_that_repeats_every_second_is_refused_and_costs_nothing(
    subscription: CalendarSubscription, server: CalendarServer
) -> None:
    server.show(
        event("one", in_days(3)), event("two", in_days(5)), event("fast", in_days(6), more=["RRULE:FREQ=SECONDLY"])
    )
    read(subscription)
    assert "plusieurs fois par jour" in CalendarItem.objects.get(state=ItemState.REFUSED).sentence


def test_a_long_calendar_is_continued_by_the_next_task(
    subscription: CalendarSubscription, server: CalendarServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imports.in_step.BATCH", 2)
    monkeypatch.setattr("imports.in_step.LONGEST", 0.0)
    server.show(event("two", in_days(5)), *(event(f"many {number}", in_days(10 + number)) for number in range(4)))
    read(subscription)
    assert (subscription.attempts, subscription.lease_until, len(starts())) == (0, None, 2)
    monkeypatch.setattr("imports.in_step.LONGEST", 60.0)
    read(subscription)
    assert len(starts()) == 6
    assert subscription.items.exclude(missing=0).get().missing == 1  # of the one reading that ended


def test_a_past_event_that_is_missing_stays(subscription: CalendarSubscription, server: CalendarServer) -> None:
    past = timezone.now() - timedelta(hours=3)
    Appointment.objects.filter(starts_at=in_days(3)).update(starts_at=past, ends_at=past + timedelta(minutes=20))
    CalendarItem.objects.filter(appointment__starts_at=past).update(starts_at=past)
    server.show(event("two", in_days(5)))
    for _ in range(4):
        read(subscription)
    assert starts() == [past, in_days(5)]
