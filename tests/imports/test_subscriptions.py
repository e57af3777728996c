"""What administrators do with the calendar of other software: add, switch on, pause, resume, read now, remove."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from appointments.models import Agenda, VisitReason
from audit.models import AuditEvent
from imports import subscriptions
from imports.calendar_runs import run_due
from imports.models import CalendarStage, CalendarSubscription
from imports.subscriptions import (
    MOST,
    CalendarNotReady,
    ReadAMomentAgo,
    TooManyCalendars,
    cancel_held,
    keep_held,
    pause,
    read_now,
    remove,
    resume,
    subscribe,
    switch_on,
)
from practices.models import Practice
from practices.roles import NotAllowed
from tests.imports.calendar_server import CalendarServer, event
from tests.imports.conftest import in_days, read, starts

pytestmark = pytest.mark.django_db
Add = Callable[..., CalendarSubscription]


@pytest.fixture
def add(practice: Practice, agenda: Agenda, visit_reason: VisitReason, carol: User) -> Add:
    def _add(
        address: str, *, agenda: Agenda = agenda, visit_reason: VisitReason = visit_reason, by: User = carol
    ) -> CalendarSubscription:
        return subscribe(
            practice=practice, agenda=agenda, visit_reason=visit_reason, name="Doctomat", address=address, by=by
        )

    return _add


@pytest.mark.parametrize(
    "address",
    [
        "http://logiciel.example/a.ics",
        "ftp://logiciel.example/a.ics",
        "https://a:b@logiciel.example/a.ics",
        "https://127.0.0.1/a.ics",
        "https://10.0.0.1/a.ics",
        "https://[::1]/a.ics",
        "https://0x7f000001/a.ics",
        "webcal://192.168.1.1/a.ics",
        "agenda",
    ],
)
def test_addresses_that_are_no_good_are_refused(address: str, add: Add, settings: Settings) -> None:
    settings.WEBHOOKS_MAY_STAY_INSIDE = False
    with pytest.raises(ValidationError) as refused:
        add(address)
    assert list(refused.value.message_dict) == ["address"]
    assert not CalendarSubscription.objects.exists()


def test_webcal_is_https(add: Add) -> None:
    assert add(" webcal://logiciel.example/a.ics ").address == "https://logiciel.example/a.ics"


def test_a_practice_follows_a_bounded_number(add: Add) -> None:
    for number in range(MOST):
        add(f"https://logiciel.example/{number}.ics")
    with pytest.raises(TooManyCalendars):
        add("https://logiciel.example/more.ics")


def test_agenda_and_reason_belong_together(add: Add, other_practice: Practice, practice: Practice) -> None:
    for wrong in (
        {"agenda": Agenda.objects.create(practice=other_practice, name="Ailleurs")},
        {"visit_reason": VisitReason.objects.create(practice=practice, name="Autre", duration_minutes=10)},
    ):
        with pytest.raises(ValidationError):
            add("https://logiciel.example/a.ics", **wrong)


def test_only_administrators_act(checked: CalendarSubscription, add: Add, bob: User, alice: User) -> None:
    for by in (alice, bob):
        with pytest.raises(NotAllowed):
            add("https://logiciel.example/a.ics", by=by)
        for act in (switch_on, pause, resume, read_now, remove):
            with pytest.raises(NotAllowed):
                act(subscription=checked, by=by)
        for answer in (cancel_held, keep_held):
            with pytest.raises(NotAllowed):
                answer(subscription=checked, answers="", by=by)


def test_it_is_switched_on_only_after_its_trial(add: Add, server: CalendarServer, carol: User) -> None:
    server.show()
    one = add(server.url)
    with pytest.raises(CalendarNotReady):
        switch_on(subscription=one, by=carol)
    read(one)
    assert not run_due()  # it waits for an answer
    assert switch_on(subscription=one, by=carol).stage == CalendarStage.ON
    switch_on(subscription=one, by=carol)  # a second click
    assert AuditEvent.objects.filter(action="calendar.switched_on").count() == 1


def test_it_reads_now_at_most_once_a_minute(subscription: CalendarSubscription, carol: User) -> None:
    assert not run_due()
    read_now(subscription=subscription, by=carol)
    assert run_due()
    with pytest.raises(ReadAMomentAgo):
        read_now(subscription=subscription, by=carol)
    CalendarSubscription.objects.update(asked_at=timezone.now() - timedelta(minutes=2))
    read_now(subscription=subscription, by=carol)
    pause(subscription=subscription, by=carol)
    CalendarSubscription.objects.update(asked_at=None)
    with pytest.raises(CalendarNotReady):
        read_now(subscription=subscription, by=carol)


def test_paused_and_resumed_each_once(
    subscription: CalendarSubscription, server: CalendarServer, carol: User
) -> None:
    CalendarSubscription.objects.update(failing_since=timezone.now() - timedelta(days=1), last_error="HTTP 500")
    assert CalendarSubscription.objects.all().needing_attention().exists()
    pause(subscription=subscription, by=carol)
    pause(subscription=subscription, by=carol)
    assert not CalendarSubscription.objects.all().needing_attention().exists()
    server.show(event("one", in_days(4)), event("two", in_days(5)))
    assert not run_due()
    resume(subscription=subscription, by=carol)
    resume(subscription=subscription, by=carol)
    assert run_due()
    assert starts() == [in_days(4), in_days(5)]
    for action in ("calendar.paused", "calendar.resumed"):
        assert AuditEvent.objects.filter(action=action).count() == 1


def test_what_was_made_stays_when_it_is_removed(
    subscription: CalendarSubscription, add: Add, server: CalendarServer, carol: User
) -> None:
    remove(subscription=subscription, by=carol)
    assert starts() == [in_days(3), in_days(5)]
    assert not run_due()
    again = add(server.url)
    read(again)
    switch_on(subscription=again, by=carol)
    read(again)
    assert starts() == [in_days(3), in_days(5)]
    assert again.items.filter(appointment__isnull=False).count() == 2


def test_subscribing_and_switching_on_wake_a_worker(
    add: Add,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[object]],
) -> None:
    nudged: list[str] = []
    monkeypatch.setattr(subscriptions, "nudge", nudged.append)
    with django_capture_on_commit_callbacks(execute=True):
        add("https://logiciel.example/a.ics")
    assert nudged == ["imports.tasks.read_calendars"]
