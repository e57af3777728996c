"""Reads command, environment, health check and number of replicas of each part from docker-compose.yml."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).resolve().parents[2] / "docker-compose.yml"
# ${NAME}, ${NAME:-default}, ${NAME:?sentence}; a default may contain another one.
VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])((?:[^${}]|\$\{\w+\})*))?\}")


@dataclass(frozen=True)
class Service:
    name: str
    command: list[str]
    environment: dict[str, str]
    health_check: list[str]
    replicas: int


def services(values: Mapping[str, str]) -> dict[str, Service]:
    """Every service, with variables replaced. Raises KeyError for a variable without a value."""
    described: dict[str, Any] = yaml.safe_load(FILE.read_text())["services"]
    return {
        name: Service(
            name=name,
            command=list(service.get("command", [])),
            environment={key: fill(str(value), values) for key, value in service.get("environment", {}).items()},
            health_check=service.get("healthcheck", {}).get("test", ["CMD"])[1:],
            replicas=service.get("deploy", {}).get("replicas", 1),
        )
        for name, service in described.items()
    }


def fill(text: str, values: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        name, kind, rest = match.groups()
        if values.get(name):
            return values[name]
        if kind == "-":
            return fill(rest, values)
        raise KeyError(rest or name)

    return VARIABLE.sub(value, text)
