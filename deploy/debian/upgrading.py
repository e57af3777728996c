"""`deploy/debian/upgrade VERSION`: makes a backup, fetches the version's files and runs its installation.

Standard library only. VERSION is a tag, a branch or a commit of git.
"""

from __future__ import annotations

import argparse
import os

from deploy.debian.places import BACKUPS, COMMAND, ENVIRONMENT, ROOT
from deploy.debian.system import CannotContinue, ask, main, run, say, succeeds

GIT = ("git", "-C", str(ROOT))


def upgrade(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="deploy/debian/upgrade", description="Back up, then bring the site to another version while it works."
    )
    parser.add_argument("version", help="a tag, a branch or a commit")
    version = parser.parse_args(arguments).version
    if not ENVIRONMENT.exists() or not COMMAND.exists():
        raise CannotContinue(f"No docshare is installed on this machine: {ROOT}/deploy/debian/install installs it.")
    if changed := ask(*GIT, "status", "--porcelain", "--untracked-files=no"):
        raise CannotContinue(
            f"Files of {ROOT} were changed by hand; an upgrade would lose that. Undo that (git checkout):\n{changed}"
        )
    before, after = ask(*GIT, "rev-parse", "HEAD"), fetch(version)
    back_up()
    run(*GIT, "checkout", "--quiet", "--detach", after, failure=f"The files of {version} could not be put in place.")
    say(f"From {before[:12]} to {version} ({after[:12]}). Back again: {ROOT}/deploy/debian/upgrade {before[:12]}")
    install = str(ROOT / "deploy" / "debian" / "install")
    os.execv(install, [install])


def fetch(version: str) -> str:
    """The commit of `version`. Raises CannotContinue."""
    if ask(*GIT, "remote"):
        run(
            *GIT,
            "fetch",
            "--quiet",
            "--tags",
            "--force",
            failure="git could not fetch what is new; the lines above say why.",
        )
    for name in (f"refs/remotes/origin/{version}", version):  # the remote branch, not an outdated local one
        if succeeds(*GIT, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"):
            return ask(*GIT, "rev-parse", "--verify", "--end-of-options", f"{name}^{{commit}}").splitlines()[-1]
    raise CannotContinue(f"git knows no version {version}.")


def back_up() -> None:
    failure = "There is no backup, so nothing was changed; the lines above say why."
    run(COMMAND, "backup", "--into", BACKUPS, failure=failure)


if __name__ == "__main__":
    main(upgrade)
