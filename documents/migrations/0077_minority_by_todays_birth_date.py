"""What was shared as a minor's or as an adult's is judged by the birth date that its record has today: a corrected one
left it as it was until now. As documents.corrections.follow_birth_date does from now on."""

import uuid
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from django.db import migrations

MAJORITY = 18
CHUNK = 500


def is_minor(born: date, day: date) -> bool:
    """Born on 29 February: of age on 1 March, as Patient.is_minor_on."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day)) < MAJORITY


def judge_anew(apps: Any, schema_editor: Any) -> None:
    shared = apps.get_model("documents", "SharedDocument")
    fields = ("pk", "shared_at", "patient_was_minor", "patient__birth_date", "practice__time_zone")
    turned: dict[bool, list[uuid.UUID]] = {True: [], False: []}
    for pk, at, was_minor, born, zone in shared.objects.values_list(*fields).iterator(chunk_size=CHUNK):
        if is_minor(born, at.astimezone(ZoneInfo(zone)).date()) is not was_minor:
            turned[not was_minor].append(pk)
    for minor, documents in turned.items():
        for part in parts(documents):
            shared.objects.filter(pk__in=part).update(patient_was_minor=minor)
    _call_off(apps, turned[False])


def parts(keys: Iterable[uuid.UUID]) -> Iterator[list[uuid.UUID]]:
    left = iter(keys)
    while part := list(islice(left, CHUNK)):
        yield part


def _call_off(apps: Any, documents: list[uuid.UUID]) -> None:
    """Nobody sees those of holders any more: what waits to tell of them, and of nothing else, is not sent."""
    shared = apps.get_model("documents", "SharedDocument")
    message = apps.get_model("notifications", "Message")
    told = shared.messages.through.objects.filter(message__state="queued")
    unread: set[uuid.UUID] = set()
    for part in parts(documents):
        held = shared.objects.filter(pk__in=part, audience="holder", authorisation=None)
        unread.update(held.values_list("pk", flat=True))
    about: set[uuid.UUID] = set()
    for part in parts(unread):
        about.update(told.filter(shareddocument__in=part).values_list("message", flat=True))
    for part in parts(about):
        pairs = told.filter(message__in=part).values_list("message", "shareddocument")
        alone = set(part) - {of for of, document in pairs if document not in unread}
        queued = message.objects.filter(pk__in=alone, state="queued")
        queued.filter(lease_until=None).delete()
        queued.update(state="called_off")  # a worker has them in hand


class Migration(migrations.Migration):
    dependencies = [
        ("documents", "0076_indexes_of_new_columns"),
        ("notifications", "0018_called_off_holds"),
        ("patients", "0012_ended_relative_records"),
        ("accounts", "0012_second_factors"),
    ]

    operations = [migrations.RunPython(judge_anew, migrations.RunPython.noop, elidable=True)]
