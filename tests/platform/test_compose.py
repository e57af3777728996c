"""docker-compose.yml names only commands, files and variables that exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
OURS = [name for name, service in COMPOSE["services"].items() if service["image"] == "docshare"]
READ = {
    name
    for source in ("docshare/settings.py", "deploy/gunicorn.conf.py")
    for name in re.findall(r'(?:env\.\w+|_secret|environ\.get)\(\s*"(\w+)"', (ROOT / source).read_text())
}


def test_web_worker_and_scheduler_are_there() -> None:
    assert {"web", "worker", "beat", "migrate", "postgres", "redis"} <= set(COMPOSE["services"])


@pytest.mark.parametrize("service", OURS)
def test_every_variable_is_one_we_read(service: str) -> None:
    named = {name.removesuffix("_FILE") for name in COMPOSE["services"][service]["environment"]}
    assert named <= READ
    assert {"SECRET_KEY", "SIGNING_PASSPHRASE", "DATABASE_URL", "REDIS_URL", "EMAIL_URL", "SMS_URL"} <= named


@pytest.mark.parametrize("service", OURS)
def test_every_command_exists(service: str) -> None:
    program, *arguments = COMPOSE["services"][service]["command"]
    assert (ROOT / ".venv" / "bin" / program).exists()
    files = [argument for argument in arguments if argument.endswith(".py")]
    assert all((ROOT / file).exists() for file in files)


@pytest.mark.parametrize("service", COMPOSE["services"])
def test_every_secret_is_declared_and_comes_from_a_file(service: str) -> None:
    for secret in COMPOSE["services"][service].get("secrets", []):
        assert COMPOSE["secrets"][secret]["file"].startswith("./secrets/")


@pytest.mark.parametrize("service", ["web", "postgres", "redis"])
def test_what_others_wait_for_has_a_health_check(service: str) -> None:
    check = COMPOSE["services"][service]["healthcheck"]["test"]
    assert all((ROOT / word).exists() for word in check if word.endswith(".py"))


def test_the_image_is_built_from_files_that_exist() -> None:
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text()
    for line in re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile, re.MULTILINE):
        assert all((ROOT / name).exists() for name in line.split())


def test_the_table_of_the_readme_names_variables_we_read() -> None:
    table = re.findall(r"^\| (`[A-Z].*?`) \|", (ROOT / "README.md").read_text(), re.MULTILINE)
    named = {name for cell in table for name in re.findall(r"`(\w+)`", cell)}
    assert len(named) > 15
    assert named <= READ
