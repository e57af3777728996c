"""Every row of a practice in use many times over, to see which pages grow with it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

from django.apps import apps
from django.conf import settings
from django.db import IntegrityError, models, transaction

from documents.models import LibraryDocument

# What a practice sets up: dozens. Everything else grows with use.
SET_UP = {
    *("appointments.Agenda", "appointments.VisitReason", "appointments.Instruction", "appointments.OpeningHours"),
    *("documents.LibraryDocument", "documents.LibraryVersion", "documents.AutoSendRule", "documents.RuleQuestion"),
    *("documents.Category", "documents.ConsentForm", "questionnaires.Questionnaire", "practices.Membership"),
    *("practices.ColleagueInvitation", "patients.Relative", "appointments.AnswerLink"),
}
SET_UP_TIMES = 40
# Its copies belong to the same of these where a constraint leaves the choice: an appointment gets many documents.
STAYS = ("practice", "patient", "appointment", "document", "questionnaire", "user", "holder")


def multiply(times: int) -> dict[str, int]:
    """Copies each row that there is until there are `times` of its model (SET_UP_TIMES of what a practice sets up),
    or as many as its constraints allow. Returns how many there are, by label of the model.

    A copy belongs to what its original belongs to. What has to be unique is another; what is there once for each of
    something else gets another of those.
    """
    made = {}
    for model in _ours():
        most = min(times, SET_UP_TIMES) if model._meta.label in SET_UP else times
        rows = list(model._base_manager.order_by("pk"))
        for number in range(len(rows), most) if rows else ():
            if _copy(rows[number % len(rows)], number) is None:
                break
        made[model._meta.label] = model._base_manager.count()
    return made


def copy_often(row: models.Model, times: int) -> None:
    """So many copies of one row, which its constraints must allow."""
    for number in range(times):
        assert _copy(row, number) is not None


def _ours() -> Iterator[type[models.Model]]:
    for model in apps.get_models():
        folder = Path(apps.get_app_config(model._meta.app_label).path)
        if folder.parent == Path(settings.BASE_DIR) and not model._meta.proxy:
            yield model


def _copy(row: models.Model, number: int) -> models.Model | None:
    """None where a constraint allows no other."""
    copy = type(row)(**{field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields})
    for field in row._meta.concrete_fields:
        if field.primary_key and not field.is_relation:
            setattr(copy, field.attname, uuid.uuid4() if isinstance(field, models.UUIDField) else None)
        elif field.unique and field.is_relation and getattr(row, field.attname):
            target = _copy(getattr(row, field.name), number)
            if target is None:
                return None
            setattr(copy, field.name, target)
        elif field.unique:
            setattr(copy, field.attname, _other(field, getattr(row, field.attname), number))
    for names in _unique_together(type(row)):
        _set_apart(copy, names, number)
    try:
        with transaction.atomic():
            copy.save_base(force_insert=True, raw=True)
    except IntegrityError:
        return None
    if isinstance(row, LibraryDocument):  # it has a version from the beginning
        for version in row.versions.all()[:1]:
            version.document = cast("LibraryDocument", copy)
            _copy(version, number)
    return copy


def _unique_together(model: type[models.Model]) -> Iterator[list[str]]:
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint) and constraint.fields:
            yield list(constraint.fields)


def _set_apart(copy: models.Model, names: list[str], number: int) -> None:
    """Changes one of the fields that have to be unique together: a value rather than a relation."""
    fields = [copy._meta.get_field(name) for name in names]
    concrete = [field for field in fields if isinstance(field, models.Field)]
    concrete.sort(key=lambda field: (field.is_relation, field.name in STAYS))
    for field in concrete:
        value = getattr(copy, field.attname)
        if field.is_relation:
            related: Any = field.related_model
            others = list(related._base_manager.order_by("pk").values_list("pk", flat=True)[: number + 2])
            other = others[-1] if len(others) == number + 2 else None
        else:
            other = _other(field, value, number)
        if other not in (None, value):
            setattr(copy, field.attname, other)
            return


def _other(field: Any, value: Any, number: int) -> Any:
    """Another value that the field can have; the same where it has no other."""
    if value is None or field.choices or isinstance(field, models.BooleanField):
        return value
    if isinstance(field, models.UUIDField):
        return uuid.uuid4()
    if isinstance(field, models.DateTimeField | models.DateField):
        return value + timedelta(days=number + 1)
    if isinstance(field, models.IntegerField):
        return 1000 + number
    if isinstance(field, models.CharField | models.TextField):
        return f"{value}{number}"[-(field.max_length or 10**6) :]
    return value
