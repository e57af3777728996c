"""Bare Debian machines: a root folder from Debian's own packages, in which commands see nothing else.

The packages are those in README.md. A root is created once and cached for a week.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "docshare-machines"
KEPT_SECONDS = 7 * 86400
USER = 1000  # not root, like a user who tries docshare
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
# Variables that name an authority of the machine's own, which signs the addresses it installs from.
TRUST = ("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "PIP_CERT")


class Failed(Exception):
    """A sentence for the user at the terminal."""


class NotHere(Failed):
    """This machine cannot run a bare Debian, or one with network: docshare was not tested."""


def packages() -> list[str]:
    """The packages that the README installs."""
    (line,) = re.findall(r"^# apt-get install (.*libpango.*)$", (ROOT / "README.md").read_text(), re.MULTILINE)
    return str(line).split()


def trust() -> dict[str, str]:
    return {name: str(AUTHORITIES) for name in TRUST if os.environ.get(name)}


def bare(release: str, include: list[str]) -> Path:
    """The archive of a root folder of that Debian with those packages."""
    CACHE.mkdir(parents=True, exist_ok=True)
    archive = CACHE / f"{release}-{'-'.join(sorted(include))[:120]}.tar"
    if archive.exists() and archive.stat().st_mtime > time.time() - KEPT_SECONDS:
        return archive
    draft = archive.with_suffix(".draft.tar")
    command = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(include)}"]
    # A mirror may be a snapshot with expired indexes: nothing installed here serves users.
    command.append('--aptopt=Acquire::Check-Valid-Until "false"')
    need([*command, release, str(draft)])
    draft.rename(archive)
    return archive


def unpack(archive: Path, folder: Path) -> None:
    """Unpack it, with this machine's authorities and name resolution."""
    folder.mkdir(parents=True)
    call(["tar", "--extract", "--file", str(archive), "--directory", str(folder), "--exclude=./dev/*"])
    for name in (AUTHORITIES, Path("/etc/resolv.conf")):
        there = folder / name.relative_to("/")
        there.parent.mkdir(parents=True, exist_ok=True)
        there.unlink(missing_ok=True)
        shutil.copy(name.resolve(), there)
    (folder / "etc" / "hosts").write_text("127.0.0.1 localhost\n::1 localhost\n")  # not from a package


def checkout(folder: Path) -> None:
    """Copy this checkout's files, tracked or about to be, for the user. Raises NotHere."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=False, capture_output=True, text=True,
    )  # fmt: skip
    if listed.returncode:
        raise NotHere(f"Which files are docshare's, git does not say: {listed.stderr.strip()}")
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    call(["chown", "--recursive", f"{USER}:{USER}", str(folder)])


def inside(root: Path, *, start_seconds: int, script: str) -> None:
    """Run `script` as the user, in namespaces of its own, so that all its processes end with it. Raises Failed."""
    cache = CACHE / "user-cache"  # of uv and npm: downloads packages once for all machines
    cache.mkdir(exist_ok=True)
    os.chown(cache, USER, USER)
    home = root / "home" / "user"
    (home / ".cache").mkdir(parents=True, exist_ok=True)
    call(["chown", f"{USER}:{USER}", str(home), str(home / ".cache")])
    (root / "script").write_text(script)
    entering = (
        f'mount --bind {cache} "$1/home/user/.cache" && mount --rbind /dev "$1/dev" && mount -t proc proc "$1/proc" '
        f'&& exec chroot --userspec={USER}:{USER} "$1" /bin/sh /script'
    )
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/home/user", "LANG": "C.UTF-8", **trust()}
    environment["UV_LINK_MODE"] = "copy"
    call(
        ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", entering, "sh", str(root)],
        environment=environment, seconds=start_seconds,
    )  # fmt: skip


def need(command: list[str]) -> None:
    """A command that any software would need on a bare machine. Raises NotHere."""
    try:
        call(command)
    except Failed as error:
        raise NotHere(str(error)) from error


def call(command: list[str], *, environment: dict[str, str] | None = None, seconds: float | None = None) -> None:
    """Raises Failed unless it succeeds in time."""
    try:
        done = subprocess.run(command, env=environment, timeout=seconds, check=False)
    except FileNotFoundError as error:
        raise Failed(f"{command[0]} is not installed. On Debian: apt-get install {command[0]}") from error
    except subprocess.TimeoutExpired as error:
        raise Failed(f"{' '.join(command[:3])} … did not end within {seconds} s.") from error
    if done.returncode:
        raise Failed(f"{' '.join(command[:3])} … failed; the lines above say why.")
