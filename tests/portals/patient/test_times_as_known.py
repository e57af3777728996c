"""Who knows only the day, the month or the year of a dateTime says so, on a page without a script, and everybody
reads it so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from accounts.models import User
from appointments.models import Appointment
from documents.models import DocumentRequest
from documents.receiving.answering import send_answers, write_answers
from documents.receiving.asking import ask_questionnaire
from patients.models import RecordTie, Relationship
from portals.answer_summary import summary_of
from questionnaires.answering import answers_of
from questionnaires.catalogue import import_questionnaire
from questionnaires.fhir.dates import PartialDate, PartialDateTime
from questionnaires.models import Questionnaire, QuestionnaireResponse
from tests.markup import page_text
from tests.questionnaires.test_dates import HIGHEST
from tests.questionnaires.test_understood import BOUND, item, resource, when

SignIn = Callable[[User], Client]
PARIS = ZoneInfo("Europe/Paris")
PARTS = ("day", "month", "year", "time")
SHOWN = {"shown": "q1 q3 q4 q5"}  # all but what depends
ASKED = resource(
    item("began", "dateTime", text="Depuis quand ?"),
    item("how", "text", text="Comment ?", enableWhen=[when("began", ">", answerDateTime="2026-11-28")]),
    item("visit", "dateTime", text="Ce jour-là, quand ?", extension=[
        {"url": BOUND, "valueDateTime": "2026-11-29T08:00:00+01:00"},
        {"url": HIGHEST, "valueDateTime": "2026-11-29T20:00:00+01:00"},
    ]),
    item("fevers", "dateTime", text="Fièvres ?", repeats=True),
    item("until", "dateTime", text="Jusqu’à quand ?", extension=[
        {"url": HIGHEST, "valueDateTime": "2026-06-15T12:00:00+02:00"},
    ]),
    title="Douleurs",
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


def _typed(number: int, day: str, month: str, year: str, time: str) -> dict[str, str]:
    return {f"q{number}-{part}": typed for part, typed in zip(PARTS, (day, month, year, time), strict=True)}


def _day(day: int) -> PartialDateTime:
    return PartialDateTime(date(2026, 2, day))


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (("", "", "1998", ""), PartialDateTime(PartialDate(1998))),
        (("", "févr", "1998", ""), PartialDateTime(PartialDate(1998, 2))),
        (("3", "2", "2026", ""), _day(3)),
        (("3", "2", "2026", "08:30"), datetime(2026, 2, 3, 8, 30, tzinfo=PARIS)),
        (("3", "2", "2026", "8h"), datetime(2026, 2, 3, 8, tzinfo=PARIS)),
        (("", "", "", ""), None),
    ],
)
def test_time_day_and_month_may_stay_empty(
    sign_in: SignIn, hugo: User, asked: DocumentRequest, typed: tuple[str, str, str, str], kept: Any
) -> None:
    client, at = sign_in(hugo), f"/questionnaires/{asked.pk}/1/"
    assert client.post(at, {"shown": "all", **_typed(1, *typed)}).status_code == 302
    assert _answers() == ({"began": (kept,)} if kept else {})
    again = client.get(at).content.decode()
    shown = {"févr": "2", "8h": "08:00"}
    for part, text in zip(PARTS, typed, strict=True):
        field = again.split(f'name="q1-{part}"')[1].split(">")[0]
        assert f'value="{shown.get(text, text)}"' in field


@pytest.mark.parametrize(
    ("typed", "sentence", "faulty"),
    [
        (("", "", "", "8:30"), "laissez l’heure vide aussi", {"year"}),
        (("", "2", "2026", "8:30"), "laissez l’heure vide aussi", {"day"}),
        (("3", "2", "2026", "25:00"), "Écrivez une heure", {"time"}),
        (("3", "2", "2026", "tôt"), "Écrivez une heure", {"time"}),
        (("29", "3", "2026", "2:30"), "Les horloges ont changé", {"time"}),
        (("30", "2", "2026", "8:30"), "Cette date n’existe pas", set(PARTS)),
    ],
)
def test_what_is_wrong_is_named_by_field_and_what_was_typed_stays(
    sign_in: SignIn,
    hugo: User,
    asked: DocumentRequest,
    typed: tuple[str, str, str, str],
    sentence: str,
    faulty: set[str],
) -> None:
    refused = sign_in(hugo).post(f"/questionnaires/{asked.pk}/1/", {"shown": "all", **_typed(1, *typed)})
    assert refused.status_code == 400
    assert sentence in page_text(refused)
    fields = {part: refused.content.decode().split(f'name="q1-{part}"')[1].split(">")[0] for part in PARTS}
    assert {part for part, field in fields.items() if 'aria-invalid="true"' in field} == faulty
    for part, text in zip(PARTS, typed, strict=True):
        assert f'value="{text}"' in fields[part]


def test_the_server_asks_what_depends_on_a_day(sign_in: SignIn, hugo: User, asked: DocumentRequest) -> None:
    client, at = sign_in(hugo), f"/questionnaires/{asked.pk}/1/"
    for later in (
        ("29", "11", "2026", ""),
        ("29", "11", "2026", "0:30"),
        ("", "12", "2026", ""),
        ("", "", "2027", ""),
    ):
        assert "d’autres questions" in page_text(client.post(at, {**SHOWN, **_typed(1, *later)}))
    for not_later in (("28", "11", "2026", ""), ("28", "11", "2026", "23:30"), ("", "11", "2026", "")):
        assert client.post(at, {**SHOWN, **_typed(1, *not_later)}).status_code == 302


def test_bounds_say_which_part_is_needed(sign_in: SignIn, hugo: User, asked: DocumentRequest) -> None:
    client, at = sign_in(hugo), f"/questionnaires/{asked.pk}/1/"
    helps = [part.split("</div>")[0] for part in client.get(at).content.decode().split('_helptext">')[1:]]
    assert ["L’heure est facultative" in one for one in helps] == [True, False, True]
    assert ["Donnez aussi l’heure" in one for one in helps] == [False, True, False]
    assert ["le jour" in one for one in helps] == [True, False, True]

    def told(number: int, *typed: str) -> str:
        day, month, year, time = typed
        return page_text(client.post(at, {"shown": "all", **_typed(number, day, month, year, time)}))

    assert "une partie de 29/11/2026 est hors des limites" in told(3, "29", "11", "2026", "")
    assert "C’est trop tôt : 29/11/2026 08:00" in told(3, "29", "11", "2026", "7:59")
    assert "une partie de juin 2026 est hors des limites" in told(5, "", "6", "2026", "")
    assert "au plus tard" in told(5, "15", "6", "2026", "12:01")
    good = _typed(3, "29", "11", "2026", "20:00") | _typed(5, "14", "6", "2026", "")
    assert client.post(at, {"shown": "all", **good}).status_code == 302
    assert _answers()["until"] == (PartialDateTime(date(2026, 6, 14)),)


def test_several_one_a_line(sign_in: SignIn, hugo: User, asked: DocumentRequest) -> None:
    client, at = sign_in(hugo), f"/questionnaires/{asked.pk}/1/"
    lines = "1998\n2/2026\n3 février 2026\n4/2/2026 8h\n2026-02-05 08:30\n2026-02-06T08:30\n7.2.2026 à 9:05:00"
    assert client.post(at, {"shown": "all", "q4": lines}).status_code == 302
    times = ((4, 8, 0), (5, 8, 30), (6, 8, 30), (7, 9, 5))
    moments = [datetime(2026, 2, day, hour, minute, tzinfo=PARIS) for day, hour, minute in times]
    months = (PartialDateTime(PartialDate(1998)), PartialDateTime(PartialDate(2026, 2)))
    assert _answers() == {"fevers": (*months, _day(3), *moments)}
    shown = client.get(at).content.decode()
    assert "1998\n2026-02\n2026-02-03\n2026-02-04 08:00\n2026-02-05 08:30" in shown
    for wrong in ("hier", "2026 8:30", "2/2026 8:30", "3/2/2026 25:00", "8:30"):
        refused = client.post(at, {"shown": "all", "q4": wrong})
        assert refused.status_code == 400
        assert f">\n{wrong}</textarea>" in refused.content.decode()


def test_everybody_reads_it_as_it_was_said(
    sign_in: SignIn, hugo: User, bob: User, appointment: Appointment, questionnaire: Questionnaire
) -> None:
    sent = []
    for began in (PartialDateTime(PartialDate(1998, 11)), _day(3), datetime(2026, 2, 3, 8, 30, tzinfo=PARIS)):
        asked = ask_questionnaire(appointment=appointment, questionnaire=questionnaire, details="", by=bob)
        write_answers(request=asked, answers={"began": (began,)}, by=hugo)
        send_answers(request=asked, by=hugo)
        sent.append(DocumentRequest.objects.get(pk=asked.pk))
    words = [summary_of(one).sections[0].lines[0].answers for one in sent]
    assert words[:2] == [("novembre 1998",), ("03/02/2026",)]
    assert words[2][0].startswith("03/02/2026 08:30")
    (change,) = summary_of(sent[1]).changes
    assert (change.before, change.now) == (("novembre 1998",), ("03/02/2026",))
    staff, at = sign_in(bob), f"/pro/answers/{sent[0].pk}/"
    staff.post(f"{at}open/")
    assert "novembre 1998" in page_text(staff.get(at))
    assert staff.post(f"{at}json/").json()["item"][0]["answer"] == [{"valueDateTime": "1998-11"}]
