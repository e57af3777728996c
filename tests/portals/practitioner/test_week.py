"""The week of an agenda, painted on one page, without scripts."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, time
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client

from accounts.models import User
from appointments.models import Agenda, OpeningHours, VisitReason
from appointments.models.opening import MIDNIGHT
from audit.models import AuditEvent
from patients.models import Patient
from portals.practitioner.cabinet.week_sheet import WeekSheet, hour_in
from practices.models import Practice
from tests.appointments.conftest import *  # noqa: F403  # an open agenda
from tests.appointments.conftest import at
from tests.conftest import BookFixture

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
FIELD = re.compile(r'<input[^>]*?name="(row-\d+-(?:day|start|end)|seen)"[^>]*?>', re.DOTALL)
BOX = re.compile(r'<input[^>]*?name="(row-\d+-reasons)"[^>]*?>', re.DOTALL)


def page_of(agenda: Agenda) -> str:
    return f"/pro/settings/agendas/{agenda.pk}/week/"


def shown(answer: Any) -> dict[str, list[str]]:
    """The fields of the form as it is shown, so that the next button sends them, as a browser does."""
    text = answer.content.decode().partition("<template")[0]
    fields: dict[str, list[str]] = {}
    for found in FIELD.finditer(text):
        value = re.search(r'value="([^"]*)"', found[0])
        fields.setdefault(found[1], []).append(value[1] if value else "")
    for found in BOX.finditer(text):
        if re.search(r"\schecked\b", found[0]):
            value = re.search(r'value="([^"]*)"', found[0])
            assert value, found[0]
            fields.setdefault(found[1], []).append(value[1])
    return fields


def rows_in(fields: dict[str, list[str]]) -> list[tuple[int, str, str]]:
    numbers = [name.split("-")[1] for name in fields if name.endswith("-day")]
    return [(int(fields[f"row-{n}-day"][0]), fields[f"row-{n}-start"][0], fields[f"row-{n}-end"][0]) for n in numbers]


def stored(agenda: Agenda) -> list[tuple[int, time, time]]:
    return list(agenda.opening_hours.values_list("weekday", "opens_at", "closes_at"))


def press(client: Client, of: Agenda, fields: dict[str, Any], act: str, **more: Any) -> Any:
    return client.post(page_of(of), {**fields, "act": act, **more})


def test_a_week_is_painted_copied_and_stored_by_buttons_alone(sign_in: SignIn, carol: User, agenda: Agenda) -> None:
    client = sign_in(carol)
    fields = shown(client.get(page_of(agenda)))
    assert rows_in(fields) == []
    for _range in range(2):
        answer = press(client, agenda, fields, "add-0")
        assert answer.status_code == 200
        assert "Rien n’est encore enregistré" in answer.content.decode()
        assert "autofocus" in answer.content.decode()
        fields = shown(answer)
    fields |= {"row-0-start": ["9h"], "row-0-end": ["12h30"], "row-1-start": ["1400"], "row-1-end": ["24:00"]}
    fields = shown(press(client, agenda, fields, "monday"))
    assert rows_in(fields) == [row for day in range(5) for row in [(day, "9h", "12h30"), (day, "1400", "24:00")]]
    assert stored(agenda) == []
    fields = shown(press(client, agenda, fields, "copy", source="0", days=["5", "6"]))
    fields = shown(press(client, agenda, fields, "preset", preset="morning", days=["2"]))
    assert [row for row in rows_in(fields) if row[0] == 2] == [(2, "09:00", "12:00")]
    sunday = [name for name in fields if name.endswith("-day") and fields[name] == ["6"]]
    fields = shown(press(client, agenda, fields, f"remove-{sunday[1].split('-')[1]}"))
    saved = press(client, agenda, fields, "save")
    assert saved["Location"] == page_of(agenda)
    both = [(time(9), time(12, 30)), (time(14), MIDNIGHT)]
    assert stored(agenda) == [
        *((day, *one) for day in (0, 1) for one in both),
        (2, time(9), time(12)),
        *((day, *one) for day in (3, 4, 5) for one in both),
        (6, time(9), time(12, 30)),
    ]
    assert AuditEvent.objects.filter(action="practice.opening_hours_changed").count() == 1


def test_hours_for_some_reasons_survive_every_button(
    sign_in: SignIn, carol: User, agenda: Agenda, visit_reason: VisitReason
) -> None:
    client, pk = sign_in(carol), str(visit_reason.pk)
    fields = shown(press(client, agenda, shown(client.get(page_of(agenda))), "add-0"))
    fields |= {"row-0-start": ["9"], "row-0-end": ["10"], "row-0-reasons": [pk]}
    fields = shown(press(client, agenda, fields, "monday"))
    assert fields["row-3-reasons"] == [pk]
    press(client, agenda, fields, "save")
    assert [list(one.visit_reasons.all()) for one in agenda.opening_hours.all()] == [[visit_reason]] * 5
    assert shown(client.get(page_of(agenda)))["row-0-reasons"] == [pk]
    visit_reason.is_active = False  # still named by the hours: saving again must not open them to all
    visit_reason.save()
    press(client, agenda, shown(client.get(page_of(agenda))), "save")
    assert [list(one.visit_reasons.all()) for one in agenda.opening_hours.all()] == [[visit_reason]] * 5


@pytest.mark.parametrize(
    ("rows", "number", "sentence"),
    [
        ([("9", "12"), ("11", "13")], 1, "se chevauchent"),
        ([("9", "24"), ("10", "11")], 1, "se chevauchent"),
        ([("12", "9")], 0, "La fin doit être après le début"),
        ([("9", "9")], 0, "La fin doit être après le début"),
        ([("matin", "12")], 0, "l’heure de début ainsi"),
        ([("9", "25:00")], 0, "l’heure de fin ainsi"),
        ([("24:00", "12")], 0, "l’heure de début ainsi"),
        ([("9", "")], 0, "l’heure de fin ainsi"),
    ],
)
def test_a_fault_stands_beside_its_row_and_everything_typed_is_kept(
    sign_in: SignIn, carol: User, open_agenda: Agenda, rows: list[tuple[str, str]], number: int, sentence: str
) -> None:
    client = sign_in(carol)
    fields: dict[str, Any] = {"seen": shown(client.get(page_of(open_agenda)))["seen"]}
    for count, (start, end) in enumerate(rows):
        fields |= {f"row-{count}-day": "0", f"row-{count}-start": start, f"row-{count}-end": end}
    answer = press(client, open_agenda, fields, "save")
    text = answer.content.decode()
    assert answer.status_code == 400
    assert f'<a href="#row-{number}-start">' in text
    assert re.search(rf'<p class="field-error" id="row-{number}-error">[^<]*{sentence}', text)
    assert len(re.findall(r'class="field-error" id="row-', text)) == 1
    assert rows_in(shown(answer)) == [(0, *one) for one in rows]
    assert len(stored(open_agenda)) == 7


def test_an_empty_row_is_no_fault_and_an_empty_week_closes_all(
    sign_in: SignIn, carol: User, open_agenda: Agenda
) -> None:
    client = sign_in(carol)
    seen = shown(client.get(page_of(open_agenda)))["seen"]
    answer = press(client, open_agenda, {"seen": seen, "row-0-day": "0", "row-0-start": " ", "row-0-end": ""}, "save")
    assert answer.status_code == 302
    assert stored(open_agenda) == []


def test_a_week_is_taken_from_another_agenda_without_reasons_that_are_not_offered_here(
    sign_in: SignIn, carol: User, open_agenda: Agenda, visit_reason: VisitReason, other_practice: Practice
) -> None:
    client = sign_in(carol)
    second = Agenda.objects.create(practice=open_agenda.practice, name="Salle 2")
    open_agenda.opening_hours.filter(weekday=0).get().visit_reasons.add(visit_reason)
    fields = shown(client.get(page_of(second)))
    fields = shown(press(client, second, fields, "agenda", agenda=str(open_agenda.pk)))
    assert len(rows_in(fields)) == 7
    assert not any(name.endswith("-reasons") for name in fields)
    theirs = Agenda.objects.create(practice=other_practice, name="Ailleurs")
    OpeningHours.objects.create(agenda=theirs, weekday=0, opens_at=time(3), closes_at=time(4))
    for wrong in (str(theirs.pk), "x", ""):
        answer = press(client, second, shown(client.get(page_of(second))), "agenda", agenda=wrong)
        assert rows_in(shown(answer)) == []


def test_what_becomes_of_appointments_outside_is_told_and_nothing_is_cancelled(
    sign_in: SignIn, carol: User, open_agenda: Agenda, book_for: BookFixture, marie: Patient, next_week: date
) -> None:
    client = sign_in(carol)
    inside = book_for(marie, starts_at=at(open_agenda, next_week, 10))
    fields = shown(client.get(page_of(open_agenda)))
    gone = [n for n in range(7) if fields[f"row-{n}-day"] == [str(next_week.weekday())]]
    fields = shown(press(client, open_agenda, fields, f"remove-{gone[0]}"))
    answer = client.post(page_of(open_agenda), {**fields, "act": "save"}, follow=True)
    text = answer.content.decode()
    assert "1 rendez-vous déjà pris est maintenant hors des horaires" in text
    assert "Rendez-vous hors de ces horaires" in text
    assert f"/pro/appointments/{inside.pk}/" in text
    inside.refresh_from_db()
    assert inside.status == "booked"


def test_two_administrators_do_not_overwrite_each_other(sign_in: SignIn, carol: User, open_agenda: Agenda) -> None:
    first, second = sign_in(carol), sign_in(carol)
    mine, theirs = (shown(one.get(page_of(open_agenda))) for one in (first, second))
    theirs = shown(press(second, open_agenda, theirs, "remove-6"))  # Sunday
    assert press(second, open_agenda, theirs, "save").status_code == 302
    mine = shown(press(first, open_agenda, mine, "preset", preset="afternoon", days=["0"]))
    refused = press(first, open_agenda, mine, "save")
    assert refused.status_code == 409
    assert "Horaires en vigueur" in refused.content.decode()
    assert (0, "14:00", "18:00") in rows_in(shown(refused))  # as typed
    assert len(stored(open_agenda)) == 6
    assert press(first, open_agenda, shown(refused), "save").status_code == 302
    assert len(stored(open_agenda)) == 7


@pytest.mark.parametrize("act", ["", "add-9", "add-x", "remove-", "copy", "preset", "agenda", "nonsense"])
def test_a_button_without_what_it_needs_changes_nothing(
    sign_in: SignIn, carol: User, open_agenda: Agenda, act: str
) -> None:
    client = sign_in(carol)
    fields = shown(client.get(page_of(open_agenda)))
    answer = press(client, open_agenda, fields, act, preset="none", source="8", days=["x"])
    assert answer.status_code == 200
    assert rows_in(shown(answer)) == rows_in(fields)


@pytest.mark.parametrize("who", ["alice", "bob", "rita", "charlie", "hugo"])
def test_to_others_it_does_not_exist(
    sign_in: SignIn, open_agenda: Agenda, who: str, request: pytest.FixtureRequest
) -> None:
    client = sign_in(request.getfixturevalue(who))
    assert client.get(page_of(open_agenda)).status_code == 404
    assert client.post(page_of(open_agenda), {"act": "save"}).status_code == 404
    assert len(stored(open_agenda)) == 7


@pytest.mark.parametrize(
    ("typed", "read"),
    [("9", time(9)), ("09:00", time(9)), ("9h", time(9)), ("9 h 30", time(9, 30)), ("0930", time(9, 30)),
     ("٩:٣٠", time(9, 30)), ("24:00", None), ("9:60", None), ("930", None), ("", None), ("9:3", None)],
)  # fmt: skip
def test_hours_are_read_as_people_write_them(typed: str, read: time | None) -> None:
    assert hour_in(typed) == read
    assert hour_in("24:00", as_end=True) == hour_in("24h", as_end=True) == MIDNIGHT


def test_a_form_with_thousands_of_rows_is_bounded() -> None:
    sent = QueryDict(mutable=True)
    for number in range(3000):
        sent[f"row-{number}-day"] = "0"
    assert len(WeekSheet.typed(sent).rows) == 200
