"""Rows become the JSON that the package makes of them (portals/api/rows.py)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from django.core.exceptions import ObjectDoesNotExist
from rest_framework import serializers
from rest_framework.relations import PKOnlyObject

from portals.api.rows import RowShape
from tests.costs import counted


@dataclass
class Inner:
    name: str | None = "Lilas"


@dataclass
class Row:
    text: str = "a"
    inner: Inner | None = field(default_factory=Inner)
    facts: dict[str, Any] = field(default_factory=lambda: {"name": "plan", "items": 3})
    many: list[Inner] = field(default_factory=lambda: [Inner("x"), Inner("y")])
    other: int | None = 7

    def spoken(self) -> str:
        return f"{self.text}!"

    def serializable_value(self, name: str) -> Any:
        return getattr(self, name)

    @property
    def missing(self) -> Any:
        raise ObjectDoesNotExist


class InnerShape(RowShape):
    name = serializers.CharField()


class Shape(RowShape):
    text = serializers.CharField()
    deep = serializers.CharField(source="inner.name", allow_null=True)
    or_default = serializers.CharField(source="inner.name", default="none")
    left_out = serializers.CharField(source="inner.name", required=False)
    spoken = serializers.CharField()
    fact = serializers.CharField(source="facts.name")
    named_like_a_method = serializers.IntegerField(source="facts.items")
    missing = serializers.CharField()
    whole = serializers.SerializerMethodField()
    several = InnerShape(source="many", many=True)
    inner = InnerShape(allow_null=True)
    other: Any = serializers.PrimaryKeyRelatedField(read_only=True)
    as_text: Any = serializers.PrimaryKeyRelatedField(
        source="other", read_only=True, pk_field=serializers.CharField()
    )
    secret = serializers.CharField(write_only=True)

    def get_whole(self, row: Row) -> str:
        return f"{row.text}{row.other}"


def of_package(row: Any) -> Any:
    return serializers.Serializer.to_representation(Shape(), row)


@pytest.mark.parametrize("row", [Row(), Row(inner=None, other=None), Row(inner=Inner(None), many=[], text="")])
def test_a_row_is_as_the_package_makes_it(row: Row) -> None:
    shown = Shape().to_representation(row)
    assert shown == of_package(row)
    assert list(shown) == list(of_package(row))
    assert ("left_out" in shown) == (row.inner is not None)
    assert "secret" not in shown
    assert not any(isinstance(value, PKOnlyObject) for value in shown.values())


def test_a_column_that_no_row_has_is_an_error() -> None:
    class Wrong(RowShape):
        nothing = serializers.CharField()

    with pytest.raises(AttributeError, match="nothing"):
        Wrong().to_representation(Row())


def test_an_error_of_a_row_is_not_taken_for_a_missing_value() -> None:
    class Broken(Row):
        def spoken(self) -> str:
            raise KeyError("spoken")

    with pytest.raises(ValueError, match="spoken"):
        Shape().to_representation(Broken())


def test_it_takes_fewer_steps_than_the_package() -> None:
    class Plain(RowShape):
        text = serializers.CharField()
        deep = serializers.CharField(source="inner.name")

    rows, shape = [Row() for _ in range(20)], Plain()
    assert shape.to_representation(rows[0]) == serializers.Serializer.to_representation(shape, rows[0])
    _shown, ours = counted(lambda: [shape.to_representation(one) for one in rows])
    _shown, theirs = counted(lambda: [serializers.Serializer.to_representation(shape, one) for one in rows])
    assert ours < theirs / 2
