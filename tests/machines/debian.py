"""A bare Debian on which a user follows the README: `make run`, a healthy answer, some of the tests."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from tests.machines.roots import ROOT, Failed, NotHere, bare, checkout, inside, packages, unpack

# Their Pythons are 3.11.2, 3.13 and, as of November 2026, 3.14.
RELEASES = {"bookworm": "Debian 12", "trixie": "Debian 13", "forky": "Debian 14"}
SECONDS = 1500
PROBE_SECONDS = 120
# Signing, storage, the queue, pictures, locks: the parts that depend on libraries of the machine or of a wheel.
TESTS = [
    "tests/platform/test_locks.py",
    "tests/files/test_pictures.py",
    "tests/files/test_sandbox.py",
    "tests/signing/test_keys.py",
    "tests/signing/test_one_pass.py",
    "tests/documents/test_writing.py",
    "tests/notifications/test_worker_leaves.py",
    "tests/docshare/test_healthy.py",
]
# Whether any program on a bare machine can download a package: separates network problems from faults of docshare.
REACHES = """
set -eu
python3 -m venv /home/user/probe
/home/user/probe/bin/pip --quiet download --no-deps --dest /home/user/probe pip
"""
SCRIPT = """
set -eu
cd /home/user/docshare
{command} > /home/user/run.log 2>&1 &
until python3 -c 'import urllib.request as r; r.urlopen("http://localhost:{port}/readyz", timeout=5)' 2>/dev/null
do
    sleep 1
    kill -0 $! || {{ cat /home/user/run.log; exit 1; }}
done
grep -q 'docshare is running' /home/user/run.log || {{ sleep 10; grep -q 'docshare is running' /home/user/run.log; }}
python3 -c 'import urllib.request as r; assert b"csrf" in r.urlopen("http://localhost:{port}/account/login/").read()'
echo "make run answers: $(python3 --version), user $(id -u)"
kill $! && wait $! || true
make dev
exec .venv/bin/python -m pytest -n 0 -q {tests}
"""


def walk(release: str) -> None:
    """Raises Failed, NotHere."""
    (command,) = re.findall(r"^\$ (make run)$", (ROOT / "README.md").read_text(), re.MULTILINE)
    archive = bare(release, packages())
    port = 18012 + list(RELEASES).index(release)
    with tempfile.TemporaryDirectory(prefix=f"docshare-{release}-", dir="/tmp") as folder:
        root = Path(folder) / "root"
        unpack(archive, root)
        checkout(root / "home" / "user" / "docshare")
        try:
            inside(root, start_seconds=PROBE_SECONDS, script=REACHES)
        except Failed as error:
            raise NotHere(f"A program in a bare {RELEASES[release]} gets no packages here. {error}") from error
        script = SCRIPT.format(command=f"PORT={port} {command}", port=port, tests=" ".join(TESTS))
        inside(root, start_seconds=SECONDS, script=script)
