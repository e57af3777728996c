"""A questionnaire of Marie's practice: one section with a condition and points, one of free text."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import User
from appointments.models import Appointment
from documents.models import DocumentRequest
from documents.receiving.access import all_requests
from documents.receiving.asking import ask_questionnaire
from questionnaires.catalogue import import_questionnaire
from questionnaires.fhir.extensions import ORDINAL, SCORE_RANGE
from questionnaires.models import Questionnaire
from tests.questionnaires.test_understood import item, resource, when

SECRET = "Sommeil et ronflements"


def _option(words: str, points: int) -> dict[str, Any]:
    coding = {"system": "urn:t", "code": words.lower(), "display": words}
    return {"valueCoding": coding, "extension": [{"url": ORDINAL, "valueDecimal": points}]}


def sleep() -> dict[str, Any]:
    options = [_option("Jamais", 0), _option("Souvent", 2)]
    words = [
        {"url": "high", "valueDecimal": 1},
        {"url": "text", "valueString": "Rien à signaler"},
    ]
    more = [{"url": "low", "valueDecimal": 2}, {"url": "text", "valueString": "À voir ensemble"}]
    often = when("snores", answerCoding=options[1]["valueCoding"])
    return resource(
        item(
            "nights",
            "group",
            text="Vos nuits",
            item=[
                item("snores", "choice", text="Ronflez-vous ?", required=True, answerOption=options),
                item("since", "integer", text="Depuis combien d’années ?", enableWhen=[often]),
            ],
        ),
        item("free", "text", text="Autre chose à nous dire ?"),
        title=SECRET,
        extension=[{"url": SCORE_RANGE, "extension": words}, {"url": SCORE_RANGE, "extension": more}],
    )  # fmt: skip


@pytest.fixture
def questionnaire(appointment: Appointment, carol: User) -> Questionnaire:
    return import_questionnaire(practice=appointment.practice, resource=sleep(), by=carol)


@pytest.fixture
def asked(appointment: Appointment, questionnaire: Questionnaire, bob: User) -> DocumentRequest:
    return all_requests().get(pk=ask_questionnaire(appointment=appointment, questionnaire=questionnaire, by=bob).pk)
