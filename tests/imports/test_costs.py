"""What a part of an import costs: no more for a practice with many records, nor for a late part than for an early
one."""

from __future__ import annotations

import io
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from imports import running
from imports.models import Import, Stage, Subject
from imports.running import run_due
from imports.steering import start, undo
from imports.uploads import upload
from patients.models import Patient
from patients.records import create_patients
from practices.models import Practice
from tests.costs import counted
from tests.imports.conftest import run_all
from tests.imports.test_running import many

Cost = tuple[int, int]  # statements, calls


def records(practice: Practice, count: int, *, born: date) -> None:
    create_patients(
        practice=practice,
        people=[
            {"first_name": f"Autre{number}", "last_name": "Ailleurs", "birth_date": born + timedelta(days=number)}
            for number in range(count)
        ],
        by=None,
    )


@pytest.fixture
def costs(monkeypatch: pytest.MonkeyPatch) -> dict[Stage, list[Cost]]:
    """What each part of each stage cost."""
    found: dict[Stage, list[Cost]] = {stage: [] for stage in running.STEPS}

    def measured(stage: Stage) -> None:
        step = running.STEPS[stage]

        def _step(job: Import) -> None:
            with CaptureQueriesContext(connection) as captured:
                _nothing, calls = counted(lambda: step(job))
            found[stage].append((len(captured), calls))

        monkeypatch.setitem(running.STEPS, stage, _step)

    for stage in list(running.STEPS):
        measured(stage)
    return found


def whole_import(practice: Practice, by: User, text: str) -> None:
    job = upload(practice=practice, file=io.BytesIO(text.encode()), name="x.csv", subject=Subject.PATIENTS, by=by)
    run_all()
    start(job=job, by=by)
    run_all()
    undo(job=job, by=by)
    run_all()
    assert not run_due()


def test_a_late_part_costs_as_much_as_an_early_one(
    costs: dict[Stage, list[Cost]], practice: Practice, carol: User
) -> None:
    whole_import(practice, carol, many(1000))
    for stage, parts in costs.items():
        (_first, *_between, early, late) = parts
        assert len(parts) == 5
        assert late[0] == early[0], stage
        assert late[1] < early[1] * 1.05, stage


def test_a_part_costs_as_much_in_a_practice_with_many_records(
    costs: dict[Stage, list[Cost]], practice: Practice, carol: User
) -> None:
    whole_import(practice, carol, many(400))
    in_small = {stage: parts[-1] for stage, parts in costs.items()}
    records(practice, 1000, born=date(1990, 1, 1))
    whole_import(practice, carol, many(400))
    for stage, parts in costs.items():
        assert parts[-1][0] == in_small[stage][0], stage
        assert parts[-1][1] < in_small[stage][1] * 1.05, stage
    assert Patient.objects.count() == 1000


def test_a_date_that_many_records_have_costs_a_few_statements_more(
    costs: dict[Stage, list[Cost]], practice: Practice, carol: User
) -> None:
    """Software without a birth date writes the same one for everybody: thousands of records are not compared."""
    text = "Nom;Prénom;Né le\n" + "".join(f"Famille{number};Inconnu{number};01/01/1950\n" for number in range(600))
    whole_import(practice, carol, text)
    statements = {stage: {one for one, _calls in parts} for stage, parts in costs.items()}
    assert max(statements[Stage.IMPORTING]) - min(statements[Stage.IMPORTING]) <= 2
    assert costs[Stage.IMPORTING][-1][1] < costs[Stage.IMPORTING][0][1] * 1.5
