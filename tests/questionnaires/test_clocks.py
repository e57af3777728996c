"""An imported questionnaire is on the practice's clock: the page and the server judge a day alike."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from practices.models import Practice
from questionnaires.catalogue import import_questionnaire, publish_resource
from questionnaires.fhir.clocks import on_clock
from questionnaires.fhir.conditions import effective
from questionnaires.fhir.dates import date_time_of
from tests.questionnaires.test_understood import BOUND, item, resource, when

WRITTEN = ["2026-11-30T23:30:00Z", "2026-12-01T00:30:00+01:00", "2026-11-30T18:30:00-05:00"]
ZONES = ["Europe/Paris", "Pacific/Noumea", "America/Cayenne", "Asia/Kathmandu"]


@pytest.mark.django_db
@pytest.mark.parametrize("anew", [False, True])
@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize(("operator", "day"), [(">", "2026-12-01"), ("<", "2026-11-30")])
def test_a_moment_decides_the_same_however_it_is_written(
    practice: Practice, carol: User, written: str, operator: str, day: str, anew: bool
) -> None:
    """30 November 23:30 in UTC is 1 December 00:30 in Paris: after 30 November, and no answer on 1 December."""
    asked = resource(
        item("began", "dateTime", extension=[{"url": BOUND, "valueDateTime": written}]),
        item("how", "text", enableWhen=[when("began", operator, answerDateTime=written)]),
        title="Douleurs",
    )
    made = import_questionnaire(practice=practice, resource=asked, by=carol)
    version = publish_resource(questionnaire=made, resource=asked, by=carol) if anew else made.current
    assert version
    began, how = version.questions.items
    assert str(began.low) == str(how.conditions[0].answer) == "2026-12-01 00:30:00+01:00"
    kept = effective(version.questions, {"began": (date_time_of(day),), "how": ("Ma réponse",)})
    assert ("how" in kept) is (day == "2026-11-30")


@given(st.datetimes(timezones=st.sampled_from([ZoneInfo(name) for name in ("UTC", *ZONES)])), st.sampled_from(ZONES))
def test_moments_stay_what_they_are(moment: datetime, zone: str) -> None:
    written = moment.isoformat()
    moved = on_clock({"item": [{"answerDateTime": written, "text": written}]}, ZoneInfo(zone))["item"][0]
    assert moved["text"] == written
    assert datetime.fromisoformat(moved["answerDateTime"]) == datetime.fromisoformat(written)


@pytest.mark.parametrize(
    "part", ["2026", "2026-11-30", "T", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00+14:00", 5, None]
)
def test_what_is_no_moment_stays_for_the_reader(part: Any) -> None:
    assert on_clock({"valueDateTime": part}, ZoneInfo("America/Cayenne")) == {"valueDateTime": part}
