"""The lock files agree with each other, and with what `make run` installs."""

from __future__ import annotations

import json
import re
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from deploy import environment

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ["requirements.lock", "requirements-dev.lock", "deploy/requirements-node.lock", "deploy/requirements-uv.lock"]


def pins(lock: str) -> dict[str, str]:
    return dict(re.findall(r"^([\w.\[\]-]+)==(\S+)", (ROOT / lock).read_text(), re.MULTILINE))


def test_the_tests_run_on_exactly_what_the_site_runs_on() -> None:
    runtime, dev = pins("requirements.lock"), pins("requirements-dev.lock")
    assert runtime
    assert {name: dev.get(name) for name in runtime} == runtime


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_pinned_by_hash(lock: str) -> None:
    text = (ROOT / lock).read_text()
    for package in re.split(r"^(?=\S+==)", text, flags=re.MULTILINE)[1:]:
        assert "--hash=sha256:" in package
    assert "://" not in text


# Debian 12 has 3.11.2, Debian 13 has 3.13.5.
PYTHONS = ["3.11.0", "3.11.2", "3.11.9", "3.12.0", "3.13.5", "3.14.0"]


def markers(python: str) -> dict[str, str]:
    """The environment of requirement markers on Linux with that Python."""
    return {
        **{name: str(value) for name, value in default_environment().items()},
        "python_version": ".".join(python.split(".")[:2]),
        "python_full_version": python,
        "implementation_version": python,
    }


def locked(lock: str, python: str) -> set[str]:
    found = re.findall(r"^(\S+==[^\\\n]+)", (ROOT / lock).read_text(), re.MULTILINE)
    requirements = [Requirement(line.strip()) for line in found]
    return {
        canonicalize_name(one.name) for one in requirements if not one.marker or one.marker.evaluate(markers(python))
    }


def needed(python: str, *, extras: tuple[str, ...]) -> set[str]:
    """The packages that pyproject.toml requires on that Python, following each installed package's requirements."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = [
        *project["dependencies"],
        *(line for extra in extras for line in project["optional-dependencies"][extra]),
    ]
    waiting, seen = [Requirement(line) for line in lines], set()
    names: set[str] = set()
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        for extra in ("", *requirement.extras):
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            names.add(name)
            for further in requires(name):
                if not further.marker or further.marker.evaluate({**markers(python), "extra": extra}):
                    waiting.append(further)
    return names


def requires(name: str) -> list[Requirement]:
    try:
        return [Requirement(line) for line in distribution(name).requires or []]
    except PackageNotFoundError:  # not installed on this Python: only its lock can be checked
        return []


@pytest.mark.parametrize("python", PYTHONS)
def test_one_lock_holds_what_every_supported_python_needs(python: str) -> None:
    assert python in SpecifierSet(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"])
    assert needed(python, extras=()) - locked("requirements.lock", python) == set()
    assert needed(python, extras=("dev",)) - locked("requirements-dev.lock", python) == set()


def test_the_supported_pythons_are_said_once() -> None:
    says = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    oldest, first_too_new = (".".join(map(str, version)) for version in (environment.OLDEST, environment.TOO_NEW))
    assert says == f">={oldest},<{first_too_new}"
    makefile = (ROOT / "Makefile").read_text()
    assert str(environment.OLDEST) in makefile
    assert str(environment.TOO_NEW) in makefile


def test_node_packages_are_pinned_without_addresses_and_without_a_canvas() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert all("integrity" in package for name, package in packages.items() if name)
    assert not any("resolved" in package for package in packages.values())
    assert not any("canvas" in name for name in packages)
