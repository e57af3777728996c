"""The OpenAPI document as its readers get it; generated once for all tests."""

from __future__ import annotations

from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator


@cache
def described() -> dict[str, Any]:
    generator = SchemaGenerator()
    found: dict[str, Any] = generator.get_schema(request=None, public=True)
    return found
