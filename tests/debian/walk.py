"""`make debian`: runs every command of docs/operating.md, "Install on a Debian machine", in a bare Debian.

Checks after each command what the page says about it. Needs root, mmdebstrap, a kernel with namespaces and cgroup2,
and the package registries of Debian, Python and Node. `--suite trixie` uses another Debian; `--keep` keeps the
folder.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.debian.checks import Checks
from tests.debian.commands import Command, commands_of
from tests.debian.machine import Failed, Machine, call

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "operating.md"
SECTION = "Install on a Debian machine"
# Replacements for external servers (mail server, SMS gateway). Each text must occur on the page.
STANDS_FOR = {
    "smtp+tls://user:password@mail.example:587": "smtp://127.0.0.1:2525",
    "https://sms.example/send": "http://127.0.0.1:2526/send",
}
REPOSITORY = "https://git.example/docshare.git"
NOT_HERE = {
    "certbot certonly": "asks an authority on the internet",
    "apt-get install --yes certbot": "for the former",
}
SIGNATURE = "Eicar-Test:0:*:" + rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*".hex()


class Walk:
    def __init__(self, folder: Path, suite: str) -> None:
        self.folder = folder
        self.machine = Machine(folder, suite)
        self.checks = Checks(self.machine, folder)
        self.steps = 0

    def step(self, what: str, action: Callable[[], object]) -> None:
        began = time.monotonic()
        try:
            action()
        except (AssertionError, OSError) as error:
            raise Failed(f"{what}: {error!r}") from error
        self.steps += 1
        print(f"{time.monotonic() - began:6.1f} s  {what}", flush=True)

    def go(self) -> None:
        commands = commands_of(PAGE, SECTION)
        text = "\n".join(command.line for command in commands)
        for there in (*STANDS_FOR, *NOT_HERE, REPOSITORY):
            assert there in text, f"{PAGE.name} no longer says {there}."
        self.step(f"a bare Debian ({self.machine.suite})", self.machine.make)
        self.step("what the page takes as given", self.prepare)
        self.step("systemd starts it", self.machine.start)
        self.checks.start_sinks()
        for command in commands:
            self.do(command)

    def do(self, command: Command) -> None:
        if any(command.line.startswith(there) for there in NOT_HERE):
            return
        before, after = self.checks.around(command.line)
        for what, action in before:
            self.step(f"  {what}", action)
        line = command.line
        for there, here in STANDS_FOR.items():
            line = line.replace(there, here)
        content = "documents.example\n" if line.endswith("--purge") else ""
        self.step(f"# {command.line}", lambda: self.machine.run(line, content=content))
        for what, action in after:
            self.step(f"  {what}", action)

    def prepare(self) -> None:
        """The repository to clone, with a later version; virus signatures; host names."""
        source = self.machine.root / "srv" / "docshare.git"
        call("git", "clone", "--quiet", "--bare", "--no-local", ROOT, source)
        state = subprocess.run(["git", "-C", ROOT, "stash", "create"], capture_output=True, text=True, check=True)
        commit = state.stdout.strip() or "HEAD"
        call("git", "-C", ROOT, "push", "--quiet", "--force", source, f"{commit}:refs/heads/main")
        call("git", "-C", source, "symbolic-ref", "HEAD", "refs/heads/main")
        self.make_next_version(source)
        call("chown", "-R", "0:0", source)
        etc = self.machine.root / "etc"
        (etc / "gitconfig").write_text(f'[url "file:///srv/docshare.git"]\n\tinsteadOf = {REPOSITORY}\n')
        (etc / "hosts").write_text("127.0.0.1 localhost documents.example\n")
        # freshclam would download signatures; offline, clamd gets a single one and starts with it.
        signatures = self.machine.root / "var" / "lib" / "clamav"
        signatures.mkdir(parents=True)
        (signatures / "eicar.ndb").write_text(f"{SIGNATURE}\n")
        for unit in ("clamav-daemon.service", "clamav-daemon.socket"):
            more = etc / "systemd" / "system" / f"{unit}.d"
            more.mkdir(parents=True)
            (more / "signatures.conf").write_text("[Unit]\nConditionPathExistsGlob=\n")

    def make_next_version(self, source: Path) -> None:
        """v1.2: this version, plus one file that identifies it."""
        checkout = self.folder / "next"
        call("git", "clone", "--quiet", source, checkout)
        (checkout / "static" / "next-version.txt").write_text("v1.2\n")
        call("git", "-C", checkout, "add", "static")
        who = ("-c", "user.name=docshare", "-c", "user.email=docshare@documents.example")
        call("git", "-C", checkout, *who, "commit", "--quiet", "--message", "v1.2")
        call("git", "-C", checkout, "push", "--quiet", "origin", "HEAD:refs/tags/v1.2")
        shutil.rmtree(checkout)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make debian")
    parser.add_argument("--suite", default="bookworm", help="the Debian: bookworm (12) or trixie (13)")
    parser.add_argument("--keep", action="store_true", help="leave the machine's folder where it is")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix=f"docshare-walk-{asked.suite}-"))
    folder.chmod(0o755)  # users of the machine must be able to enter it
    walk, began = Walk(folder, asked.suite), time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # also deletes the machine
    try:
        walk.go()
    except Failed as error:
        print(f"FAILED after {time.monotonic() - began:.0f} s: {error}", file=sys.stderr)
        print(walk.machine.journal(), file=sys.stderr)
        return 1
    finally:
        walk.checks.end()
        walk.machine.end()
        if not asked.keep:
            shutil.rmtree(folder)
    print(f"{walk.steps} steps in {time.monotonic() - began:.0f} s, as {PAGE.name} says.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
