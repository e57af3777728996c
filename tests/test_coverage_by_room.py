from __future__ import annotations

import pytest

from tools.coverage_by_room import by_room, main


def test_rooms_are_counted_by_statements_and_the_least_tested_comes_first() -> None:
    files = {
        "patients/ties.py": {"summary": {"num_statements": 10, "covered_lines": 10}},
        "patients/names/search.py": {"summary": {"num_statements": 30, "covered_lines": 20}},
        "deploy/run.py": {"summary": {"num_statements": 20, "covered_lines": 5}},
        "schema/__init__.py": {"summary": {"num_statements": 0, "covered_lines": 0}},
    }
    assert by_room({"files": files}) == [("deploy", 20, 5), ("patients", 40, 30)]


def test_a_report_that_is_missing_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        main("no/such/report.json")
