"""deploy/replace.sh on real nginx and web processes: a new version starts, and no request is refused.

Only the engine's command line is replaced: its commands act on the processes of a stack.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.platform.stacks import Caller, running
from tools.stack.parts import PATH, Part
from tools.stack.stack import Stack

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.stack, pytest.mark.timeout(600)]
SHIM = f"""#!{sys.executable}
import json, os, socket, sys
asked = socket.socket(socket.AF_UNIX)
asked.connect(os.environ["ENGINE"])
asked.sendall(json.dumps(sys.argv[1:]).encode() + b"\\n")
code, said = json.loads(asked.makefile().readline())
sys.stdout.write(said)
sys.exit(code)
"""


def container_id(number: int) -> str:
    """64 digits; the first twelve identify it, too."""
    return f"{number:012x}".ljust(64, "0")


class Engine:
    """The commands of `docker`, on processes of this machine."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.webs = {container_id(number): f"web-{number}" for number in (1, 2)}
        self.asked: list[str] = []

    def address(self, name: str) -> str:
        return f"127.0.0.1:{self.stack.places.port(name)}"

    def do(self, arguments: list[str]) -> tuple[int, str]:
        self.asked.append(" ".join(arguments))
        match arguments:
            case ["compose", "build"]:
                return 0, ""
            case ["compose", "run", "--rm", name]:
                self.stack.run_once(name)
            case ["compose", "ps", "--quiet", "web"]:
                return 0, "".join(f"{container}\n" for container in self.webs)
            case ["compose", "up", *options, "web"]:
                self.start_webs(next(int(one.split("=")[1]) for one in options if one.startswith("web=")))
            case ["compose", "up", *_options, "worker", "beat", "backup"]:
                return 0, ""
            case ["compose", "exec", "-T", "nginx", *command]:
                done = subprocess.run(
                    [self.here(word) for word in command],
                    env={"PATH": PATH}, capture_output=True, text=True, check=False,
                )  # fmt: skip
                return done.returncode, done.stdout + done.stderr
            case ["stop", "--time", _seconds, container]:
                process = self.stack.running[self.webs[container]]
                process.send_signal(signal.SIGTERM)
                process.wait(30)
            case ["rm", container]:
                name = self.webs.pop(container)
                del self.stack.running[name], self.stack.started[name]
            case _:
                return 1, f"Nobody knows {arguments}."
        return 0, ""

    def start_webs(self, count: int) -> None:
        first: Part = self.stack.started["web-1"]
        for number in range(len(self.webs) + 1, count + 1):
            name = f"web-{number}"
            port = str(self.stack.places.port(name))
            environment = {**first.environment, "PORT": port, "BIND": f"127.0.0.1:{port}"}
            self.stack.launch(replace(first, name=name, environment=environment))
            self.webs[container_id(number)] = name
        self.stack.wait_until_healthy()

    def here(self, word: str) -> str:
        """Replaces container host names, and the path of nginx's file."""
        for container, name in self.webs.items():
            word = word.replace(f"{container[:12]}:8000", self.address(name))
        if "web:8000 fail_timeout=2s;" in word:
            every = " server ".join(f"{self.address(name)} fail_timeout=2s;" for name in self.webs.values())
            word = word.replace("web:8000 fail_timeout=2s;", every)
        if word == "nginx":
            return shutil.which("nginx", path=PATH) or word
        return word.replace("/tmp/nginx.", str(self.stack.places.folder / "nginx" / "nginx."))


@contextmanager
def listening(engine: Engine, path: Path) -> Iterator[None]:
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen()

    def serve() -> None:
        while True:
            connection, _ = server.accept()
            with connection, connection.makefile("rw") as file:
                asked = json.loads(file.readline())
                if not asked:
                    return
                try:
                    answer = engine.do(asked)
                except Exception as error:
                    answer = (1, f"{error!r}\n")
                file.write(json.dumps(answer) + "\n")

    thread = threading.Thread(target=serve)
    thread.start()
    yield
    with socket.socket(socket.AF_UNIX) as last:
        last.connect(str(path))
        last.sendall(b"[]\n")
    thread.join()
    server.close()


def test_no_request_is_refused_while_a_new_version_comes() -> None:
    with running("files") as stack:
        engine = Engine(stack)
        shim = stack.places.folder / "bin" / "docker"
        shim.parent.mkdir()
        shim.write_text(SHIM)
        shim.chmod(0o755)
        over, refused, answered = threading.Event(), list[str](), list[int]()

        def ask() -> None:
            """Sends reads and writes, each on a new connection: nginx never sends a POST twice."""
            while not over.is_set():
                for method, expected in (("GET", 200), ("POST", 403)):  # 403: without a CSRF token
                    answer = Caller(stack).ask(method, "/account/login/")
                    answered.append(answer.status_code)
                    if answer.status_code != expected:
                        refused.append(
                            f"{method} {answer.status_code} after {engine.asked[-1:]}: {answer.text[:300]}"
                        )

        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        door = stack.places.folder / "engine"
        with listening(engine, door):  # its children end with the thread that started them (stop_with_parent.py)
            try:
                done = subprocess.run(
                    [str(ROOT / "deploy" / "replace.sh")],
                    env={"PATH": f"{shim.parent}:{os.environ['PATH']}", "ENGINE": str(door)},
                    capture_output=True, text=True, check=False,
                )  # fmt: skip
            finally:
                over.set()
                for thread in threads:
                    thread.join()
        assert done.returncode == 0, done.stderr + "\n".join(engine.asked)
        assert list(engine.webs.values()) == ["web-3", "web-4"]
        assert refused == []
        assert len(answered) > 20
