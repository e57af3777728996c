"""Imports 100,000 patients: processor time and statements of each stage, and peak memory of the process.

`python -m bench.imports [lines …]`. The second figure is PostgreSQL's process, if it is on this machine. `PROFILE=1`
also prints the costliest functions, `STATEMENTS=1` the longest statements. It needs a database of its own
(DATABASE_URL), and leaves its practices there. docs/imports.md has its figures.
"""

from __future__ import annotations

import cProfile
import io
import os
import pstats
import re
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from bench.installation import set_up

SHAPE = re.compile(r"%s|, |\(\)")


def people(count: int) -> bytes:
    rows = ["Nom;Prénom;Date de naissance;Mobile;E-mail"]
    for number in range(count):
        born = date(1930, 1, 1) + timedelta(days=number % 35_000)
        mobile = f"06{30_000_000 + number:08d}"
        rows.append(f"NOM{number:06d};Prénom{number % 977};{born:%d/%m/%Y};{mobile};p{number}@example.com")
    return "\r\n".join(rows).encode("cp1252")


def server_time() -> float:
    """Seconds of processor of the PostgreSQL process behind the connection, if it runs on this machine."""
    from django.db import connection

    connection.ensure_connection()
    if connection.vendor != "postgresql":
        return 0.0
    stat = Path(f"/proc/{connection.connection.info.backend_pid}/stat")
    if not stat.exists():
        return 0.0
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(name: str, count: int, step: Callable[[], object]) -> None:
    from django.db import connection

    statements, lasted = Counter[str](), Counter[str]()  # lasted: milliseconds

    def counting(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        statements[SHAPE.sub("", sql)[:400]] += 1
        began = time.monotonic()
        try:
            return execute(sql, params, many, context)
        finally:
            lasted[SHAPE.sub("", sql)[:400]] += round((time.monotonic() - began) * 1e3)

    profile = cProfile.Profile()
    before = server_time()
    with ExitStack() as stack:
        stack.enter_context(connection.execute_wrapper(counting))
        if os.environ.get("PROFILE"):
            stack.enter_context(profile)
        began, began_clock = time.process_time(), time.monotonic()
        step()
        spent, clock = time.process_time() - began, time.monotonic() - began_clock
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    served = server_time() - before
    print(
        f"{count:7} {name:8} {spent:6.1f} + {served:6.1f} s of processor "
        f"({(spent + served) / count * 1e3:5.2f} ms a line), {clock:7.1f} s, "
        f"{statements.total():7} statements, peak {peak:.0f} MB",
        flush=True,
    )
    if os.environ.get("STATEMENTS"):
        for sql, milliseconds in lasted.most_common(7):
            print(f"{statements[sql]:9} {milliseconds:7} ms  {sql}")
    if os.environ.get("PROFILE"):
        pstats.Stats(profile).sort_stats("cumulative").print_stats(45)


def main(count: int) -> None:
    from accounts.models import User
    from imports.models import Import, Subject
    from imports.running import run_due
    from imports.steering import start, undo
    from imports.uploads import upload
    from practices.models import Membership, Practice

    practice = Practice.objects.create(name="Mesure des imports")
    admin = User.objects.create_user(f"bench-{time.time()}@example.com", None)
    Membership.objects.create(user=admin, practice=practice, is_admin=True)
    file = io.BytesIO(people(count))

    def everything() -> None:
        while run_due():
            continue

    def begin() -> None:
        upload(practice=practice, file=file, name="x.csv", subject=Subject.PATIENTS, by=admin)

    measure("upload", count, begin)
    job = Import.objects.get(practice=practice)
    measure("dry run", count, everything)
    start(job=job, by=admin)
    measure("import", count, everything)
    job.refresh_from_db()
    print(job.stage, job.made, job.new, job.same, job.alike, job.refused)

    def again() -> None:
        begin()
        everything()

    measure("again", count, again)
    undo(job=job, by=admin)
    measure("undo", count, everything)


if __name__ == "__main__":
    set_up()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    for count in map(int, sys.argv[1:] or ["100000"]):
        main(count)
