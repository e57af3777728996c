"""What the tests need beyond Python packages: Chromium and pdfsig. Installed by apt where it may be, else named."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

# Debian package, and the programs any of which will do.
NEEDED = {
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
    "poppler-utils": ("pdfsig",),
}


def main() -> int:
    missing = [package for package, programs in NEEDED.items() if not any(map(shutil.which, programs))]
    if not missing:
        return 0
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"Installing {' and '.join(missing)} …", file=sys.stderr, flush=True)
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], env=quiet, check=False, stdout=subprocess.DEVNULL)
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing]
        if subprocess.run(install, env=quiet, check=False, stdout=subprocess.DEVNULL).returncode == 0:
            return 0
    print(
        f"The tests need {' and '.join(missing)}. On Debian and Ubuntu: sudo apt-get install {' '.join(missing)}",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
