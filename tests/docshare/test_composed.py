"""Queries that are composed once (schema/composed.py) answer as they would if composed each time."""

from __future__ import annotations

import gc
import unicodedata
import uuid
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core.exceptions import ValidationError
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import QuerySet
from django.db.models.functions import TruncMonth
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.translation import get_language

from appointments.models import Appointment
from patients.models import Patient
from practices.models import Practice
from schema.composed import SHAPES, composed_once, in_steps
from tests.costs import counted

pytestmark = pytest.mark.django_db


def of_practices(practices: tuple[UUID, ...], born: date, since: datetime) -> QuerySet[Patient]:
    found = Patient.objects.filter(practice__in=practices, birth_date=born, created_at__gte=since)
    return found.select_related("practice").prefetch_related("appointments").order_by("pk")


def test_it_finds_for_any_values_what_the_query_finds(
    practice: Practice, other_practice: Practice, appointment: Appointment, marie: Patient, stranger: Patient
) -> None:
    composed, long_ago = composed_once(of_practices), timezone.now() - timedelta(days=1)
    for practices in ((practice.pk,), (other_practice.pk,), (practice.pk, other_practice.pk), ()):
        for born in (marie.birth_date, stranger.birth_date, date(1900, 1, 1)):
            for since in (long_ago, timezone.now() + timedelta(days=1)):
                expected = list(of_practices(practices, born, since))
                found = composed(practices, born, since)
                assert found == expected
                with CaptureQueriesContext(connection) as queries:
                    read = [(one.practice.name, list(one.appointments.all())) for one in found]
                assert not queries.captured_queries  # what the query reads with the rows
                assert read == [(one.practice.name, list(one.appointments.all())) for one in expected]


def test_it_reads_the_database_at_each_call(practice: Practice, marie: Patient) -> None:
    composed, since = composed_once(of_practices), timezone.now() - timedelta(days=1)
    first = composed((practice.pk,), marie.birth_date, since)
    Patient.objects.filter(pk=marie.pk).update(last_name="Martin")
    (again,) = composed((practice.pk,), marie.birth_date, since)
    assert [one.last_name for one in first] == ["Durand"]
    assert again.last_name == "Martin"
    Patient.objects.filter(pk=marie.pk).update(birth_date=date(1900, 1, 1))
    assert composed((practice.pk,), marie.birth_date, since) == []


@pytest.mark.django_db(transaction=True)
def test_each_thread_reads_rows_as_its_own_connection_has_them(practice: Practice, marie: Patient) -> None:
    composed, since = composed_once(of_practices), timezone.now() - timedelta(days=1)
    asked = (practice.pk,), marie.birth_date, since

    def read() -> list[tuple[object, ...]]:
        try:
            return [(one.pk, one.created_at, one.birth_date, one.practice.pk) for one in composed(*asked)]
        finally:
            connection.close()

    here = read()
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(read).result() == pool.submit(read).result() == here
    assert here == [(marie.pk, marie.created_at, marie.birth_date, practice.pk)]


def test_values_and_slices_are_read_as_without_it(practice: Practice, marie: Patient, stranger: Patient) -> None:
    def names(practice: UUID, last_name: str, first: int, last: int) -> QuerySet[Patient, str]:
        found = Patient.objects.filter(practice=practice, last_name=last_name).order_by("first_name")
        return found.values_list("first_name", flat=True)[first:last]

    composed = composed_once(names)
    for last_name in ("Durand", stranger.last_name):
        for part in ((0, 1), (1, 2), (0, 5)):
            assert composed(practice.pk, last_name, *part) == list(names(practice.pk, last_name, *part))


def test_a_query_that_is_composed_once_costs_less(practice: Practice, marie: Patient) -> None:
    composed, since = composed_once(of_practices), timezone.now() - timedelta(days=1)
    values = (practice.pk,), marie.birth_date, since
    assert composed(*values) == list(of_practices(*values))  # once
    _found, each = counted(lambda: list(of_practices(*values)))
    _found, once = counted(lambda: composed(*values))
    assert once < 0.6 * each


@pytest.mark.parametrize(
    "build",
    [
        lambda pk: Patient.objects.filter(pk=pk, created_at__lt=timezone.now()),
        lambda pk: Patient.objects.filter(pk=pk, practice=uuid.uuid4()),
        lambda pk: Patient.objects.filter(pk=pk)[: uuid.uuid4().int],
        lambda _pk: Patient.objects.all(),
        lambda pk: Patient.objects.filter(last_name=f"{pk} "),
        lambda pk: Patient.objects.filter(pk=pk, birth_date__lte=timezone.localdate()),
        lambda pk: Patient.objects.filter(pk=pk, last_name=get_language()),
        lambda pk: Patient.objects.filter(pk=pk, created_at__day=30),
        lambda pk: Patient.objects.filter(pk=pk).annotate(month=TruncMonth("created_at")),
        lambda pk: Patient.objects.filter(pk=pk) if get_language() == "fr" else Patient.objects.none(),
    ],
    ids=[
        *("the time", "an id", "how many", "nothing", "another text", "the day", "the language", "the clock"),
        *("a part of a moment", "nobody in one language"),
    ],
)
def test_a_query_that_depends_on_more_or_less_than_its_values_is_refused(
    build: Callable[[UUID], QuerySet[Patient]],
) -> None:
    with pytest.raises(ValueError, match=r"depends on more|no parameters"):
        composed_once(build)(uuid.uuid4())


