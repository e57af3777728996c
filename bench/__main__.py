"""`make bench`: prints figures beside a floor or a peer of the same run, and in the end the table of goals.

PARTS names some of the parts below; TABLE=docs/performance.md puts the table into that document. Each part is also a
command of its own (`python -m bench.pages`) whose first lines say what it measures. Exits with 1 if a part fails; a
goal that is missed stands in the table.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from bench import report
from bench.installation import demo, embedded

# Those that make millions of rows last; many_documents takes hours, and only runs if PARTS names it.
PARTS = {
    "pages": ["pages"],
    "peers": ["peers"],
    "serving": ["serving"],
    "open_verification": ["open_verification"],
    "patients_sending": ["patients_sending"],
    "starting": ["starting"],
    "chain": ["chain"],
    "steady": ["chain", "steady"],
    "many_patients": ["many_patients"],
    "parting": ["parting"],
    "many_documents": ["many_documents"],
}
HOURS = {"many_documents"}
IN_THIS_PROCESS = "sharing"


def main(wanted: Iterable[str]) -> int:
    failed = []
    with report.collected() as rows:
        if IN_THIS_PROCESS in wanted:
            in_this_process()
        for name in PARTS:
            if name in wanted:
                print(f"--- {name}", flush=True)
                module, *arguments = PARTS[name]
                command = [sys.executable, "-m", f"bench.{module}", *arguments]
                failed += [] if subprocess.run(command, check=False).returncode == 0 else [name]
        table = report.table(rows)
    print(table)
    if document := os.environ.get("TABLE"):
        report.write_into(Path(document), table)
    if failed:
        print(f"Failed: {', '.join(failed)}", file=sys.stderr)
    return min(1, len(failed))


def in_this_process() -> None:
    print(f"--- {IN_THIS_PROCESS}", flush=True)
    with embedded():
        from bench import bookings, memory, sharing, signing

        signing.run()
        demo()
        sharing.run()
        memory.run()
        bookings.rules_that_do_not_match()


if __name__ == "__main__":
    every = {IN_THIS_PROCESS, *PARTS}
    chosen = set(os.environ.get("PARTS", "").split()) or every - HOURS
    if unknown := chosen - every:
        sys.exit(f"No such part: {', '.join(sorted(unknown))}. There are: {', '.join(sorted(every))}.")
    sys.exit(main(chosen))
