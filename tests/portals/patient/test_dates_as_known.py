"""Who knows only the month or the year of a date says so, on a page without a script, and everybody reads it so."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.utils import translation
from pypdf import PdfReader

from accounts.models import User
from appointments.models import Appointment
from documents.models import DocumentRequest
from documents.receiving.answering import send_answers, write_answers
from documents.receiving.asking import ask_questionnaire
from patients.models import RecordTie, Relationship
from portals.answer_dates import date_words
from portals.answer_files import answers_as_pdf
from portals.answer_summary import summary_of
from questionnaires.answering import answers_of
from questionnaires.catalogue import import_questionnaire
from questionnaires.fhir.dates import PartialDate
from questionnaires.models import Questionnaire, QuestionnaireResponse
from tests.markup import page_text
from tests.questionnaires.test_dates import HIGHEST
from tests.questionnaires.test_understood import BOUND, item, resource, when

SignIn = Callable[[User], Client]
ASKED = resource(
    item("operated", "date", text="Opéré quand ?"),
    item("before", "text", text="Avant 2000 ?", enableWhen=[when("operated", "<", answerDate="2000")]),
    item("week", "date", text="Quel jour de la semaine ?", extension=[
        {"url": BOUND, "valueDate": "2026-11-23"}, {"url": HIGHEST, "valueDate": "2026-11-29"},
    ]),
    item("vaccines", "date", text="Vaccins ?", repeats=True),
    item("until", "date", text="Jusqu’à quand ?", extension=[{"url": HIGHEST, "valueDate": "2026-06-15"}]),
    item("season", "choice", text="Quelle saison ?", answerOption=[{"valueDate": "2024-05"}, {"valueDate": "2025"}]),
    title="Opérations",
)  # fmt: skip
NOTHING = {"q1-day": "", "q1-month": "", "q1-year": ""}


@pytest.fixture
def questionnaire(appointment: Appointment, carol: User, hugo: User) -> Questionnaire:
    RecordTie.objects.create(user=hugo, patient=appointment.patient, relationship=Relationship.SELF)
    return import_questionnaire(practice=appointment.practice, resource=ASKED, by=carol)


@pytest.fixture
def asked(questionnaire: Questionnaire, appointment: Appointment, bob: User) -> DocumentRequest:
    return ask_questionnaire(appointment=appointment, questionnaire=questionnaire, details="", by=bob)


def _answers() -> dict[str, Any]:
    return answers_of(QuestionnaireResponse.objects.latest("created_at"))


@pytest.mark.parametrize(
    ("day", "month", "year", "kept"),
    [
        ("", "", "1998", PartialDate(1998)),
        ("", "2", "1998", PartialDate(1998, 2)),
        ("", "Févr", "1998", PartialDate(1998, 2)),
        ("03", "02", "1998", date(1998, 2, 3)),
        ("", "", "", None),
    ],
)
def test_day_and_month_may_stay_empty(
    sign_in: SignIn, hugo: User, asked: DocumentRequest, day: str, month: str, year: str, kept: Any
) -> None:
    client, at = sign_in(hugo), f"/questionnaires/{asked.pk}/1/"
    typed = {"shown": "all", "q1-day": day, "q1-month": month, "q1-year": year}
    assert client.post(at, typed)["Location"].endswith("/check/")
    assert _answers() == ({"operated": (kept,)} if kept else {})
    again = client.get(at).content.decode()
    for part, shown in (("day", day and "3"), ("month", month and "2"), ("year", year)):
        field = again.split(f'name="q1-{part}"')[1].split(">")[0]
        assert f'value="{shown}"' in field


@pytest.mark.parametrize(
    ("day", "month", "year", "sentence", "faulty"),
    [
        ("3", "2", "", "Donnez au moins l’année", {"year"}),
        ("", "", "98", "quatre chiffres", {"year"}),
        ("3", "", "1998", "Donnez le mois, ou laissez le jour vide aussi.", {"month"}),
        ("", "treize", "1998", "Écrivez le mois", {"month"}),
        ("", "13", "1998", "Écrivez le mois", {"month"}),
        ("lundi", "2", "1998", "Écrivez le jour", {"day"}),
        ("30", "2", "1998", "Cette date n’existe pas", {"day", "month", "year"}),
        ("9" * 19, "2", "1998", "Cette date n’existe pas", {"day", "month", "year"}),
    ],
)
def test_what_is_wrong_is_named_by_field_and_what_was_typed_stays(
    sign_in: SignIn,
    hugo: User,
    asked: DocumentRequest,
    day: str,
    month: str,
    year: str,
    sentence: str,
    faulty: set[str],
) -> None:
    client, at = sign_in(hugo), f"/questionnaires/{asked.pk}/1/"
    refused = client.post(at, {"shown": "all", "q1-day": day, "q1-month": month, "q1-year": year})
    assert refused.status_code == 400
    content = refused.content.decode()
    assert sentence in page_text(refused)
    fields = {part: content.split(f'name="q1-{part}"')[1].split(">")[0] for part in ("day", "month", "year")}
    assert {part for part, field in fields.items() if 'aria-invalid="true"' in field} == faulty
    for part, typed in (("day", day), ("month", month), ("year", year)):
        assert f'value="{typed}"' in fields[part]
    first = next(part for part in ("day", "month", "year") if part in faulty)
    assert f'href="#id_q1-{first}"' in content


def test_the_server_asks_what_depends_on_a_year(sign_in: SignIn, hugo: User, asked: DocumentRequest) -> None:
    client, at = sign_in(hugo), f"/questionnaires/{asked.pk}/1/"
    shown = {"shown": "q1 q3 q4 q5 q6"}
    assert "d’autres questions" in page_text(client.post(at, {**shown, **NOTHING, "q1-year": "1998"}))
    for year, month in (("2000", ""), ("2000", "2"), ("2001", "")):
        assert client.post(at, {**shown, "q1-year": year, "q1-month": month}).status_code == 302


def test_bounds_say_which_part_is_needed(sign_in: SignIn, hugo: User, asked: DocumentRequest) -> None:
    client, at = sign_in(hugo), f"/questionnaires/{asked.pk}/1/"
    page = client.get(at).content.decode()
    assert 'type="date" name="q3"' in page  # within a week, only a day can fit
    assert 'name="q3-day"' not in page
    assert "mai 2024" in page  # an option
    assert "Si vous ne savez pas le jour ou le mois" in page

    def told(**typed: str) -> str:
        return page_text(client.post(at, {"shown": "all", **typed}))

    assert "Précisez cette date : une partie de 2026 est hors des limites." in told(**{"q5-year": "2026"})
    june = told(**{"q5-year": "2026", "q5-month": "6"})
    assert "une partie de juin 2026 est hors des limites." in june
    assert "C’est trop tard : 15/06/2026 au plus tard." in told(**{"q5-year": "2027"})
    assert client.post(at, {"shown": "all", "q5-year": "2025"}).status_code == 302
    assert _answers() == {"until": (PartialDate(2025),)}


def test_several_dates_one_a_line(sign_in: SignIn, hugo: User, asked: DocumentRequest) -> None:
    client, at = sign_in(hugo), f"/questionnaires/{asked.pk}/1/"
    lines = "1998\n2/1998\n1998-03\nmars 1998\n3 mars 1998\n1998-03-04\n05.03.1998"
    assert client.post(at, {"shown": "all", "q4": lines}).status_code == 302
    march = PartialDate(1998, 3)
    days = tuple(date(1998, 3, day) for day in (3, 4, 5))
    assert _answers() == {"vaccines": (PartialDate(1998), PartialDate(1998, 2), march, march, *days)}
    assert "1998\n1998-02\n1998-03" in client.get(at).content.decode()
    for wrong in ("hier", "1 2 3 1998", "/", "32/1/1998"):
        refused = client.post(at, {"shown": "all", "q4": wrong})
        assert refused.status_code == 400
        assert f">\n{wrong}</textarea>" in refused.content.decode()


def test_everybody_reads_it_as_it_was_said(
    sign_in: SignIn, hugo: User, bob: User, appointment: Appointment, questionnaire: Questionnaire
) -> None:
    sent = []
    for operated in (PartialDate(1998, 11), PartialDate(1998)):
        asked = ask_questionnaire(appointment=appointment, questionnaire=questionnaire, details="", by=bob)
        given = {"operated": (operated,), "season": (PartialDate(2024, 5),)}
        write_answers(request=asked, answers=given, by=hugo)
        check = page_text(sign_in(hugo).get(f"/questionnaires/{asked.pk}/check/"))
        assert date_words(operated) in check
        assert "mai 2024" in check
        send_answers(request=asked, by=hugo)
        sent.append(DocumentRequest.objects.get(pk=asked.pk))
    assert "novembre 1998" in page_text(sign_in(hugo).get(f"/questionnaires/{sent[0].pk}/"))
    summary = summary_of(sent[1])
    (change,) = summary.changes
    assert (change.before, change.now) == (("novembre 1998",), ("1998",))
    assert summary.sections[0].lines[0].answers == ("1998",)
    pages = PdfReader(io.BytesIO(answers_as_pdf(sent[1]).content)).pages
    paper = " ".join(" ".join(page.extract_text() for page in pages).split())
    assert "novembre 1998" in paper
    assert "mai 2024" in paper
    staff, at = sign_in(bob), f"/pro/answers/{sent[1].pk}/"
    staff.post(f"{at}open/")
    read = page_text(staff.get(at))
    assert "novembre 1998" in read
    assert "mai 2024" in read
    exported = staff.post(f"{at}json/").json()
    assert exported["item"][0]["answer"] == [{"valueDate": "1998"}]
    with translation.override("en"):
        assert summary_of(sent[1]).changes[0].before == ("November 1998",)
        assert summary_of(sent[1]).sections[0].lines[0].answers == ("1998",)
