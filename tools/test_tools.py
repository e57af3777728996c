"""Installs tools for the tests and `make stack` beyond Python packages: a browser, pdfsig, production's servers.

Uses apt if allowed, else lists what is missing. `machines`: the tools of `make debian` and `make machines` instead.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

# Debian package, and its programs, one of which is enough.
NEEDED: dict[str, tuple[str, ...]] = {
    "chromium": ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"),
    "poppler-utils": ("pdfsig",),
    "clamav-daemon": ("clamd",),
    "softhsm2": ("softhsm2-util",),
    "nginx": ("nginx",),
    "postgresql": ("initdb",),
    "redis-server": ("valkey-server", "redis-server"),
    "curl": ("curl",),  # health checks of docker-compose.yml
    "wget": ("wget",),
    "openssl": ("openssl",),
    "age": ("age",),  # decrypts our backups
    "prometheus": ("promtool",),  # evaluates the alarms
}

# Smaller and faster for the tests, and not in every distribution.
PREFERRED = {"chromium": "chromium-headless-shell"}

MACHINES: dict[str, tuple[str, ...]] = {
    "mmdebstrap": ("mmdebstrap",),
    "openssl": ("openssl",),
    "git": ("git",),
}  # `make debian`

# Folders of clamd, nginx and initdb, which are not on an ordinary user's PATH.
SBIN = [
    "/usr/local/sbin",
    "/usr/sbin",
    "/sbin",
    *sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True),
]
PATH = os.pathsep.join([os.environ.get("PATH", ""), *SBIN])


def is_there(program: str) -> bool:
    return shutil.which(program, path=PATH) is not None


def main(needed: dict[str, tuple[str, ...]]) -> int:
    missing = [package for package, programs in needed.items() if not any(map(is_there, programs))]
    if not missing:
        return 0
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"Installing {' and '.join(missing)} …", file=sys.stderr, flush=True)
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], env=quiet, check=False, stdout=subprocess.DEVNULL)
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends"]
        for packages in ([PREFERRED.get(package, package) for package in missing], missing):
            done = subprocess.run([*install, *packages], env=quiet, check=False, stdout=subprocess.DEVNULL)
            if done.returncode == 0:
                return 0
    print(
        f"The tests need {' and '.join(missing)}. On Debian and Ubuntu: sudo apt-get install {' '.join(missing)}",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main(MACHINES if sys.argv[1:] == ["machines"] else NEEDED))
