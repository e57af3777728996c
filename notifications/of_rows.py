"""The messages of the rows of a list, read at once by one statement that is composed once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from django.db.models import Model, QuerySet

from notifications.models import Message
from schema.composed import composed_once, in_steps


def reading_messages_of(through: type[Model], column: str) -> Callable[[Iterable[Model]], None]:
    """For a model whose relation to messages is `through`, which names its rows in `column`. The result sets
    `messages_read` of each row that it is given: its messages, in no order.

    A list, because Django makes a manager and a query for each row of a prefetched relation, at 0.1 ms.
    """

    @composed_once
    def links(rows: tuple[UUID, ...]) -> QuerySet[Any]:
        return through._default_manager.filter(**{f"{column}__in": rows}).select_related("message")

    def read(rows: Iterable[Model]) -> None:
        of_each: dict[UUID, list[Message]] = defaultdict(list)
        rows = list(rows)
        for link in links(in_steps(row.pk for row in rows)):
            of_each[getattr(link, f"{column}_id")].append(link.message)
        for row in rows:
            vars(row)["messages_read"] = of_each[row.pk]

    return read
