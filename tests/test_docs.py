"""Statements of docs/ about tests are true, and texts of the repository only refer to what is in it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
CASES = ROOT / "docs" / "security-cases.md"
TESTS = ROOT / "tests"
HERE = "tests/test_docs.py"
NO_TEXT = {".gz", ".heic", ".lock", ".png", ".svg", ".xz"}
ELSEWHERE = {"README.md"}  # of other software
DOCUMENT = re.compile(r"(?<![\w/.*-])(?:\.\./)*[\w-][\w./-]*\.md\b")
NAMED_TEST = re.compile(r"(?<![\w*])((?:\w+/)*test_\w+\.py)(?:::(test_\w+))?")
# A number in a list, or a part of a document, that the reader does not have.
REFERENCES = {
    "a case by its number": re.compile(r"\b[Cc]ases? \d|\btest_cases?_?\d"),
    "a section of the design": re.compile(r"\bsection \S+ of the design|\b[Dd]esign(?:\.md)?,? (?:section|§)"),
}
OUTSIDE = re.compile(r"\b(?:BASE_DIR\)?|ROOT)\.parent\b|[\"']/work/|\.\./shared\b")
MATCH_STATEMENT = re.compile(r"^ +case [\d |]+:", re.MULTILINE)


def rows() -> dict[int, str]:
    found = re.findall(r"^\| (\d+) \| .+ \| (.+) \|$", CASES.read_text(), flags=re.MULTILINE)
    return {int(number): tests for number, tests in found}


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    """Path -> content of each file that is, or is about to be, in the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")
    paths = [path for path in listed if path and (ROOT / path).is_file() and Path(path).suffix not in NO_TEXT]
    return {path: (ROOT / path).read_text(encoding="utf-8") for path in paths}


def test_every_security_case_names_tests() -> None:
    assert list(rows()) == list(range(1, len(rows()) + 1))
    for number, cell in rows().items():
        names = re.findall(r"`([^`:]+)(?:::\w+)?`", cell)
        assert names, f"case {number} has no test"
        for name in names:
            assert (TESTS / name).exists(), f"case {number}: {name}"


def test_a_test_that_a_text_names_is_there(texts: dict[str, str]) -> None:
    """Checks `security/test_files.py`, with any end of its path, and `…::test_name` in it."""
    sources = {path: text for path, text in texts.items() if Path(path).name.startswith("test_")}
    missing = [
        f"{path}: {file}::{test}"
        for path, text in texts.items()
        for file, test in NAMED_TEST.findall(text)
        if not any(f"/{one}".endswith(f"/{file}") and (not test or f"def {test}(" in sources[one]) for one in sources)
    ]
    assert missing == []


def test_a_document_that_a_text_names_is_in_the_repository(texts: dict[str, str]) -> None:
    missing = [
        f"{path}: {name}"
        for path, text in texts.items()
        for name in DOCUMENT.findall(text)
        if Path(name).name not in ELSEWHERE and not is_there(name, Path(path).parent)
    ]
    assert missing == []


def is_there(name: str, beside: Path) -> bool:
    """Relative to the root, to the text that names it, or to one of the folders of documents."""
    folders = (Path(), beside, Path("docs"), Path("docs/illnesses"))
    return any(
        (ROOT / folder / name).resolve().is_relative_to(ROOT) and (ROOT / folder / name).is_file()
        for folder in folders
    )


@pytest.mark.parametrize("kind", REFERENCES)
def test_no_text_refers_to_what_its_reader_has_not_got(kind: str, texts: dict[str, str]) -> None:
    found = [
        f"{path}: {match[0]}"
        for path, text in texts.items()
        if path != HERE
        for match in REFERENCES[kind].finditer(MATCH_STATEMENT.sub("", text))
    ]
    assert found == []


def test_no_test_reads_what_is_beside_the_repository(texts: dict[str, str]) -> None:
    code = ("tests/", "bench/", "tools/", "deploy/")
    found = [
        f"{path}: {match[0]}"
        for path, text in texts.items()
        if path.startswith(code) and path.endswith(".py") and path != HERE
        for match in OUTSIDE.finditer(text)
    ]
    assert found == []
