"""A short, deterministic part of `make fuzz`: every mutated document gets an answer."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from bench.doctors import Authority
from bench.fuzz import made_here, outcome, strategy

EXAMPLES = 25
CREDENTIAL = Authority().doctor()


@settings(
    max_examples=EXAMPLES, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
@given(strategy(made_here()))
def test_whatever_a_document_has_become_there_is_an_answer(document: tuple[str, bytes]) -> None:
    outcome(*document, CREDENTIAL)


@pytest.mark.parametrize("name", made_here())
def test_what_is_changed_at_random_is_sound_before(name: str) -> None:
    found = outcome(name, made_here()[name], CREDENTIAL)
    assert found == ("signed" if name.endswith(".pdf") else "taken")
