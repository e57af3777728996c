"""Why lines and events were refused, in the language of whoever reads it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import translation

from appointments.models import Agenda, VisitReason
from imports.models import CalendarItem, Import, ImportLine, Subject, Verdict
from imports.reasons import reason, reason_of, sentence_of
from patients.models import Patient
from tests.imports.calendar_server import calendar, event
from tests.imports.conftest import ImportFile, in_days

BAD_LINES = """Nom;Prénom;Né(e) le;Tél. portable;Courriel
SANS;Date;;06 39 98 12;marie durand@example.com
VIEUX;Jean;12/03/1750;;
DEUX;Chiffres;01.02.20;123;x@y
;Prénom;12/03/1950;;
"""


def in_english(line: ImportLine | CalendarItem) -> str:
    with translation.override("en"):
        return line.sentence


@pytest.mark.django_db
def test_a_refusal_is_worded_in_the_language_of_whoever_reads_it(
    check_file: ImportFile, marie: Patient, agenda: Agenda, visit_reason: VisitReason
) -> None:
    check_file(BAD_LINES)
    other = VisitReason.objects.create(practice=agenda.practice, name="Suivi")
    agenda.visit_reasons.add(other)
    events = calendar(event("one", in_days(3)), event("two", in_days(3, 11), more=["CATEGORIES:Vaccin"]))
    check_file(events, name="agenda.ics", subject=Subject.APPOINTMENTS)
    lines = list(ImportLine.objects.filter(verdict=Verdict.REFUSED).order_by("pk"))
    assert len(lines) == 6
    for line in lines:
        french, english = line.sentence, in_english(line)
        assert french != english
        assert "%(" not in french + english
        for word in (" le ", " la ", " est ", "manque", "Vérifiez"):
            assert word not in english
    assert "birth date is missing" in in_english(lines[0])
    assert "“Vaccin”" in in_english(lines[-1])


@pytest.mark.django_db
def test_sentences_of_earlier_versions_stay_as_they_are(check_file: ImportFile) -> None:
    job: Import = check_file(BAD_LINES)
    line = job.judged.order_by("line")[0]
    for words in ("La date de naissance manque : 100 %.", "", '{"autre": 1}'):
        line.detail = words
        line.save()
        assert in_english(ImportLine.objects.get(pk=line.pk)) == words


def test_facts_stay_numbers_and_names_may_hold_any_sign() -> None:
    error = ValidationError({"a": ValidationError("%(count)d : %(name)s", params={"count": 3, "name": '100 % "x"'})})
    assert sentence_of(reason_of(error)) == '3 : 100 % "x"'
    assert sentence_of(reason("100 % sans faits")) == "100 % sans faits"


def test_no_reason_is_put_into_words_before_it_is_stored() -> None:
    """In this room a text is formatted by `params`: with `%` its language is decided when it is raised."""
    for path in Path(settings.BASE_DIR, "imports").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("ValidationError", "reason"):
                assert not [one for one in node.args if isinstance(one, ast.BinOp)], f"{path}:{node.lineno}"
