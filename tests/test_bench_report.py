"""The table of goals that `make bench` makes."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import report
from bench.report import BEGIN, END


def test_a_row_says_whether_its_goal_is_met(capsys: pytest.CaptureFixture[str]) -> None:
    with report.collected() as rows:
        report.at_most("a page", 3.04, 3, " ×", ours="9 ms", beside="bare view 3 ms")
        report.at_most("another", 3.0, 3, " ×")
        report.at_least("messages", 299.9, 300, "/s", still="access decided")
        report.at_most("memory", 458, None, " MiB")
        table = report.table(rows)
    assert "| a page | 9 ms | bare view 3 ms | 3.04 × | ≤ 3 × | **no** |  |" in table
    assert "| another |  |  | 3 × | ≤ 3 × | yes |  |" in table
    assert "| messages |  |  | 300/s | ≥ 300/s | **no** | access decided |" in table
    assert "| memory |  |  | 458 MiB |  |  |  |" in table
    assert capsys.readouterr().out.count("MISSED") == 2


def test_without_a_table_a_row_is_printed_alone(capsys: pytest.CaptureFixture[str]) -> None:
    report.at_least("messages", 301, 300, "/s")
    assert capsys.readouterr().out == "* messages: 301/s; goal ≥ 300/s: met\n"


def test_the_table_replaces_only_what_is_between_the_marks(tmp_path: Path) -> None:
    document = tmp_path / "performance.md"
    document.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    report.write_into(document, "new\n")
    assert document.read_text() == f"before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"


@pytest.mark.parametrize("text", ["", BEGIN, END])
def test_a_document_without_marks_is_left_alone(tmp_path: Path, text: str) -> None:
    document = tmp_path / "performance.md"
    document.write_text(text)
    with pytest.raises(ValueError, match="marks"):
        report.write_into(document, "new\n")
    assert document.read_text() == text
