"""The agenda's page: a time grid of a day or a week, its free times, closings, and the choice of agendas."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import escape
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from appointments.models import Agenda, Appointment, Closing, OpeningHours, VisitReason
from patients.models import Patient
from portals.practitioner import agenda_grid
from portals.practitioner.agenda_grid import Hours, hours_of, side_by_side
from practices.models import Practice
from tests.markup import one_line
from tools import agenda_rows

SignIn = Callable[[User], Client]
TUESDAY = date(2026, 12, 1)
DAY = f"/pro/?date={TUESDAY}"
WEEK = f"{DAY}&view=week"


@pytest.fixture(params=["Europe/Paris", "Pacific/Noumea", "America/Cayenne"])
def open_agenda(
    request: pytest.FixtureRequest, practice: Practice, agenda: Agenda, monkeypatch: pytest.MonkeyPatch
) -> Agenda:
    """Open on Tuesdays from nine to noon; it is Monday."""
    practice.time_zone = request.param
    practice.save()
    OpeningHours.objects.create(agenda=agenda, weekday=1, opens_at=time(9), closes_at=time(12))
    set_clock(monkeypatch, datetime(2026, 11, 30, 12, tzinfo=practice.zone))
    return Agenda.objects.select_related("practice").get(pk=agenda.pk)


def set_clock(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    monkeypatch.setattr(timezone, "now", lambda: moment.astimezone(UTC))


def book(agenda: Agenda, patient: Patient, reason: VisitReason, hour: int, minute: int = 0) -> Appointment:
    start = datetime.combine(TUESDAY, time(hour, minute), agenda.practice.zone)
    return Appointment.objects.create(
        practice=agenda.practice, agenda=agenda, patient=patient, visit_reason=reason,
        starts_at=start, ends_at=start + timedelta(minutes=reason.duration_minutes),
    )  # fmt: skip


def page_of(client: Client, address: str) -> str:
    return one_line(client.get(address).content)


def gaps(page: str) -> list[str]:
    return re.findall(r'class="gap" href="[^"]*start=([^&"]*)', page)


@pytest.mark.django_db
def test_entries_stand_at_their_time_on_the_clock_of_the_practice(
    bob: User, sign_in: SignIn, open_agenda: Agenda, marie: Patient, visit_reason: VisitReason
) -> None:
    book(open_agenda, marie, visit_reason, 10, 20)
    page = page_of(sign_in(bob), DAY)
    assert 'class="columns grid-of-36 ' in page  # nine to noon
    assert re.search(r'<li class="at-16 for-4 lane-1 to-end brief">\s*<a\s+class="slot', page)
    assert gaps(page) == ["2026-12-01T09:00", "2026-12-01T10:00", "2026-12-01T10:40", "2026-12-01T11:00"]
    assert "Réserver 10:40" in page
    assert re.search(r"Réserver 10:40\s*</span> ?<span class=\"visually-hidden\">, Dr Morel</span>", page)


@pytest.mark.django_db
def test_a_free_time_leads_to_the_booking_of_that_agenda_at_that_time(
    bob: User, sign_in: SignIn, open_agenda: Agenda, visit_reason: VisitReason
) -> None:
    client = sign_in(bob)
    link = re.search(r'class="gap" href="([^"]*)"', page_of(client, DAY))
    assert link
    form = page_of(client, link[1].replace("&amp;", "&"))
    assert 'name="starts_at" value="2026-12-01T09:00"' in form
    assert re.search(rf'<option value="{open_agenda.pk}" selected', form)


@pytest.mark.django_db
def test_past_times_are_not_offered(
    bob: User, sign_in: SignIn, open_agenda: Agenda, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = sign_in(bob)
    set_clock(monkeypatch, datetime(2026, 12, 1, 10, 42, tzinfo=open_agenda.practice.zone))
    page = page_of(client, DAY)
    assert gaps(page) == ["2026-12-01T10:45", "2026-12-01T11:00"]
    assert 'class="now-line at-20"' in page
    set_clock(monkeypatch, datetime(2026, 12, 2, 10, tzinfo=open_agenda.practice.zone))
    page = page_of(client, DAY)
    assert gaps(page) == []
    assert "now-line" not in page


@pytest.mark.django_db
def test_a_closing_is_named_shaded_and_not_offered(bob: User, sign_in: SignIn, open_agenda: Agenda) -> None:
    zone = open_agenda.practice.zone
    Closing.objects.create(
        practice=open_agenda.practice, reason="Travaux",
        starts_at=datetime(2026, 12, 1, 9, tzinfo=zone), ends_at=datetime(2026, 12, 1, 11, tzinfo=zone),
    )  # fmt: skip
    client = sign_in(bob)
    for address in (DAY, WEEK):
        page = page_of(client, address)
        assert "Fermé : Travaux" in page
        assert 'class="closed-time at-0 for-24"' in page
        assert gaps(page) == ["2026-12-01T11:00"]


@pytest.mark.django_db
def test_a_week_of_several_agendas_says_whose_each_appointment_is(
    alice: User, sign_in: SignIn, open_agenda: Agenda, marie: Patient, visit_reason: VisitReason
) -> None:
    other = Agenda.objects.create(practice=open_agenda.practice, name="Dr Lenoir")
    book(open_agenda, marie, visit_reason, 9)
    book(other, marie, visit_reason, 9)
    for agenda in (open_agenda, other):
        book(agenda, marie, visit_reason, 11)
    client = sign_in(alice)
    whole = page_of(client, WEEK)
    whose = re.findall(r'class="whose"><span class="visually-hidden">,\s*</span>([^<]*)</span>', whole)
    assert whose == ["Dr Lenoir", "Dr Morel"] * 2  # in the order of the agendas, whoever was first
    assert "lanes-2" in whole
    assert gaps(whole) == []  # whose would they be?
    mine = page_of(client, f"{WEEK}&agenda=mine")
    assert "Dr Lenoir</span>" not in mine
    assert mine.count('class="slot') == 2
    assert gaps(mine)
    chosen = page_of(client, f"{DAY}&agenda={other.pk}")
    assert len(re.findall(r'<section\s[^>]*class="day-column', chosen)) == 1
    assert f'<option value="{other.pk}" selected' in chosen
    for step in re.findall(r'class="btn btn-quiet" href="(/pro/[^"]*)"', chosen):
        assert f"agenda={other.pk}" in step or step == "/pro/waiting/"  # of the whole practice


@pytest.mark.django_db
@pytest.mark.parametrize("only", ["x", "00000000-0000-0000-0000-000000000000", "mine"])
def test_a_choice_that_names_no_agenda_shows_all(bob: User, sign_in: SignIn, open_agenda: Agenda, only: str) -> None:
    assert "Dr Morel" in page_of(sign_in(bob), f"{DAY}&agenda={only}")


@pytest.mark.django_db
def test_a_closed_agenda_is_shown_on_days_with_appointments_alone(
    bob: User, sign_in: SignIn, open_agenda: Agenda, marie: Patient, visit_reason: VisitReason
) -> None:
    closed = Agenda.objects.create(practice=open_agenda.practice, name="Dr Parti", is_active=False)
    client = sign_in(bob)
    assert "Dr Parti" not in page_of(client, DAY)
    book(closed, marie, visit_reason, 9)
    assert "Dr Parti" in page_of(client, DAY)


@pytest.mark.django_db
def test_more_agendas_and_appointments_ask_no_more_questions(
    bob: User, sign_in: SignIn, open_agenda: Agenda, marie: Patient, visit_reason: VisitReason
) -> None:
    client = sign_in(bob)
    book(open_agenda, marie, visit_reason, 9)

    def asked(address: str) -> int:
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        return len(queries)

    few = [asked(address) for address in (DAY, WEEK)]
    for number in range(7):
        agenda = Agenda.objects.create(practice=open_agenda.practice, name=f"Agenda {number}")
        OpeningHours.objects.create(agenda=agenda, weekday=1, opens_at=time(8), closes_at=time(20))
        for hour in range(9, 12):
            book(agenda, marie, visit_reason, hour)
    assert [asked(address) for address in (DAY, WEEK)] == few


@pytest.mark.django_db
def test_many_appointments_that_look_alike_each_show_their_own_time_name_and_address(
    alice: User, sign_in: SignIn, open_agenda: Agenda, marie: Patient, visit_reason: VisitReason
) -> None:
    reason = VisitReason.objects.create(practice=open_agenda.practice, name="Suivi <i>\ue003", duration_minutes=20)
    marked = Patient.objects.create(
        practice=open_agenda.practice,
        first_name="<b>\ue000 100 %(who)s",
        last_name=str(UUID(int=1)),
        birth_date=TUESDAY,
    )
    booked = [
        book(open_agenda, *one) for one in ((marie, visit_reason, 9), (marie, reason, 10), (marked, reason, 11))
    ]
    client = sign_in(alice)
    page = client.get(f"/pro/appointments/{booked[1].pk}/").content.decode()
    slots = re.findall(r'<a\s+class="slot.*?</a>', page, re.DOTALL)
    assert len(slots) == 3
    for slot, one in zip(slots, booked, strict=True):
        assert slot.count(f"/pro/appointments/{one.pk}/") == 4  # opens twice, moves, shares
        assert f'datetime="{one.local_start.isoformat()}"' in slot
        assert f">{one.local_start:%H:%M}<" in slot
        assert f"–{one.local_end:%H:%M}," in slot
        assert f'class="who">{escape(one.patient.full_name)}<' in slot
        assert ("aria-current" in slot) == (one == booked[1])
    assert "<b>" not in page
    assert "<i>" not in page


PARIS = ZoneInfo("Europe/Paris")
MORNING = datetime(2026, 12, 1, tzinfo=PARIS)
times = st.tuples(st.integers(0, 1430), st.integers(5, 480)).map(
    lambda pair: (MORNING + timedelta(minutes=pair[0]), MORNING + timedelta(minutes=sum(pair)))
)


def _numbers(classes: str) -> tuple[int, int, int]:
    row, rows, lane = (int(number) for number in re.findall(r"(?:at|for|lane)-(\d+)", classes))
    return row, row + rows, lane


@given(st.lists(times, max_size=12))
def test_nothing_covers_anything_else_and_everything_is_in_sight(spans: list[tuple[datetime, datetime]]) -> None:
    hours = hours_of(spans, [TUESDAY], PARIS)
    placed, lanes = side_by_side(spans, lambda span: hours.place_of(span, TUESDAY))
    assert len(placed) == len(spans)
    cells = [
        (row, lane) for one in placed for first, end, lane in [_numbers(one.classes)] for row in range(first, end)
    ]
    assert len(cells) == len(set(cells))
    assert all(0 <= row < hours.rows and 1 <= lane <= lanes for row, lane in cells)
    for one in placed:
        start = one.content[0]
        minutes = hours.first * 60 + _numbers(one.classes)[0] * 5
        assert minutes <= start.hour * 60 + start.minute < minutes + 5


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25)])  # the clocks change
def test_a_day_of_23_or_25_hours_keeps_the_times_of_the_clock(day: date) -> None:
    hours = Hours(0, 24, PARIS)
    for hour in range(4, 24):
        assert hours.row_of(datetime.combine(day, time(hour), PARIS), day) == hour * 12


def test_more_at_one_time_than_there_are_lanes_share_the_last() -> None:
    span = (MORNING + timedelta(hours=9), MORNING + timedelta(hours=10))
    placed, lanes = side_by_side([span] * 20, lambda one: Hours(9, 10, PARIS).place_of(one, TUESDAY))
    assert lanes == agenda_grid.MOST_LANES
    assert len(placed) == 20


def test_the_classes_of_the_grid_are_those_of_the_style_sheet() -> None:
    assert agenda_rows.PATH.read_text(encoding="utf-8") == agenda_rows.rules()
    assert (agenda_rows.ROWS_AN_HOUR, agenda_rows.MOST_LANES) == (agenda_grid.ROWS_AN_HOUR, agenda_grid.MOST_LANES)


def test_what_ends_at_midnight_shows_no_hour_of_the_next_day() -> None:
    days = [TUESDAY, TUESDAY + timedelta(days=1)]
    late = (datetime.combine(TUESDAY, time(22), PARIS), datetime.combine(days[1], time(0), PARIS))
    assert hours_of([late], days, PARIS).first == 22
