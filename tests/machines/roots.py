"""Bare Debian machines: a root folder from Debian's own packages, and commands in it that see nothing else.

The packages are those that README.md names. A root is made once and kept for a week in the cache folder.
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
USER = 1000  # not root; of whoever tries docshare
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
# Where a machine trusts an authority of its own, these name it, and what it installs from is signed by that one.
TRUST = ("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "PIP_CERT")


class Failed(Exception):
    """A sentence for the person at the terminal."""


class NotHere(Failed):
    """This machine holds no bare one, or none that gets packages: docshare was not tried."""


def packages() -> list[str]:
    """What the README has installed."""
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
    # A mirror that is a snapshot holds indexes whose date has passed: what is installed here serves nobody.
    command.append('--aptopt=Acquire::Check-Valid-Until "false"')
    need([*command, release, str(draft)])
    draft.rename(archive)
    return archive


def unpack(archive: Path, folder: Path) -> None:
    """With what this machine trusts and how it finds names."""
    folder.mkdir(parents=True)
    call(["tar", "--extract", "--file", str(archive), "--directory", str(folder), "--exclude=./dev/*"])
    for name in (AUTHORITIES, Path("/etc/resolv.conf")):
        there = folder / name.relative_to("/")
        there.parent.mkdir(parents=True, exist_ok=True)
        there.unlink(missing_ok=True)
        shutil.copy(name.resolve(), there)
    (folder / "etc" / "hosts").write_text("127.0.0.1 localhost\n::1 localhost\n")  # the installer's, not a package's


def checkout(folder: Path) -> None:
    """This checkout's own files, those that git knows or would add, as the user's. Raises NotHere."""
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
    """Run `script` as the user, in namespaces of its own: whatever it starts ends with it. Raises Failed."""
    cache = CACHE / "user-cache"  # of uv and npm: packages are fetched once for all machines
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
    """What any software would need on a bare machine. Raises NotHere."""
    try:
        call(command)
    except Failed as error:
        raise NotHere(str(error)) from error


def call(command: list[str], *, environment: dict[str, str] | None = None, seconds: float | None = None) -> None:
    """Raises Failed where it does not succeed in time."""
    try:
        done = subprocess.run(command, env=environment, timeout=seconds, check=False)
    except FileNotFoundError as error:
        raise Failed(f"{command[0]} is not installed. On Debian: apt-get install {command[0]}") from error
    except subprocess.TimeoutExpired as error:
        raise Failed(f"{' '.join(command[:3])} … did not end within {seconds} s.") from error
    if done.returncode:
        raise Failed(f"{' '.join(command[:3])} … failed; the lines above say why.")
