"""Clients from three generators: they type-check strictly, and complete a realistic set of tasks.

The programs are use_python.py, use_fetch.ts and use_hey.ts: they authorise, list by pages and search, create a
record, book, share a signed document, read its bytes, verify it, write a leaflet and import a file, create a rule,
cancel, delete.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from drf_spectacular.generators import SchemaGenerator

from deploy.environment import find_npm
from docshare.demo.load import describe
from tests.documents.conftest import PDF

HERE = Path(__file__).parent
PACKAGES = HERE / "node_modules"
MYPY = """[mypy]
strict = true
# The generator's own frame, the same for every document: a tuple of objects is given on as three arguments.
[mypy-docshare_client.client]
disable_error_code = arg-type
"""
pytestmark = [pytest.mark.slow, pytest.mark.ground, pytest.mark.timeout(600), pytest.mark.xdist_group("clients")]


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    _npm, around = find_npm()
    done = subprocess.run(
        [str(one) for one in command], cwd=cwd, env=around | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command[0]}\n{done.stdout[-6000:]}\n{done.stderr[-6000:]}"
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clients") / "openapi.json"
    generator = SchemaGenerator()
    path.write_text(json.dumps(generator.get_schema(request=None, public=True), default=str))
    return path


@pytest.fixture(scope="module")
def python_client(document: Path) -> Path:
    """A folder with the generated package and the program that uses it."""
    folder = document.parent / "python"
    folder.mkdir()
    beside = Path(sys.executable).parent
    said = run(
        *(beside / "openapi-python-client", "generate", "--path", document, "--meta", "none"),
        *("--output-path", folder / "docshare_client"),
        cwd=folder,
        PATH=f"{beside}{os.pathsep}{os.environ['PATH']}",  # it formats with ruff
    )
    assert "WARNING" not in said, said  # it warns about operations for which it generates no function
    shutil.copy(HERE / "use_python.py", folder)
    (folder / "mypy.ini").write_text(MYPY)
    run(beside / "mypy", "--config-file", "mypy.ini", "--python-executable", sys.executable, ".", cwd=folder)
    return folder


@pytest.fixture(scope="module")
def typescript_clients(document: Path) -> Path:
    """A folder with both generated clients and the programs that use them, compiled."""
    assert PACKAGES.is_dir(), "make dev installs what these tests need"
    folder = document.parent / "typescript"
    folder.mkdir()
    (folder / "node_modules").symlink_to(PACKAGES)
    for source in (*HERE.glob("*.ts"), HERE / "tsconfig.json", HERE / "package.json"):
        shutil.copy(source, folder)
    programs = folder / "node_modules" / ".bin"
    run(programs / "openapi-typescript", document, "-o", "generated/schema.d.ts", cwd=folder)
    run(
        *(programs / "openapi-ts", "-i", document, "-o", "generated/hey", "-c", "@hey-api/client-fetch"),
        "--no-log-file",
        cwd=folder,
    )
    run(programs / "tsc", "-p", ".", cwd=folder)
    return folder


@pytest.fixture
def given(live_server: Any, transactional_db: None, settings: Any) -> str:
    """The demo practice on a running site, and its staff: see given.ts."""
    settings.PUBLIC_URL = live_server.url
    import_module("documents.migrations.0002_categories").add_categories(apps, None)
    call_command("demo", verbosity=0)
    demo = describe()
    tokens = {role: one["token"] for one in demo["staff"] for role in one["roles"]}
    start = (datetime.now().astimezone() + timedelta(days=40)).replace(hour=9, minute=0, second=0, microsecond=0)
    return json.dumps(
        {
            "url": live_server.url,
            "token": tokens["practitioner"],
            "administrator": tokens["admin"],
            "agenda": demo["agendas"][0]["id"],
            "visit_reason": demo["visit_reasons"][0]["id"],
            "start": start.isoformat(),
            "document": base64.b64encode(PDF).decode(),
        }
    )


def test_the_client_of_openapi_python_client_works(python_client: Path, given: str) -> None:
    run(sys.executable, "use_python.py", given, cwd=python_client)


@pytest.mark.parametrize("program", ["use_fetch", "use_hey"], ids=["openapi-fetch", "hey-api"])
def test_the_clients_in_typescript_work(typescript_clients: Path, given: str, program: str) -> None:
    node = shutil.which("node", path=find_npm()[1]["PATH"])
    assert node
    run(node, f"built/{program}.js", given, cwd=typescript_clients)
