"""No code asks for the current day, or formats a time, without a time zone."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

ROOMS = ["docshare", *settings.ROOMS]
# Function -> number of arguments that includes the zone.
ASKED = {"localdate": 2, "localtime": 2, "make_aware": 2, "fromtimestamp": 2}
ALWAYS = {"today", "utcnow", "utcfromtimestamp"}


def without_a_zone(source: str) -> Iterator[str]:
    """Each call without a zone, with its line."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute | ast.Name):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
        of = ast.unparse(node.func.value) if isinstance(node.func, ast.Attribute) else ""
        said = 2 if any(one.arg in ("timezone", "tz") for one in node.keywords) else len(node.args)
        wanting = name in ASKED and said < ASKED[name]
        bare = of.split(".")[-1] in ("date", "datetime") and (name in ALWAYS or (name == "now" and not said))
        if wanting or bare:
            yield f"{node.lineno}: {ast.unparse(node)}"


@pytest.mark.parametrize("room", ROOMS)
def test_no_code_asks_for_a_day_without_a_zone(room: str) -> None:
    found = [
        f"{path}:{line}"
        for path in sorted(Path(settings.BASE_DIR, room).rglob("*.py"))
        if "migrations" not in path.parts
        for line in without_a_zone(path.read_text())
    ]
    assert found == []


@pytest.mark.parametrize(
    "careless",
    [
        "timezone.localdate()", "localdate(at)", "date.today()", "datetime.now()", "timezone.make_aware(at)",
        "localtime()", "datetime.date.today()",
    ],
)  # fmt: skip
def test_a_careless_line_is_found(careless: str) -> None:
    assert list(without_a_zone(careless))


@pytest.mark.parametrize(
    "careful", ["timezone.localdate(timezone=zone)", "localdate(at, zone)", "datetime.now(UTC)", "timezone.now()"]
)
def test_a_careful_line_is_left_alone(careful: str) -> None:
    assert not list(without_a_zone(careful))
