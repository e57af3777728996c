"""The image, built from its own Dockerfile, and all of docker-compose.yml started from it without a container engine.

buildah replaces the engine for the build; the Dockerfile's base image is made from Debian's packages, because no
registry is available. The processes run as in a container: the image's root folder, read-only, uid 10001, no
capabilities, a /tmp of their own, volumes and secrets as in docker-compose.yml.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.machines.contained import ContainedStack, contained, share_a_document
from tests.machines.roots import AUTHORITIES, CACHE, ROOT, Failed, bare, call, trust
from tools.stack.stack import until

STORAGE = ["--root", str(CACHE / "buildah"), "--runroot", "/run/docshare-machines", "--storage-driver", "overlay"]
# Each .py of the site and its packages that Python would compile at every start.
UNCOMPILED = """
import importlib.util, pathlib, sys
for path in pathlib.Path("/site").rglob("*.py"):
    compiled = pathlib.Path(importlib.util.cache_from_source(str(path)))
    if "node_modules" not in path.parts and not compiled.exists():
        try:
            compile(path.read_bytes(), path, "exec")
        except (SyntaxError, ValueError):
            continue  # templates and test files of packages, in other languages than this Python
        print(path)
"""


def walk() -> None:
    """Raises Failed."""
    make_base()
    build()
    container = buildah("from", "--pull=never", "localhost/docshare")
    try:
        root = Path(buildah("mount", container))
        print(f"image: {folder_size(root) >> 20} MB on disk, of which the site {folder_size(root / 'site') >> 20} MB")
        with tempfile.TemporaryDirectory(prefix="docshare-image-", dir="/tmp") as folder:
            Path(folder).chmod(0o711)  # PostgreSQL must traverse it; its contents are private
            look_inside(root, Path(folder))
            start(root, Path(folder) / "stack")
    finally:
        buildah("rm", container)


def buildah(*arguments: str) -> str:
    done = subprocess.run(["buildah", *STORAGE, *arguments], check=False, capture_output=True, text=True)
    if done.returncode:
        raise Failed(f"buildah {arguments[0]} failed: {done.stderr.strip()}")
    return done.stdout.strip()


def make_base() -> None:
    """The base image of the Dockerfile, under the name used there."""
    if shutil.which("buildah") is None:
        raise Failed("buildah is not installed. On Debian: apt-get install buildah")
    (name,) = re.findall(r"^ARG BASE=(\S+)$", (ROOT / "deploy" / "Dockerfile").read_text(), re.MULTILINE)
    archive = bare(name.rpartition("-")[2], ["python3", "python3-venv", "ca-certificates"])
    made = str(int(archive.stat().st_mtime))
    if made in buildah("images", "--format", "{{.Tag}}", "--filter", "reference=localhost/docshare-base"):
        return
    buildah("rmi", "--all", "--force")  # images built on an older base are outdated
    container = buildah("from", "scratch")
    root = Path(buildah("mount", container))
    call(["tar", "--extract", "--file", str(archive), "--directory", str(root), "--exclude=./dev/*"])
    shutil.copy(AUTHORITIES, root / AUTHORITIES.relative_to("/"))
    for variable, value in trust().items():
        buildah("config", "--env", f"{variable}={value}", container)
    buildah("commit", container, name)
    buildah("tag", name, f"localhost/docshare-base:{made}")
    buildah("rm", container)


def build() -> None:
    options = ["--layers", "--isolation", "chroot", "--pull=never", "--ignorefile", "deploy/Dockerfile.dockerignore"]
    log = CACHE / "build.log"
    with log.open("w") as output:
        done = subprocess.run(
            ["buildah", *STORAGE, "build", *options, "--file", "deploy/Dockerfile", "--tag", "docshare", "."],
            cwd=ROOT, stdout=output, stderr=output, stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
    if done.returncode:
        raise Failed(f"The image was not built: {log.read_text()[-2000:]}")
    if "uv did not succeed" in log.read_text():
        raise Failed(f"uv did not install the packages, pip had to: {log}")


def look_inside(root: Path, folder: Path) -> None:
    """Checks that no part of the site makes itself."""
    volumes = {"/data": folder / "data", "/backups": folder / "backups"}
    for path in volumes.values():
        path.mkdir()
        os.chown(path, 10001, 10001)

    def said(*command: str) -> str:
        done = subprocess.run(contained(root, volumes, list(command)), check=False, capture_output=True, text=True)
        if done.returncode:
            raise Failed(f"{command[0]} failed in the image: {done.stderr[-1500:]}")
        return done.stdout.strip()

    if uncompiled := said("python", "-c", UNCOMPILED):
        raise Failed(f"The image has no bytecode of {len(uncompiled.splitlines())} files: {uncompiled[:500]}")
    dumps, server = said("pg_dump", "--version"), (ROOT / "docker-compose.yml").read_text()
    if int(re.findall(r"\d+", dumps)[0]) < int(re.findall(r"image: postgres:(\d+)", server)[0]):
        raise Failed(f"{dumps} of the image is older than the server of docker-compose.yml.")
    try:
        said("touch", "/site/written")
    except Failed:
        return
    raise Failed("The site's own files can be written to.")


def start(root: Path, folder: Path) -> None:
    stack = ContainedStack(folder, root)
    try:
        stack.start()
        share_a_document(stack)
        until((stack.places.data / "backups" / "last-success.json").exists, 120)
        stack.wait_until_healthy()
        stack.print_measures()
    finally:
        stack.stop()


def folder_size(folder: Path) -> int:
    done = subprocess.run(["du", "-sxb", str(folder)], check=True, capture_output=True, text=True)
    return int(done.stdout.split()[0])
