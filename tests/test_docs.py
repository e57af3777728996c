"""What docs/ says of the tests is so."""

from __future__ import annotations

import re
from pathlib import Path

from django.conf import settings

CASES = Path(settings.BASE_DIR) / "docs" / "security-cases.md"
TESTS = Path(settings.BASE_DIR) / "tests"


def cases_with_a_test() -> set[int]:
    """Numbers in the names of tests: `test_case_13_and_23_…` is of two."""
    names = [
        name for path in TESTS.rglob("test_*.py") for name in re.findall(r"def (test_case_\w+)", path.read_text())
    ]
    return {int(number) for name in names for number in re.findall(r"(?:case|and)_(\d+)(?=_)", name)}


def rows() -> dict[int, str]:
    found = re.findall(r"^\| (\d+) \| (.+) \|$", CASES.read_text(), flags=re.MULTILINE)
    return {int(number): sentence for number, sentence in found}


def test_every_security_case_has_a_test_and_every_test_its_case() -> None:
    elsewhere = {number for number, sentence in rows().items() if "`" in sentence}
    assert cases_with_a_test() | elsewhere == set(rows())


def test_tests_that_a_row_names_are_there() -> None:
    sources = "\n".join(path.read_text() for path in TESTS.rglob("test_*.py"))
    for sentence in rows().values():
        for name in re.findall(r"`([^`]+)`", sentence):
            assert f"def {name}(" in sources if name.startswith("test_") else (TESTS.parent / name).exists(), name
