"""Each kind of change after a signature gets the verdict in the documentation's table."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.signing.changed.kinds import Kind
from tests.signing.changed.signers import judged
from tests.signing.changed.table import KINDS

TABLE = Path(__file__).parents[3] / "docs" / "changes-after-a-signature.md"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.what)
def test_a_change_after_a_signature_is_judged_as_the_table_says(kind: Kind) -> None:
    verdict, reason = judged(kind.make())
    assert (verdict, kind.because in reason) == (kind.verdict, True), reason


def test_the_table_in_the_documentation_is_this_list() -> None:
    written = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    rows = [f"| {kind.what} | {kind.verdict} |" for kind in KINDS]
    assert [line for line in written if not line.startswith(("| what came", "| ---", "| verdict", "| `"))] == rows
    assert len(rows) == len({kind.what for kind in KINDS}) >= 40
