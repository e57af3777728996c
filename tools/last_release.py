"""The previous release, which may still run while this version's migrations are applied.

`tools/last_release.json` names it and its newest migrations; `tools/last_release.tar.xz` has its code, because a
machine may lack git's history. On the commit of a release, `.venv/bin/python -m tools.last_release 0.3.0` writes both
again.
"""

from __future__ import annotations

import json
import lzma
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
RECORD = Path(__file__).with_suffix(".json")
ARCHIVE = RECORD.with_suffix(".tar.xz")
LEFT_OUT = (":!docs", ":!tests", ":!bench", f":!{ARCHIVE.relative_to(ROOT)}")


class Release(NamedTuple):
    """`tree` is the git tree of its commit, which stays the same if the commit is rebased.

    `migrations`: the newest of each app, packages' included.
    """

    version: str
    commit: str
    tree: str
    migrations: list[tuple[str, str]]


def last_release() -> Release:
    recorded = json.loads(RECORD.read_text())
    return Release(
        recorded["version"],
        recorded["commit"],
        recorded["tree"],
        [(app, name) for app, name in recorded["migrations"]],
    )


def unpack(folder: Path) -> None:
    """Extract the files of the last release into `folder`, which is created."""
    folder.mkdir()
    files = lzma.decompress(ARCHIVE.read_bytes())
    subprocess.run(["tar", "--extract", "--directory", str(folder)], input=files, check=True)


def write(version: str) -> None:
    """Record the checked-out commit as a release."""
    import django

    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "docshare.settings")
    django.setup()
    from django.db.migrations.loader import MigrationLoader

    commit, tree = (_git("rev-parse", name).stdout.strip() for name in ("HEAD", "HEAD^{tree}"))
    leaves = sorted(MigrationLoader(None).graph.leaf_nodes())
    release = {"version": version, "commit": commit, "tree": tree, "migrations": leaves}
    RECORD.write_text(json.dumps(release, indent=2) + "\n")
    files = subprocess.run(["git", "archive", tree, "--", ".", *LEFT_OUT], cwd=ROOT, check=True, capture_output=True)
    ARCHIVE.write_bytes(lzma.compress(files.stdout, preset=9))


def _git(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=False, capture_output=True, text=True)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Say which version this commit is: python -m tools.last_release 0.3.0")
    write(sys.argv[1])
