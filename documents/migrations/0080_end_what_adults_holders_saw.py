"""A corrected birth date hid documents of an adult from whoever had booked for a minor, without ending that access. As
documents.sharing.corrections.judge_minority does from now on."""

from itertools import islice
from typing import Any

from django.db import migrations
from django.utils import timezone

CHUNK = 500


def end_hidden(apps: Any, schema_editor: Any) -> None:
    shared = apps.get_model("documents", "SharedDocument").objects
    hidden = shared.filter(audience="holder", patient_was_minor=False, authorisation=None, holder_ended_at=None)
    left = iter(list(hidden.values_list("pk", flat=True)))
    while part := list(islice(left, CHUNK)):
        shared.filter(pk__in=part).update(holder_ended_at=timezone.now(), holder_ended_by_age=True)


class Migration(migrations.Migration):
    dependencies = [("documents", "0079_holder_ended_by_age")]

    operations = [migrations.RunPython(end_hidden, migrations.RunPython.noop, elidable=True)]
