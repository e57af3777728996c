"""Seconds of bounds, conditions and answers, which an imported questionnaire or another software may have, are never
dropped: page, script and server judge one answer alike."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime, time
from html import unescape
from typing import Any

import pytest
from django import forms
from django.test import Client

from accounts.models import User
from appointments.models import Appointment
from documents.models import DocumentRequest
from documents.receiving.answering import write_answers
from documents.receiving.asking import ask_questionnaire
from patients.models import RecordTie, Relationship
from portals.answer_dates import DateLineField, Typed
from questionnaires.answering import answers_of
from questionnaires.catalogue import import_questionnaire
from questionnaires.fhir.values import Value
from questionnaires.models import Questionnaire, QuestionnaireResponse
from tests.markup import page_text
from tests.portals.patient.test_times_as_known import PARIS
from tests.questionnaires.test_dates import HIGHEST
from tests.questionnaires.test_understood import BOUND, item, resource, when

SignIn = Callable[[User], Client]
MOMENT = "2026-11-29T08:00:15+01:00"
LATE = "2026-11-29T20:00:45.5+01:00"
ASKED = resource(
    item("taken", "time", text="À quelle heure ?", extension=[
        {"url": BOUND, "valueTime": "08:00:15"}, {"url": HIGHEST, "valueTime": "20:00:45"},
    ]),
    item("began", "dateTime", text="Depuis quand ?", extension=[
        {"url": BOUND, "valueDateTime": MOMENT}, {"url": HIGHEST, "valueDateTime": LATE},
    ]),
    item("times", "time", text="À quelles heures ?", repeats=True),
    item("moments", "dateTime", text="Quels jours ?", repeats=True),
    item("after", "text", text="Et après ?", enableBehavior="any", enableWhen=[
        when("taken", "<", answerTime="09:00:30"), when("began", "<", answerDateTime="2026-11-29T09:00:30.25+01:00"),
    ]),
    title="Heures",
)  # fmt: skip


@pytest.fixture
def questionnaire(appointment: Appointment, carol: User, hugo: User) -> Questionnaire:
    RecordTie.objects.create(user=hugo, patient=appointment.patient, relationship=Relationship.SELF)
    return import_questionnaire(practice=appointment.practice, resource=ASKED, by=carol)


@pytest.fixture
def asked(questionnaire: Questionnaire, appointment: Appointment, bob: User) -> DocumentRequest:
    return ask_questionnaire(appointment=appointment, questionnaire=questionnaire, details="", by=bob)


def _answers() -> dict[str, Any]:
    return answers_of(QuestionnaireResponse.objects.latest("created_at"))


def _day(at: str, number: int = 2) -> dict[str, str]:
    return {f"q{number}-day": "29", f"q{number}-month": "11", f"q{number}-year": "2026", f"q{number}-time": at}


def _posted_again(page: str) -> dict[str, str]:
    """What a browser sends of the fields as they are shown."""
    inputs = {
        name: unescape("".join(re.findall(r'value="([^"]*)"', field)[:1]))
        for field in re.findall(r"<input[^>]*>", page)
        for name in re.findall(r'name="(q[^"]*)"', field)
    }
    areas = re.findall(r'<textarea[^>]*name="(q[^"]*)"[^>]*>([^<]*)<', page)
    return inputs | {name: unescape(text).strip() for name, text in areas}


def test_the_script_compares_with_the_seconds_too(sign_in: SignIn, hugo: User, asked: DocumentRequest) -> None:
    page = sign_in(hugo).get(f"/questionnaires/{asked.pk}/1/").content.decode()
    (conditions,) = (json.loads(unescape(one)) for one in re.findall(r'data-when="([^"]+)"', page))
    assert [(one["answer"], one.get("time"), one.get("date")) for one in conditions["conditions"]] == [
        ("09:00:30", True, None),
        ("2026-11-29T09:00:30.25", None, True),
    ]
    assert re.search(r'<input[^>]*name="q1"[^>]*step="1"', page), "seconds can be typed where a bound has some"


def test_a_bound_is_named_with_its_seconds_and_these_can_be_typed(
    sign_in: SignIn, hugo: User, asked: DocumentRequest
) -> None:
    client, at = sign_in(hugo), f"/questionnaires/{asked.pk}/1/"
    for typed, words in (
        ({"q1": "08:00"}, "C’est trop tôt : 08:00:15 au plus tôt"),
        ({"q1": "20:01"}, "C’est trop tard : 20:00:45 au plus tard"),
        (_day("8:00"), "C’est trop tôt : 29/11/2026 08:00:15 au plus tôt"),
        (_day("20:00:46"), "C’est trop tard : 29/11/2026 20:00:45.5 au plus tard"),
    ):
        assert words in page_text(client.post(at, {"shown": "all", **typed})).replace("\u00a0", " ")
    good = {"q1": "08:00:15", **_day("8:00:15"), "q4": "29/11/2026 8:30:05\n2026-11-29T08:30:05.25"}
    assert client.post(at, {"shown": "all", **good}).status_code == 302
    answers = _answers()
    assert (answers["taken"], answers["began"]) == ((time(8, 0, 15),), (datetime.fromisoformat(MOMENT),))
    assert [one.replace(tzinfo=None) for one in answers["moments"]] == [
        datetime(2026, 11, 29, 8, 30, 5), datetime(2026, 11, 29, 8, 30, 5, 250_000),
    ]  # fmt: skip


def test_answers_with_seconds_are_shown_with_them_and_sent_again_as_they_were(
    sign_in: SignIn, hugo: User, asked: DocumentRequest
) -> None:
    kept: dict[str, tuple[Value, ...]] = {
        "taken": (time(9, 0, 15),),
        "began": (datetime(2026, 11, 29, 9, 0, 15, 500_000, tzinfo=PARIS),),
        "times": (time(8, 30), time(9, 0, 5)),
        "moments": (datetime(2026, 11, 29, 8, 30, 5, tzinfo=PARIS),),
    }
    write_answers(request=asked, answers=kept, by=hugo)
    client, at = sign_in(hugo), f"/questionnaires/{asked.pk}/1/"
    posted = _posted_again(client.get(at).content.decode())
    assert (posted["q1"], posted["q2-time"]) == ("09:00:15", "09:00:15.5")
    assert client.post(at, {"shown": "all", **posted}).status_code == 302
    assert _answers() == kept
    review = page_text(client.get(f"/questionnaires/{asked.pk}/check/"))
    assert "09:00:05" in review
    assert "29/11/2026 09:00:15.5" in review


def test_the_editor_keeps_the_seconds_of_bounds_and_conditions(
    sign_in: SignIn, carol: User, questionnaire: Questionnaire
) -> None:
    client, at = sign_in(carol), f"/pro/settings/questionnaires/{questionnaire.pk}/question/?item="
    assert 'value="2026-11-29 08:00:15"' in client.get(f"{at}began").content.decode()
    page = client.get(f"{at}after").content.decode()
    assert 'value="09:00:30"' in page
    assert 'value="2026-11-29 09:00:30.25"' in page


OFFERED = {
    "t": ("answerTime", [{"valueTime": "08:30:00"}, {"valueTime": "09:00:15"}], "09:00:15"),
    "i": ("answerInteger", [{"valueInteger": 5}, {"valueInteger": 3}], 3),
    "d": ("answerDate", [{"valueDate": "2026-01-02"}, {"valueDate": "2026-01-03"}], "2026-01-03"),
    "s": ("answerString", [{"valueString": "a"}, {"valueString": "b"}], "b"),
}


def test_a_choice_among_times_numbers_or_dates_is_shown_and_compared_by_its_option(
    sign_in: SignIn, appointment: Appointment, carol: User, bob: User, hugo: User
) -> None:
    """The field of a choice has the number of an option, whatever its type: the script compared it with the answer
    itself, and hid a question that the server asks."""
    RecordTie.objects.create(user=hugo, patient=appointment.patient, relationship=Relationship.SELF)
    items = [
        one
        for name, (answer, options, wanted) in OFFERED.items()
        for one in (
            item(name, "choice", answerOption=options),
            item(f"{name}-after", "string", enableWhen=[when(name, "=", **{answer: wanted})]),
        )
    ]
    made = import_questionnaire(practice=appointment.practice, resource=resource(*items, title="Choix"), by=carol)
    asked = ask_questionnaire(appointment=appointment, questionnaire=made, details="", by=bob)
    page = sign_in(hugo).get(f"/questionnaires/{asked.pk}/1/").content.decode()
    conditions = [json.loads(unescape(one))["conditions"] for one in re.findall(r'data-when="([^"]+)"', page)]
    assert [one["answer"] for (one,) in conditions] == ["1"] * len(OFFERED)
    assert ("08:30:00" in page, "09:00:15" in page) == (False, True)


@pytest.mark.parametrize("typed", ["8h:15", "8::15", "8h:15.5", "8 h :15"])
def test_seconds_without_minutes_are_no_time(typed: str) -> None:
    """8h:15 is meant as a quarter past eight, and was kept as fifteen seconds past it."""
    with pytest.raises(forms.ValidationError):
        DateLineField(has_time=True).clean(f"29/11/2026 {typed}")
    with pytest.raises(forms.ValidationError):
        Typed("29", "11", "2026", typed).moment()
