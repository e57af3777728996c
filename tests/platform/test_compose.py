"""docker-compose.yml, nginx and the systemd units refer only to existing commands, files and variables."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.fill_in import NAME, fill_in
from deploy.make_secrets import TO_WRITE, make
from files.limits import MAX_BYTES
from tools.settings_table import settings_read
from tools.stack.compose import VARIABLE, fill

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if service["image"] == "docshare"]
NGINX = (ROOT / "deploy" / "nginx" / "nginx.conf.template").read_text()
UNITS = sorted((ROOT / "deploy" / "systemd").glob("docshare*"))
READ = set(settings_read())
NEEDED = {"SECRET_KEY", "SIGNING_PASSPHRASE", "DATABASE_URL", "REDIS_URL", "EMAIL_URL", "SMS_URL", "DATA_DIR"}


def test_every_part_of_production_is_there() -> None:
    parts = {"nginx", "web", "worker", "beat", "backup", "migrate", "postgres", "redis", "clamd", "s3", "bucket"}
    assert parts == set(SERVICES)
    assert all(SERVICES[name]["deploy"]["replicas"] >= 2 for name in ("web", "worker"))


@pytest.mark.parametrize("service", OURS)
def test_every_variable_is_one_we_read(service: str) -> None:
    named = {name.removesuffix("_FILE") for name in SERVICES[service]["environment"]}
    assert named <= READ
    assert named >= NEEDED


@pytest.mark.parametrize("service", OURS)
def test_every_command_exists(service: str) -> None:
    program, *arguments = SERVICES[service]["command"]
    assert (ROOT / ".venv" / "bin" / program).exists()
    files = [argument for argument in arguments if argument.endswith(".py")]
    assert all((ROOT / file).exists() for file in files)


@pytest.mark.parametrize("service", SERVICES)
def test_every_secret_is_declared_and_comes_from_a_file(service: str) -> None:
    used = SERVICES[service].get("secrets", [])
    assert all(COMPOSE["secrets"][secret]["file"] == f"./secrets/{secret}" for secret in used)
    named = re.findall(r"/run/secrets/(\w+)", str(SERVICES[service]))
    assert set(named) == set(used)


def test_every_secret_is_made_or_asked_for(tmp_path: Path) -> None:
    make(tmp_path)
    made = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert set(made) | set(TO_WRITE) == set(COMPOSE["secrets"])
    assert len(made["secret_key"]) >= 32
    assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.iterdir())
    make(tmp_path)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == made


@pytest.mark.parametrize("service", [name for name in SERVICES if SERVICES[name].get("restart") != "no"])
def test_every_part_has_a_health_check(service: str) -> None:
    check = SERVICES[service]["healthcheck"]["test"]
    assert all((ROOT / word).exists() for word in check if word.endswith(".py"))


@pytest.mark.parametrize("service", SERVICES)
def test_no_part_gains_rights(service: str) -> None:
    exempt = {"clamd"}  # starts as root, to download signatures as another user
    assert service in exempt or "no-new-privileges:true" in SERVICES[service]["security_opt"]


@pytest.mark.parametrize("service", SERVICES)
def test_no_part_fills_the_machine(service: str) -> None:
    limits = SERVICES[service]["deploy"]["resources"]["limits"]
    assert {"memory", "cpus"} <= set(limits)
    assert {"max-size", "max-file"} <= set(SERVICES[service]["logging"]["options"])


def test_the_image_can_dump_the_database_of_its_server() -> None:
    """pg_dump refuses a newer server. Debian 13 has version 17."""
    (server,) = re.findall(r"postgres:(\d+)", SERVICES["postgres"]["image"])
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text()
    (debian,) = re.findall(r"^ARG BASE=\S+-(\w+)$", dockerfile, re.MULTILINE)
    assert "postgresql-client" in dockerfile
    assert int(server) <= {"trixie": 17}[debian]


def test_callers_by_ipv6_keep_their_own_address() -> None:
    assert COMPOSE["networks"]["default"]["enable_ipv6"] == "${IPV6:-true}"
    listening = re.findall(r"listen \$\{(\w+_PORT)\}(.*);", NGINX)
    again = re.findall(r"listen \$\{(\w+_PORT)_IPV6\}(.*);", NGINX)
    assert listening == again
    assert len(again) == 4


def test_what_keeps_data_is_reached_from_inside_alone() -> None:
    assert COMPOSE["networks"]["inside"]["internal"] is True
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["nginx"]
    for name in ("postgres", "redis"):
        assert SERVICES[name]["networks"] == ["inside"]


def test_the_variables_of_the_file_are_filled_in_as_compose_does() -> None:
    assert fill("${A:-x ${B}}", {"B": "b"}) == "x b"
    assert fill("${A:-x}", {"A": "a"}) == "a"
    with pytest.raises(KeyError, match="Set SITE_HOST"):
        fill(SERVICES["web"]["environment"]["PUBLIC_URL"], {})
    documented = (
        (ROOT / "docs" / "operating.md").read_text()
        + TEXT[: TEXT.index("x-docshare")]
        + (ROOT / "README.md").read_text()
        + (ROOT / "docs" / "settings.md").read_text()
    )
    assert all(name in documented for name, _kind, _rest in VARIABLE.findall(TEXT))


def test_the_image_is_built_from_files_that_exist() -> None:
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text()
    for line in re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile, re.MULTILINE):
        assert all((ROOT / name).exists() for name in line.split())


def test_the_readme_names_variables_we_read() -> None:
    text = (ROOT / "README.md").read_text()
    (needed,) = re.findall(r"In production these are needed: (.*?)\.\n", text, re.DOTALL)
    assert NEEDED - {"DATA_DIR"} <= set(re.findall(r"`(\w+)`", needed)) <= READ


# --- nginx -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "values",
    [set(SERVICES["nginx"]["environment"]), {
        *re.findall(r"^(\w+)=", (ROOT / "deploy/systemd/nginx.example").read_text(), re.MULTILINE),
        *re.findall(r"[ =]([A-Z_]+)=", (ROOT / "deploy/systemd/docshare-nginx.service").read_text()),
    }],
    ids=["compose", "systemd"],
)  # fmt: skip
def test_nginx_gets_a_value_for_each_name_of_its_template(values: set[str]) -> None:
    assert set(NAME.findall(NGINX)) <= values
    assert not re.search(r"\$[A-Z]", NGINX)  # the image would substitute those, too


def test_a_name_without_a_value_is_told() -> None:
    with pytest.raises(KeyError, match="HOST"):
        fill_in("server_name ${HOST};", {})


def test_nginx_lets_a_document_through_and_little_more() -> None:
    (size,) = re.findall(r"client_max_body_size (\d+)m;", NGINX)
    assert MAX_BYTES < int(size) << 20 <= MAX_BYTES + (2 << 20)


def test_the_scanner_reads_whole_what_we_accept() -> None:
    ours = (ROOT / "deploy" / "clamd.conf").read_text()
    limits = {name: int(value) << 20 for name, value in re.findall(r"^(\w+) (\d+)M$", ours, re.MULTILINE)}
    assert all(limits[name] > MAX_BYTES for name in ("StreamMaxLength", "MaxFileSize", "MaxScanSize"))
    assert "AlertExceedsMax yes" in ours


# --- systemd -----------------------------------------------------------------------------------------------------

needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")


@pytest.fixture
def units(tmp_path: Path) -> list[str]:
    """The units as installed, with programs of this checkout."""
    for path in UNITS:
        text = path.read_text().replace("/srv/docshare", str(ROOT))
        (tmp_path / path.name).write_text(re.sub(r"=/usr/sbin/nginx", "=/bin/true", text))
    # A template unit is checked with a value for %i.
    return [str(tmp_path / path.name.replace("@.", "@1.")) for path in UNITS]


@needs_systemd
def test_systemd_understands_every_line(units: list[str]) -> None:
    for unit in units:
        template = Path(re.sub(r"@1\.", "@.", unit))
        if template.name != Path(unit).name:
            Path(unit).write_text(template.read_text())
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *units],
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{Path(units[0]).parent}:"}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    warnings = [line for line in done.stderr.splitlines() if "docshare" in line]
    assert (done.returncode, warnings) == (0, [])


@needs_systemd
@pytest.mark.parametrize("unit", [path.name for path in UNITS if path.suffix == ".service"])
def test_a_unit_may_do_little(unit: str) -> None:
    """By systemd's own measure, from 0 (no access) to 100 (full access): "OK" begins at 50, and "safe" ends at 20."""
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=25", str(ROOT / "deploy" / "systemd" / unit)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout.splitlines()[-1:]
    text = (ROOT / "deploy" / "systemd" / unit).read_text()
    for line in ("User=docshare", "NoNewPrivileges=true", "ProtectSystem=strict", "EnvironmentFile=/etc/docshare/"):
        assert line in text


def test_the_example_of_the_environment_names_variables_we_read() -> None:
    text = (ROOT / "deploy" / "systemd" / "environment.example").read_text()
    named = {name.removesuffix("_FILE") for name in re.findall(r"^(\w+)=", text, re.MULTILINE)}
    assert named <= READ
    assert named >= NEEDED