@pytest.mark.parametrize(
    "change",
    [
        *(str.lower, str.upper, str.title, str.casefold, str.strip, str.lstrip, str.rstrip, str.swapcase),
        lambda text: text[:255],
        lambda text: text.replace("_", ""),
        lambda text: text.replace("%", ""),
        lambda text: unicodedata.normalize("NFC", text),
        lambda text: unicodedata.normalize("NFD", text),
    ],
)
def test_a_query_that_changes_a_text_is_refused(change: Callable[[str], str]) -> None:
    """The text that stands in for others while it is composed would be unchanged, and others never changed again."""
    with pytest.raises(ValueError, match="no parameters"):
        composed_once(lambda text: Patient.objects.filter(last_name=change(text)))("Durand")


@pytest.mark.parametrize("lookup", ["contains", "startswith", "endswith", "iexact"])
def test_a_lookup_that_escapes_its_text_is_refused_or_escapes_each(lookup: str, marie: Patient) -> None:
    """SQLite would otherwise read "_" and "%" of the text as any letters."""

    def named(text: str) -> QuerySet[Patient]:
        return Patient.objects.filter(**{f"last_name__{lookup}": text})

    with suppress(ValueError):
        assert composed_once(named)("D_r%") == list(named("D_r%")) == []


@pytest.mark.parametrize(
    "parts", [{"microsecond": 0}, {"second": 0}, {"minute": 0}, {"hour": 0}, {"second": 0, "microsecond": 0}]
)
def test_a_query_that_rounds_a_moment_is_refused(parts: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no parameters"):
        composed_once(lambda at: Patient.objects.filter(created_at__gte=at.replace(**parts)))(timezone.now())


def test_an_id_as_text_is_refused(marie: Patient) -> None:
    """SQLite would find nothing: it stores ids in another form."""
    with pytest.raises(ValidationError):
        composed_once(lambda pk: Patient.objects.filter(pk=pk))(str(marie.pk))


def test_an_argument_by_its_name_is_refused(marie: Patient) -> None:
    def build(pk: UUID, *, nobody: bool = False) -> QuerySet[Patient]:
        return Patient.objects.none() if nobody else Patient.objects.filter(pk=pk)

    with pytest.raises(TypeError, match="by position"):
        composed_once(build)(marie.pk, nobody=True)


def test_a_process_keeps_a_bounded_number_of_shapes() -> None:
    composed: list[int] = []

    def build(pks: tuple[UUID, ...]) -> QuerySet[Any, Any]:
        composed.append(len(pks))
        return Patient.objects.filter(pk__in=pks)

    ask = composed_once(build)
    for count in [*range(SHAPES + 5), 1, SHAPES + 4]:
        assert ask(tuple(uuid.uuid4() for _ in range(count))) == []
    assert composed.count(1) == 2  # twice, to compare
    assert composed.count(SHAPES + 4) == 2  # once each time


@pytest.mark.django_db(transaction=True)
def test_the_connection_of_a_thread_that_composed_ends_with_it(practice: Practice, marie: Patient) -> None:
    """Kept with the query, it would stay open for as long as the process runs."""
    composed, since = composed_once(of_practices), timezone.now() - timedelta(days=1)

    def read() -> weakref.ref[Any]:
        assert composed((practice.pk,), marie.birth_date, since) == [marie]
        here = connections[DEFAULT_DB_ALIAS]
        here.close()
        return weakref.ref(here)

    with ThreadPoolExecutor(1) as pool:
        ended = pool.submit(read).result()
    gc.collect()
    assert ended() is None
    assert composed((practice.pk,), marie.birth_date, since) == [marie]


def test_a_query_of_many_ids_is_composed_for_few_numbers_of_them() -> None:
    numbers = set()
    for count in range(201):
        ids = [uuid.uuid4() for _ in range(count)]
        filled = in_steps(ids)
        assert set(filled) == set(ids)
        assert list(filled[:count]) == ids
        assert len(filled) < 2 * max(count, 1)
        numbers.add(len(filled))
    assert len(numbers) <= 10 < SHAPES
