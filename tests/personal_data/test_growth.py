"""Every table is decided: whether it grows with use, and how one practice's rows are found in it."""

from __future__ import annotations

import uuid
from typing import cast

import pytest
from django.apps import apps
from django.contrib.postgres.indexes import OpClass
from django.core.exceptions import FieldDoesNotExist
from django.db import models

from documents.models import DocumentReading
from files.models import StoredFile
from personal_data.growth import TABLES, Growth, copied_practices, fill_practices, practices_are_their_parents
from schema import operations
from tests.personal_data.house import furnish

LABELS = sorted(one._meta.label for one in apps.get_models(include_auto_created=True) if not one._meta.proxy)
GROWING = [label for label in LABELS if TABLES[label].growth is Growth.WITH_A_PRACTICE]


def test_every_model_is_decided_and_nothing_else() -> None:
    assert set(LABELS) == set(TABLES)


@pytest.mark.parametrize("label", GROWING)
def test_what_grows_with_a_practice_has_it_as_a_column(label: str) -> None:
    practice_of(apps.get_model(label))


def practice_of(model: type[models.Model]) -> models.Field[object, object]:
    for name in ("practice", "practice_id", "chain"):
        try:
            return cast("models.Field[object, object]", model._meta.get_field(name))
        except FieldDoesNotExist:
            continue
    raise AssertionError(f"{model._meta.label} has no column with its practice")


@pytest.mark.parametrize("label", GROWING)
def test_an_index_begins_with_the_practice_or_a_reference_or_says_why_not(label: str) -> None:
    model = apps.get_model(label)
    practice = practice_of(model)
    first = {name: columns[0] for name, columns in indexes_of(model).items()}
    references = {
        one.name for one in model._meta.get_fields() if isinstance(one, models.ForeignKey) and one is not practice
    }
    astray = {name for name, column in first.items() if column not in {practice.name, *references}}
    assert astray == set(TABLES[label].others)


def indexes_of(model: type[models.Model]) -> dict[str, list[str]]:
    """Columns of each index by its name; that of a single column has the column's name. Not of keys."""
    found = {
        one.name: [one.name]
        for one in model._meta.fields
        if getattr(one, "db_index", False) and not one.unique and not isinstance(one, models.ForeignKey)
    }
    for index in model._meta.indexes:
        named = index.name.startswith(f"{model._meta.db_table[:11]}_")  # Django's own name, with a digest
        columns = [one.lstrip("-") for one in index.fields] or [_column(index.expressions[0])]
        found[", ".join(columns) if named else index.name] = columns
    return found


def _column(expression: object) -> str:
    """The first column in an expression: F is no expression with sources, and has a name."""
    if name := getattr(expression, "name", None):
        return str(name)
    assert isinstance(expression, models.Func | models.expressions.OrderBy | OpClass)
    return _column(expression.get_source_expressions()[0])


@pytest.mark.django_db
class TestCopies:
    def test_every_row_is_written_with_the_practice_of_its_parent(self) -> None:
        house = furnish("one", mobile="+33611000001")
        for model, lookups in copied_practices():
            rows = model._base_manager.exclude(pk__in=without_a_practice(model))
            assert rows.exists(), model
            assert set(rows.values_list("practice_id", flat=True)) == {house.practice.pk}, (model, lookups)
        assert list(practices_are_their_parents()) == []

    def test_rows_of_the_previous_release_are_filled(self, monkeypatch: pytest.MonkeyPatch) -> None:
        house = furnish("one", mobile="+33611000001")
        monkeypatch.setattr(operations, "FILLED_AT_ONCE", 2)
        for model, _lookups in copied_practices():
            model._base_manager.update(practice_id=None)
        fill_practices()
        for model, _lookups in copied_practices():
            rows = model._base_manager.exclude(pk__in=without_a_practice(model))
            assert set(rows.values_list("practice_id", flat=True)) == {house.practice.pk}, model

    def test_a_wrong_copy_is_a_fault(self) -> None:
        furnish("one", mobile="+33611000001")
        reading = DocumentReading.objects.first()
        assert reading is not None
        DocumentReading.objects.filter(pk=reading.pk).update(practice_id=uuid.uuid4())
        faults = list(practices_are_their_parents())
        assert faults == [f"documents.DocumentReading {reading.pk}: its practice is not that of what it belongs to"]


def without_a_practice(model: type[models.Model]) -> models.QuerySet[models.Model]:
    """An account's own export."""
    exports = model._base_manager.filter(data_export__isnull=False) if model is StoredFile else None
    return model._base_manager.none() if exports is None else exports
