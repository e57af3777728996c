"""The parts of docker-compose.yml started from the image's root folder, as a container engine would."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import time
from pathlib import Path
from typing import Any

import psutil

from docshare.demo.letters import letter
from tests.machines.roots import Failed
from tests.platform.stacks import Caller
from tools.stack.compose import Service
from tools.stack.parts import MANY_SMS, Part, Parts
from tools.stack.places import Places
from tools.stack.stack import Stack, until

OWNER = 10001
UNPRIVILEGED = (
    f"setpriv --reuid={OWNER} --regid={OWNER} --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all"
)
PATH = "/site/.venv/bin:/usr/local/bin:/usr/bin:/bin"  # of the image
IMAGE = {"PATH": PATH, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1", "STATIC_ROOT": "/site/.static"}


def contained(root: Path, volumes: dict[str, Path], command: list[str]) -> list[str]:
    """The command with a read-only root folder, writable volumes and /tmp, and no privileges."""
    at = shlex.quote(str(root))
    steps = [
        f"mount --bind {at} {at}",
        f"mount -o remount,ro,bind {at}",
        f"mount -t tmpfs -o mode=1777 tmpfs {at}/tmp",
        f"mount -t tmpfs -o mode=755 tmpfs {at}/run",
        f"mount -t proc proc {at}/proc",
        f"mount --rbind /dev {at}/dev",
    ]
    for there, here in volumes.items():
        steps += [f"mkdir -p {at}{there}"] if there.startswith("/run/") else []
        steps += [f"mount --bind {shlex.quote(str(here))} {at}{there}"]
    entering = f"env --chdir=/site {UNPRIVILEGED} {shlex.join(command)}"
    variables = " ".join(f"{name}={shlex.quote(value)}" for name, value in IMAGE.items())
    inside = f"exec env {variables} {entering}"
    steps.append(f"exec chroot {at} /bin/sh -c {shlex.quote(inside)}")
    return ["unshare", "--mount", "sh", "-c", " && ".join(steps)]


class ContainedParts(Parts):
    def __init__(self, places: Places, root: Path, *, values: dict[str, str]) -> None:
        super().__init__(places, storage="files", values=values)
        self.root = root

    @property
    def volumes(self) -> dict[str, Path]:
        places = self.places
        return {"/data": places.data, "/backups": places.folder / "backups", "/run/secrets": places.secrets}

    def own(self, service: Service, number: int) -> Part:
        """Command, environment and check from docker-compose.yml, except ports and host names."""
        name = f"{service.name}-{number}"
        environment = self.environment_of(service)
        if service.name == "web":
            environment |= {"PORT": str(self.places.port(name))}
        if service.name == "worker":  # containers have different host names
            environment["WORKER_NAME"] = f"{name}@localhost"
        command = [*service.command, *(["--hostname", f"{name}@localhost"] if service.name == "worker" else [])]
        check = contained(self.root, self.volumes, service.health_check) if service.health_check else []
        return Part(name, contained(self.root, self.volumes, command), environment, check, service.name)

    def environment_of(self, service: Service) -> dict[str, str]:
        """/data and /run/secrets stay unchanged, as in docker-compose.yml."""
        kept = {
            name: value if value == "/data" or value.startswith("/run/secrets/") else self.places.here(value)
            for name, value in service.environment.items()
        }
        return {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"} | MANY_SMS | kept


class ContainedStack(Stack):
    def __init__(self, folder: Path, root: Path) -> None:
        super().__init__(folder)
        recipient = self.places.backup_recipient()
        self.parts: ContainedParts = ContainedParts(
            self.places, root,
            values={"SITE_HOST": "localhost", "DOCUMENT_SERVING": "accel", "BACKUP_RECIPIENT": recipient},
        )  # fmt: skip
        self.seconds: dict[str, float] = {}

    def start(self) -> None:
        self.places.folder.mkdir(mode=0o711, exist_ok=True)
        self.start_servers()
        (self.places.folder / "backups").mkdir(mode=0o700)
        for path in [self.places.data, self.places.folder / "backups", self.places.secrets]:
            subprocess.run(["chown", "--recursive", f"{OWNER}:{OWNER}", str(path)], check=True)
        began = time.monotonic()
        self.run_once("migrate")
        self.seconds["migrate"] = time.monotonic() - began
        for part in self.parts.site():
            self.launch(part)
        self.launch(self.parts.nginx())
        began = time.monotonic()
        until(lambda: self.is_healthy(self.started["web-1"]), 120)
        self.seconds["web-1 healthy"] = time.monotonic() - began
        self.wait_until_healthy()

    def manage(self, *arguments: str) -> str:
        return self._in_image(["python", "manage.py", *arguments], self.environment)

    def demo(self) -> dict[str, Any]:
        asked = {**self.environment, "DOCSHARE_ENV": "embedded"}
        return dict(json.loads(self._in_image(["python", "manage.py", "demo", "--json"], asked)))

    def _in_image(self, command: list[str], environment: dict[str, str]) -> str:
        return self._run(contained(self.parts.root, self.parts.volumes, command), environment)

    def print_measures(self) -> None:
        for what, seconds in self.seconds.items():
            print(f"{what}: {seconds:.1f} s")
        for name in self.running:
            if self.started[name].service in self.parts.services:
                process = psutil.Process(self.running[name].pid)
                family = [process, *process.children(recursive=True)]
                print(
                    f"{name}: {sum(one.memory_full_info().pss for one in family) >> 20} MB in {len(family)} processes"
                )


def share_a_document(stack: Stack) -> None:
    """A practitioner shares a letter through nginx and TLS, reads it back, and the patient gets a message."""
    demo = stack.demo()
    stack.manage(
        "shell", "-v", "0", "-c",
        "from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret\n"
        "from accounts.models import User\n"
        "TOTP.activate(User.objects.get(email='dr.bernard@lilas.example'), generate_totp_secret())",
    )  # fmt: skip
    doctor = Caller(stack, next(one["token"] for one in demo["staff"] if one["email"].startswith("dr.bernard")))
    found = doctor.get("/api/v1/patients/?search=Durand").json()["results"]
    patient = next(one for one in found if one["email"] and one["mobile"])
    appointment = doctor.get(f"/api/v1/appointments/?patient={patient['id']}").json()["results"][0]["id"]
    content = letter("Ordonnance", ["Une ligne."], heading="Cabinet")
    shared = doctor.post(
        f"/api/v1/appointments/{appointment}/documents/",
        files={"file": ("ordonnance.pdf", content, "application/pdf")},
        data={"category": "prescription", "title": "Ordonnance"},
    )
    if shared.status_code != 201:
        raise Failed(f"The document was not shared: {shared.status_code} {shared.text[:500]}")
    answer = doctor.get(f"/api/v1/documents/{shared.json()['id']}/content/")
    if answer.status_code != 200 or answer.content != content:
        raise Failed(f"The document was not given back: {answer.status_code}")
    until(lambda: list(stack.places.outbox.glob("*.eml")), 60)
    print(f"A document was shared through {stack.places.site}, read back, and the patient written to.")
