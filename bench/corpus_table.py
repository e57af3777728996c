"""The table of `make corpus`, in Markdown."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable

from bench.corpus_row import Row


def table(rows: list[Row]) -> str:
    """The summary, then documents that were not signed at the first attempt, then all."""
    opened = [row for row in rows if row.opens]
    signed = [row for row in opened if row.outcome.startswith("signed")]
    repaired = [row for row in signed if "repaired" in row.outcome]
    good = [row for row in opened if row.good]
    lines = [
        "# What becomes of odd documents",
        "",
        "Written by `make corpus FOLDER=…`. What is done with which class: [the table](documents-we-sign.md).",
        "",
        "| | |",
        "| --- | --- |",
        f"| documents | {len(rows)} |",
        f"| PDFs that a viewer (pdfium) opens without a password | {len(opened)} |",
        f"| of these signed | {_share(signed, opened)} |",
        f"| of these repaired first | {_share(repaired, opened)} |",
        f"| signed; valid and whole for pyHanko and pdfsig, pages unchanged | {_share(good, opened)} |",
        "| received to signed: median, 99th of a hundred, longest | |",
        f"| seconds of processor | {_spread(row.seconds for row in signed)} |",
        f"| seconds waited (on a machine with other work: longer) | {_spread(row.waited for row in signed)} |",
        f"| largest child | {max((row.mib for row in rows), default=0)} MiB |",
        "",
        "## Refused",
        "",
        "| times | outcome |",
        "| --- | --- |",
        *(f"| {times} | {outcome} |" for outcome, times in _refusals(rows)),
        "",
        "## Each document",
        "",
        "| document | opens | outcome | s | MiB | pyHanko | pdfsig | pages | bytes in front |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        *(_line(row) for row in sorted(rows, key=lambda row: (row.good or not row.opens, row.name))),
        "",
    ]
    return "\n".join(lines)


def _spread(values: Iterable[float]) -> str:
    seconds = sorted(values) or [0.0]
    return f"{statistics.median(seconds):.2f}, {seconds[int(0.99 * (len(seconds) - 1))]:.2f}, {seconds[-1]:.2f}"


def _share(part: list[Row], whole: list[Row]) -> str:
    return f"{len(part)} ({100 * len(part) / max(1, len(whole)):.1f} %)"


def _refusals(rows: Iterable[Row]) -> list[tuple[str, int]]:
    return Counter(row.outcome for row in rows if not row.outcome.startswith(("signed", "taken"))).most_common()


def _line(row: Row) -> str:
    cells = [row.name, "yes" if row.opens else "no", f"{row.outcome} {row.sentence}".strip(), f"{row.seconds:.2f}"]
    cells += [str(row.mib), row.pyhanko, row.pdfsig, row.pages, row.prefix]
    return "| " + " | ".join(cell.replace("|", "/").replace("\n", " ") for cell in cells) + " |"
