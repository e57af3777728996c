"""`deploy/debian/remove [--purge]`: removes the site's parts from this machine. Its data stay unless --purge is
given, which asks for confirmation.

Standard library only.
"""

from __future__ import annotations

import argparse
import shutil

from deploy.debian import servers, site
from deploy.debian.places import (
    BACKUPS,
    COMMAND,
    DATA,
    REDIS,
    REDIS_UNIT,
    ROOT,
    SECRETS,
    SETTINGS,
    SYSUSERS,
    TMPFILES,
    UNITS,
    USER,
)
from deploy.debian.system import CannotContinue, main, say, succeeds


def remove(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="deploy/debian/remove",
        description="Stop docshare and remove its parts; database, files and settings stay.",
    )
    parser.add_argument("--purge", action="store_true", help="erase database, files, keys and settings, too")
    purge = parser.parse_args(arguments).purge
    if purge:
        confirm(site.host_in_place())
    stop()
    if purge:
        erase()
    for path in (*sorted(UNITS.glob("docshare*")), COMMAND, TMPFILES):
        if path.is_dir():  # a folder written by `systemctl edit`
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    succeeds("systemctl", "daemon-reload")
    if purge:
        say(f"docshare and its data are gone. Left are backups in {BACKUPS}, the checkout {ROOT}, Debian's packages.")
    else:
        say(
            f"docshare is off this machine. Its database, {DATA}, {SETTINGS} and {BACKUPS} are left: "
            f"{ROOT}/deploy/debian/install starts it again, {ROOT}/deploy/debian/remove --purge erases them."
        )


def confirm(host: str) -> None:
    """Raises CannotContinue unless the host name is typed."""
    word = host or USER
    say(
        f"This erases the database, the documents in {DATA}, and the keys in {SECRETS}, without which no backup "
        f"gives practitioners' signing keys back. Type {word} to go on:"
    )
    try:
        typed = input()
    except EOFError:
        typed = ""
    if typed.strip() != word:
        raise CannotContinue("Nothing was changed.")


def stop() -> None:
    units = [path.name for path in sorted(UNITS.glob("docshare*")) if path.is_file()]
    for unit in units:
        succeeds("systemctl", "disable", "--now", unit.replace("@.", "@*."))
    still = [unit for pattern in ("docshare-*", "docshare.target") for unit in site.running_units(pattern)]
    if still:
        raise CannotContinue(
            f"These do not stop: {', '.join(still)}. systemctl status says why; then run this again."
        )
    succeeds("systemctl", "disable", "--now", REDIS_UNIT)


def erase() -> None:
    servers.drop_database()
    REDIS.unlink(missing_ok=True)
    for folder in (DATA, SETTINGS):
        if folder.exists():
            shutil.rmtree(folder)
    SYSUSERS.unlink(missing_ok=True)
    succeeds("userdel", USER)


if __name__ == "__main__":
    main(remove)
