"""docs/rgaa.md lists the 106 criteria of RGAA 4.1 once each, its totals are right, and its files are there."""

from __future__ import annotations

import re
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
TEXT = (ROOT / "docs" / "rgaa.md").read_text(encoding="utf-8")
CRITERIA = (9, 2, 3, 13, 8, 2, 5, 10, 4, 14, 13, 11, 12)  # of each theme
RESULTS = {"conforms": "Conforming", "does not conform": "Not conforming", "not applicable": "Not applicable",
           "not checked": "Not checked"}  # fmt: skip
ROW = re.compile(r"^\| (\d+\.\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|:]+)(?:: ([^|]+))? \|$", re.MULTILINE)
FILE = re.compile(r"`((?:\w+/)+(?:[\w.]+)?)`")


def test_each_criterion_has_one_row_in_order() -> None:
    wanted = [f"{theme}.{number}" for theme, most in enumerate(CRITERIA, 1) for number in range(1, most + 1)]
    assert len(wanted) == 106
    assert [row[0] for row in ROW.findall(TEXT)] == wanted


def test_each_row_has_a_result_with_a_reason_unless_it_conforms() -> None:
    for number, _criterion, _how, _pages, result, reason in ROW.findall(TEXT):
        assert result in RESULTS, number
        assert bool(reason) == (result != "conforms"), number


def test_the_totals_are_those_of_the_rows() -> None:
    results = [row[4] for row in ROW.findall(TEXT)]
    totals = {words: int(total) for words, total in re.findall(r"^\| ([\w ]+) \| (\d+) \|$", TEXT, re.MULTILINE)}
    assert totals == {
        "Criteria": 106,
        "Applicable": 106 - results.count("not applicable"),
        **{words: results.count(result) for result, words in RESULTS.items()},
    }


def test_each_file_that_it_names_is_there() -> None:
    named = FILE.findall(TEXT)
    assert len(named) > 50
    assert [path for path in set(named) if not (ROOT / path).exists()] == []
