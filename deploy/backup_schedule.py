"""Makes a backup each day in the container `backup`: `backup_schedule.py /backups`. Systemd has a timer instead.

BACKUP_AT (02:30, UTC) sets the time, BACKUP_KEEP (14) how many backups stay. A missed backup is made at once; a
failed one is tried again after an hour. DATA_DIR/backups/last-success.json records when the last one finished.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType

AGAIN = timedelta(hours=1)
LOOK_SECONDS = 30  # several short waits, because the clock may be changed and the machine may sleep


def next_run(at: str, last: datetime | None, failed: datetime | None) -> datetime:
    """`at`: "HH:MM" in UTC (raises ValueError). The time of the next run. `last`: time of the last success; `failed`:
    time of a failed attempt after it."""
    hour, minute = (int(part) for part in at.split(":"))
    if last is None:
        wanted = datetime.min.replace(tzinfo=UTC)
    else:
        wanted = last.replace(hour=hour, minute=minute, second=0, microsecond=0)
        if wanted <= last:
            wanted += timedelta(days=1)
    return max(wanted, failed + AGAIN) if failed else wanted


def last_success(data_dir: Path) -> datetime | None:
    try:
        noted = json.loads((data_dir / "backups" / "last-success.json").read_text())
    except FileNotFoundError:
        return None
    return datetime.fromisoformat(noted["finished_at"])


def stop(_number: int, _frame: FrameType | None) -> None:
    """Exit on a signal, which process 1 of a container does not do by itself. The next backup removes an unfinished
    one."""
    raise SystemExit(0)


def main(into: str) -> None:
    at, keep = os.environ.get("BACKUP_AT") or "02:30", os.environ.get("BACKUP_KEEP") or "14"
    try:
        next_run(at, datetime.now(UTC), None)
    except ValueError:
        sys.exit(f"BACKUP_AT is a time of day in UTC, such as 02:30, and not {at!r}.")
    if not keep.isdecimal() or int(keep) < 1:
        sys.exit(f"BACKUP_KEEP is how many backups are kept, from 1, and not {keep!r}.")
    signal.signal(signal.SIGTERM, stop)
    failed: datetime | None = None
    while True:
        if datetime.now(UTC) < next_run(at, last_success(Path(os.environ["DATA_DIR"])), failed):
            time.sleep(LOOK_SECONDS)
            continue
        done = subprocess.run([sys.executable, "manage.py", "backup", "--into", into, "--keep", keep], check=False)
        failed = datetime.now(UTC) if done.returncode else None
        if failed:
            print(f"The backup failed; once more in {AGAIN}.", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
