"""Locks of packages agree with each other, and with what `make run` asks of them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

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


def test_node_packages_are_pinned_without_addresses_and_without_a_canvas() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert all("integrity" in package for name, package in packages.items() if name)
    assert not any("resolved" in package for package in packages.values())
    assert not any("canvas" in name for name in packages)
