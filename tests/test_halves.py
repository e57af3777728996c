"""What a run of .ci/run leaves out: only repeated parameters and half of the walks, which other commits run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import SHARES, _is_run

TURNS = [f"commit {number}" for number in range(60)]
HALVES = ("servers", "embedded")


@pytest.fixture
def test_of(request: pytest.FixtureRequest) -> Any:
    """Makes a test of a file, with markers."""

    def made(path: str, *markers: str) -> pytest.Item:
        item: pytest.Function = pytest.Function.from_parent(
            request.node.parent, name="test_x", callobj=lambda: None, fixtureinfo=None
        )
        item.path = Path(path)
        for marker in markers:
            item.add_marker(marker)
        return item

    return made


def runs(item: pytest.Item, turn: str) -> list[str]:
    return [half for half in HALVES if _is_run(item, turn, half)]


def test_each_commit_runs_a_test_once_and_others_run_it_on_the_other_kind(test_of: Any) -> None:
    seen = [runs(test_of("tests/files/test_keys.py"), turn) for turn in TURNS]
    assert all(len(found) == 1 for found in seen)
    assert {found[0] for found in seen} == set(HALVES)


def test_what_needs_servers_is_run_there_each_time(test_of: Any) -> None:
    assert all(runs(test_of("tests/files/test_keys.py", "servers"), turn) == ["servers"] for turn in TURNS)


def test_whole_ways_are_run_on_both_each_time(test_of: Any) -> None:
    assert all(runs(test_of("tests/e2e/test_first_run.py"), turn) == list(HALVES) for turn in TURNS)


def test_other_walks_are_run_on_the_servers_in_every_second_commit(test_of: Any) -> None:
    seen = [runs(test_of("tests/e2e/test_agenda.py"), turn) for turn in TURNS]
    assert 15 < seen.count(["servers"]) < 45
    assert seen.count([]) == len(TURNS) - seen.count(["servers"])


def test_a_repeated_parameter_is_run_in_some_commits(test_of: Any) -> None:
    repeated = test_of("tests/files/test_keys.py", "repeated")
    seen = [runs(repeated, f"commit {number}") for number in range(SHARES * 40)]
    assert 20 < sum(len(found) for found in seen) < 70


def test_without_halves_everything_else_is_run(test_of: Any) -> None:
    for path in ("tests/files/test_keys.py", "tests/e2e/test_agenda.py"):
        assert all(_is_run(test_of(path), turn, None) for turn in TURNS)
