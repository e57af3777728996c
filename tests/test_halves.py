"""What a run of .ci/run leaves out: repeated parameters, two thirds of the walks and of the dear tests, which other
commits run."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import DEAR, SHARES, _is_run

ROOT = Path(__file__).resolve().parents[1]

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


def test_what_starts_the_embedded_default_is_run_there_each_time(test_of: Any) -> None:
    assert all(runs(test_of("tests/platform/test_make_run.py"), turn) == ["embedded"] for turn in TURNS)


def test_whole_ways_are_run_on_both_each_time(test_of: Any) -> None:
    assert all(runs(test_of("tests/e2e/test_first_run.py"), turn) == list(HALVES) for turn in TURNS)


def test_other_walks_are_run_on_the_servers_in_every_third_commit(test_of: Any) -> None:
    seen = [runs(test_of("tests/e2e/test_agenda.py"), turn) for turn in TURNS]
    assert 10 < seen.count(["servers"]) < 30
    assert seen.count([]) == len(TURNS) - seen.count(["servers"])


def test_a_dear_one_is_run_in_every_third_commit_on_one_or_the_other(test_of: Any) -> None:
    assert all((ROOT / "tests" / name).is_file() for name in DEAR)
    seen = [runs(test_of("tests/imports/test_costs.py"), turn) for turn in TURNS]
    assert 30 < seen.count([]) < 50
    assert {half for found in seen for half in found} == set(HALVES)


def test_a_repeated_parameter_is_run_in_some_commits(test_of: Any) -> None:
    repeated = test_of("tests/files/test_keys.py", "repeated")
    seen = [runs(repeated, f"commit {number}") for number in range(SHARES * 40)]
    assert 20 < sum(len(found) for found in seen) < 70


def test_without_halves_everything_else_is_run(test_of: Any) -> None:
    for path in ("tests/files/test_keys.py", "tests/e2e/test_agenda.py"):
        assert all(_is_run(test_of(path), turn, None) for turn in TURNS)


@pytest.fixture
def commands(tmp_path: Path) -> dict[str, list[str]]:
    """The options that .ci/run gives pytest for each half. It runs for real, with programs that only write what they
    were asked."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci/run", tmp_path / ".ci/run")
    (tmp_path / "bin").mkdir()
    for name in ("bin/make", ".venv/bin/python"):
        program = tmp_path / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(
            '#!/bin/sh\nfor word; do printf "%s\\n" "$word"; done | grep ^PYTEST_ARGS= >>asked || true\n'
        )
        program.chmod(0o755)
    path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
    subprocess.run([tmp_path / ".ci/run"], check=True, capture_output=True, env={"PATH": path, "TURN": "a commit"})
    asked = [shlex.split(line.partition("=")[2]) for line in (tmp_path / "asked").read_text().splitlines()]
    return {half: next(words for words in asked if half in words) for half in HALVES}


def ignored(words: list[str]) -> list[str]:
    return [after for word, after in pairwise(words) if word == "--ignore"]


def test_no_folder_of_tests_is_passed_over_by_the_half_that_has_its_tests(
    commands: dict[str, list[str]], test_of: Any
) -> None:
    folders = [path for path in (ROOT / "tests").rglob("*") if path.is_dir() and any(path.glob("test_*.py"))]
    assert len(folders) > 20
    for folder in folders:
        here = folder.relative_to(ROOT)
        item = test_of(str(here / "anything.py"))
        halves = {half for turn in TURNS for half in runs(item, turn)}
        for half in halves:
            passed_over = [one for one in ignored(commands[half]) if here.is_relative_to(one)]
            assert not passed_over, f"{half}: {here}"
