"""`make faults SEEDS=200`: distributes the seeds among installations side by side, and prints a table of the
results."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

STORAGES = ["files", "s3"]
COUNTED = ("calls", "retries", "shares", "sent", "answered", "consents", "wronged", "twice", "orphans")
INTERRUPTING = ("worker", "database", "power")  # may leave a sent message without its record


def main() -> int:
    parser = argparse.ArgumentParser(prog="make faults")
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--lanes", type=int, default=2, help="installations side by side: files, S3, files …")
    parser.add_argument(
        "--results", type=Path, help="keep a line of JSON for each seed here, after those that are there"
    )
    parser.add_argument("--kinds", default="", help="only faults whose names begin so: “s3 wrong,clamd”; else all")
    parser.add_argument(
        "--acts", choices=["all", "patients"], default="all", help="whose acts: all, or patients’ alone"
    )
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="docshare-faults-", dir="/tmp") as folder:
        results = asked.results or Path(folder) / "results"
        results.touch()
        seeds = range(asked.first, asked.first + asked.seeds)
        lanes = [
            _lane(
                Path(folder) / f"lane{lane}",
                STORAGES[lane % 2],
                results,
                asked.kinds,
                asked.acts,
                seeds[lane :: asked.lanes],
            )
            for lane in range(asked.lanes)
        ]
        ended = [lane.wait() for lane in lanes]
        lines = [json.loads(line) for line in results.read_text().splitlines()]
    print(table(lines))
    return int(any(ended) or any(line["faults"] for line in lines))


def _lane(folder: Path, storage: str, results: Path, kinds: str, acts: str, seeds: range) -> subprocess.Popen[bytes]:
    folder.mkdir()
    folder.parent.chmod(0o711)
    lane = [str(folder), storage, str(results), kinds, acts]
    command = [sys.executable, "-m", "tests.faults.lane", *lane, *map(str, seeds)]
    return subprocess.Popen(command, env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.faults.settings"})


def table(lines: list[dict[str, Any]]) -> str:
    """Seeds, faults by kind, losses, duplicates: the format of docs/faults.md."""
    struck: Counter[str] = Counter(kind for line in lines for kind in line["strikes"])
    wrong: Counter[str] = Counter(kind for line in lines if line["faults"] for kind in line["strikes"])
    twice: Counter[str] = Counter()
    for line in lines:
        for kind in line["strikes"]:
            twice[kind] += line.get("twice", 0)
    rows = [f"| {kind} | {count} | {wrong[kind]} | {twice[kind]} |" for kind, count in sorted(struck.items())]
    interrupting = sum(count for kind, count in struck.items() if kind.startswith(INTERRUPTING))
    recovery = sorted(line["recovery"] for line in lines if "recovery" in line)
    total: Counter[str] = Counter()
    for line in lines:
        total.update({name: line.get(name, 0) for name in COUNTED})
    clean = sum(not line["faults"] for line in lines)
    summary = [
        f"{len(lines)} seeds, {sum(struck.values())} faults: {clean} seeds clean.",
        f"{total['calls']} calls, {total['retries']} tries again, {total['shares']} documents shared.",
        f"By patients: {total['sent']} files, {total['answered']} questionnaires, {total['consents']} consents.",
        f"Answered wrongly by what stands before the site, S3 and clamd: {total['wronged']} requests.",
        f"Sent twice: {total['twice']} messages; faults that may interrupt one: {interrupting}.",
        f"Orphan files, for the nightly sweep: {total['orphans']}.",
    ]
    if recovery:
        summary.append(f"Recovery: median {recovery[len(recovery) // 2]} s, longest {recovery[-1]} s.")
    bad = [
        f"- seed {line['seed']} ({', '.join(line['strikes'])}): {fault}" for line in lines for fault in line["faults"]
    ]
    head = ["| fault | times | seeds not clean | sent twice in these seeds |", "| --- | --- | --- | --- |"]
    return "\n".join([*summary, "", *head, *rows, "", *bad]).rstrip()


if __name__ == "__main__":
    sys.exit(main())
