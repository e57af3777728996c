"""Sets up PostgreSQL, Redis and clamd on this machine for the site."""

from __future__ import annotations

import re
import secrets
import socket
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from deploy.debian.places import CLAMD, REDIS, REDIS_UNIT, ROOT, SECRETS, USER
from deploy.debian.system import CannotContinue, ask, run, say, succeeds, write, write_secret
from deploy.fill_in import fill_in

LOCAL_SOCKET = "/run/postgresql"
FIRST_REDIS_PORT = 6379
LIMITS = ("StreamMaxLength", "MaxFileSize", "MaxScanSize")  # in deploy/clamd.conf; clamd.conf(5)
CLAMD_UNIT = "clamav-daemon.service"
CLAMD_SOCKET = "/run/clamav/clamd.ctl"
SCANNER_SECONDS = 90
SIGNATURES = (".cvd", ".cld", ".ndb", ".hdb")
UNITS_OF_SIZE = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


# --- PostgreSQL ----------------------------------------------------------------------------------------------


def prepare_database() -> None:
    """Create role and database for the local socket: the system user `docshare` is the role, without a password.

    A database_url that names another server belongs to the administrator and stays unchanged.
    """
    url = SECRETS / "database_url"
    if url.exists() and LOCAL_SOCKET not in url.read_text():
        return
    port = port_of_database(url.read_text()) if url.exists() else port_of_cluster()
    if not _as_postgres(port, f"SELECT 1 FROM pg_roles WHERE rolname = '{USER}'"):
        _as_postgres(port, f"CREATE ROLE {USER} LOGIN")
    if not _as_postgres(port, f"SELECT 1 FROM pg_database WHERE datname = '{USER}'"):
        _as_postgres(port, f"CREATE DATABASE {USER} OWNER {USER} ENCODING 'UTF8' LOCALE 'C.UTF-8' TEMPLATE template0")
    reached = ("psql", "--host", LOCAL_SOCKET, "--port", str(port), "--dbname", USER, "--command", "SELECT 1")
    if not succeeds("runuser", "-u", USER, "--", *reached):
        raise CannotContinue(
            f"PostgreSQL does not let the user {USER} in by its local socket. In pg_hba.conf, before other lines: "
            f"local {USER} {USER} peer; then systemctl reload postgresql, and run this again."
        )
    write_secret(url, f"postgres://{USER}@:{port}/{LOCAL_SOCKET}/{USER}")


def port_of_database(url: str) -> int:
    return urlsplit(url).port or 5432


def port_of_cluster() -> int:
    """The port of this machine's running cluster; of several, the lowest."""
    for _attempt in ("as it is", "started"):
        rows = [line.split() for line in ask("pg_lsclusters", "--no-header").splitlines()]
        if online := [int(row[2]) for row in rows if row[3].startswith("online")]:
            return min(online)
        succeeds("systemctl", "start", "postgresql.service", "postgresql@*.service")
        for row in rows:
            succeeds("systemctl", "start", f"postgresql@{row[0]}-{row[1]}.service")
    raise CannotContinue(
        "No PostgreSQL runs on this machine (pg_lsclusters). Start it, or write the address of another one into "
        f"{SECRETS / 'database_url'}: postgres://user:password@host/name; then run this again."
    )


