"""The rows of docs/foreign-signatures.md: `python -m tests.signing.foreign.table` writes them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.signing.foreign.differences import WHY
from tests.signing.foreign.kinds import KINDS

PAGE = Path(__file__).resolve().parents[3] / "docs" / "foreign-signatures.md"
HEAD = "| kind | here | signer, where its root is known | pdfsig | why not the same |\n|---|---|---|---|---|"
JUDGED = {"valid": "valid", "not_valid": "**not valid**", "not_judged": "could not be judged"}
TRUSTED = {
    "trusted": "confirmed", "weak": "not confirmed: SHA-1", "unknown_issuer": "not confirmed", "unknown": "",
}  # fmt: skip


def rows() -> Iterator[str]:
    for name, kind in KINDS.items():
        trust = TRUSTED[kind.trust] if kind.judgement == "valid" else ""
        external = {"valid": "valid", "invalid": "invalid", "unknown": "does not say"}[kind.said]
        yield f"| {name} | {JUDGED[kind.judgement]} | {trust} | {external} | {WHY.get(name, '')} |"


def main() -> None:
    before = PAGE.read_text().split(HEAD)[0]
    PAGE.write_text(f"{before}{HEAD}\n" + "\n".join(rows()) + "\n")


if __name__ == "__main__":
    main()