def _as_postgres(port: int, statement: str) -> str:
    return ask(
        *("runuser", "-u", "postgres", "--", "psql", "--host", LOCAL_SOCKET, "--port", str(port)),
        *("--dbname", "postgres", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align"),
        *("--set", "ON_ERROR_STOP=1", "--command", statement),
        failure="PostgreSQL did not do what the installation needs:",
    )


def drop_database() -> None:
    """Drop database and role if they are on this machine. Raises CannotContinue."""
    url = SECRETS / "database_url"
    if not url.exists() or LOCAL_SOCKET not in url.read_text():
        return
    port = port_of_database(url.read_text())
    _as_postgres(port, f"DROP DATABASE IF EXISTS {USER}")
    _as_postgres(port, f"DROP ROLE IF EXISTS {USER}")


# --- Redis ---------------------------------------------------------------------------------------------------


def prepare_queue() -> None:
    """Set up a Redis for docshare alone, unless redis_url names another one, which belongs to the administrator."""
    url = SECRETS / "redis_url"
    if url.exists() and not REDIS.exists():
        return
    address = urlsplit(url.read_text().strip()) if url.exists() else None
    port = address.port if address else free_port(FIRST_REDIS_PORT)
    password = (address.password if address else None) or secrets.token_urlsafe(32)
    template = (ROOT / "deploy" / "debian" / "redis.conf").read_text()
    changed = write(REDIS, fill_in(template, {"PORT": str(port), "PASSWORD": password}), mode=0o640, group="redis")
    write_secret(url, f"redis://:{password}@127.0.0.1:{port}/0")
    run("systemctl", "enable", "--quiet", REDIS_UNIT, failure=f"{REDIS_UNIT} could not be enabled.")
    run(
        *("systemctl", "restart" if changed else "start", REDIS_UNIT),
        failure=f"Redis did not start: journalctl -u {REDIS_UNIT} says why.",
    )


def free_port(first: int) -> int:
    for port in range(first, first + 100):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise CannotContinue(f"No port of 127.0.0.1 from {first} to {first + 99} is free for Redis.")


# --- clamd ---------------------------------------------------------------------------------------------------


def prepare_scanner() -> None:
    """Raise clamd's limits to those of deploy/clamd.conf; larger ones stay."""
    if write(CLAMD, with_limits(CLAMD.read_text(), (ROOT / "deploy" / "clamd.conf").read_text())):
        succeeds("systemctl", "try-restart", CLAMD_UNIT)
    # Debian 13 starts it once and does not enable it.
    run("systemctl", "enable", "--quiet", "--now", CLAMD_UNIT, failure=f"{CLAMD_UNIT} could not be enabled.")
    if not any(path.suffix in SIGNATURES for path in Path("/var/lib/clamav").glob("*")):
        say(
            "clamd has no signatures of viruses yet. clamav-freshclam fetches them; clamd starts when they are there "
            "(systemctl restart clamav-daemon), and until then each upload is refused."
        )
    elif not scanner_answers():
        say(f"clamd does not answer, and until then each upload is refused: journalctl -u {CLAMD_UNIT} says why.")


def scanner_answers() -> bool:
    """Whether clamd answers a ping (clamd(8)) on its socket. After a start it first loads its signatures, which takes
    a while."""
    deadline = time.monotonic() + SCANNER_SECONDS
    while time.monotonic() < deadline:
        with socket.socket(socket.AF_UNIX) as connection, suppress(OSError):
            connection.settimeout(5)
            connection.connect(CLAMD_SOCKET)
            connection.sendall(b"zPING\0")
            if connection.recv(5) == b"PONG\0":
                return True
        time.sleep(1)
    return False


def with_limits(theirs: str, ours: str) -> str:
    """`theirs` with the limits of `ours` wherever they are smaller or missing, and with AlertExceedsMax."""
    lines = theirs.splitlines()
    for name in LIMITS:
        wanted = _value_of(ours.splitlines(), name)
        if size_of(_value_of(lines, name)) < size_of(wanted):
            lines = _with_value(lines, name, wanted)
    if _value_of(lines, "AlertExceedsMax").lower() not in ("yes", "true", "1"):
        lines = _with_value(lines, "AlertExceedsMax", "yes")
    return "\n".join(lines) + "\n"


def size_of(written: str) -> int:
    """A limit in bytes. clamd's "0" means no limit: larger than any. Missing: 0, so that our limit applies."""
    match = re.fullmatch(r"(\d+)([KMG]?)", written.upper())
    if not match:
        return 0
    return int(match[1]) * UNITS_OF_SIZE[match[2]] or 1 << 62


def _value_of(lines: list[str], name: str) -> str:
    values = [line.split(None, 1)[1].strip() for line in lines if line.split(None, 1)[:1] == [name] and " " in line]
    return values[-1] if values else ""


def _with_value(lines: list[str], name: str, value: str) -> list[str]:
    return [*(line for line in lines if line.split(None, 1)[:1] != [name]), f"{name} {value}"]
