"""Turns rows of an archive into rows of this installation.

An archive is somebody else's claim: a row may refer to rows of the same archive alone, never to what is here already,
and a value must be one that the model allows.
"""

from __future__ import annotations

import base64
import binascii
import unicodedata
import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import BinaryField, CharField, Field, ForeignKey, ManyToManyField, Model, TextField, UUIDField

from personal_data.moving.layout import CannotMove
from practices.texts import one_line

Relations = dict[str, list[uuid.UUID]]
# References that may be null, but not because what they name is left out: the row would be of something else.
NEEDED = frozenset({("documents.AutoSend", "document")})


class LeftOut(Exception):
    """A row refers to one that does not come in."""


@dataclass
class Known:
    """What rows may refer to. `people`: account of the archive -> the one that stands for it here; `ids`: by label;
    `categories`: of this installation; `left_out`: rows of the archive that do not come in, nor those that need
    them; `older_rules`: of files, the code of what refuses them today; `doubts`: about consents."""

    practice: uuid.UUID
    people: Mapping[uuid.UUID, uuid.UUID]
    categories: Collection[str]
    ids: dict[str, set[uuid.UUID]] = field(default_factory=dict)
    left_out: set[uuid.UUID] = field(default_factory=set)
    older_rules: Mapping[uuid.UUID, str] = field(default_factory=dict)
    doubts: Mapping[uuid.UUID, str] = field(default_factory=dict)

    def person(self, value: object) -> uuid.UUID:
        person = self.people.get(_uuid(value))
        if person is None:
            raise CannotMove(f"A row names the account {value}, of whom the archive has no name.")
        return person

    def reference(self, label: str, value: object) -> object:
        """The key of what a row refers to. Raises CannotMove if the archive does not have it."""
        if label == "accounts.User":
            return self.person(value)
        if label == "documents.Category":
            if value not in self.categories:
                raise CannotMove(
                    f"This installation has no category {value!r} of documents: add it in Django's admin first."
                )
            return value
        key = _uuid(value)
        if label == "practices.Practice":
            if key != self.practice:
                raise CannotMove(f"A row is of the practice {key}, which is not the archive's.")
        elif key not in self.ids.get(label, ()):
            raise CannotMove(f"A row refers to {label} {key}, which the archive does not have.")
        elif key in self.left_out:
            raise LeftOut
        return key

    def has(self, key: uuid.UUID | None) -> bool:
        return key == self.practice or any(key in ids for ids in self.ids.values())


def key_of(model: type[Model], row: Mapping[str, Any]) -> uuid.UUID | None:
    """The row's key; None for models whose keys are numbers of an installation."""
    pk = model._meta.pk
    if isinstance(pk, ForeignKey):
        return _uuid(row["pk"])
    return _uuid(row.get("pk")) if isinstance(pk, UUIDField) else None


def all_made_from(
    rows: Iterable[Mapping[str, Any]], label: str, without: Collection[str], known: Known
) -> list[tuple[Model, Relations]]:
    """Those that come in: a row that needs one which is left out is left out, too. Raises CannotMove."""
    model, made = apps.get_model(label), []
    for row in rows:
        key = key_of(model, row)
        try:
            if key not in known.left_out:
                made.append(made_from(row, label, without, known))
        except LeftOut:
            if key is not None:
                known.left_out.add(key)
    return made


def made_from(row: Mapping[str, Any], label: str, without: Collection[str], known: Known) -> tuple[Model, Relations]:
    """An unsaved object, and its many-to-many relations. Raises CannotMove, LeftOut."""
    model = apps.get_model(label)
    fields, values, relations = row.get("fields"), {}, {}
    if row.get("model") != model._meta.label_lower or not isinstance(fields, dict):
        raise CannotMove(f"A row of {label} is not as documented.")
    for name, value in fields.items():
        one = _field(model, name)
        if one is None or name in without:
            raise CannotMove(f"{label} has no field {name!r} here: the archive is of a newer release.")
        if isinstance(one, ManyToManyField):
            target = one.related_model._meta.label
            relations[name] = [
                _uuid(known.reference(target, each)) for each in value if _uuid(each) not in known.left_out
            ]
        else:
            values[one.attname] = _value(one, value, label, known)
    if (key := key_of(model, row)) is not None:
        pk = model._meta.pk
        target = pk.related_model._meta.label if isinstance(pk, ForeignKey) else ""
        values[pk.attname] = known.reference(target, key) if target else key
    made = model(**values)
    _check(made, label)
    return made, relations


def _field(model: type[Model], name: str) -> Any:
    try:
        return model._meta.get_field(name)
    except FieldDoesNotExist:
        return None


def _value(one: Any, value: object, label: str, known: Known) -> object:
    if isinstance(one, ForeignKey):
        try:
            return None if value is None else known.reference(one.related_model._meta.label, value)
        except LeftOut:
            if one.null and (label, one.name) not in NEEDED:
                return None
            raise
    try:
        if isinstance(one, BinaryField):
            return base64.b64decode(str(value), validate=True)
        converted = one.to_python(value)
        if isinstance(converted, datetime) and converted.tzinfo is None:
            raise ValueError(value)  # of which zone?
        return converted
    except (ValidationError, binascii.Error, ValueError, TypeError) as error:
        raise CannotMove(f"{label}: {value!r} is no value of {one.name}.") from error


def _check(made: Model, label: str) -> None:
    """As a form would: choices, lengths, addresses. References were checked already."""
    skipped = {
        one.name
        for one in made._meta.local_fields
        if isinstance(one, (ForeignKey, BinaryField)) or _is_empty_by_right(one, made)
    }
    try:
        made.clean_fields(exclude=skipped)
        check_texts(made)
    except ValidationError as error:
        name = next(iter(error.message_dict))
        raise CannotMove(f"{label} {made.pk}: {name} is {getattr(made, name)!r}, which is not allowed.") from error


def check_texts(made: Model) -> None:
    """No line has control characters or spaces alone: forms remove them, and a name may become a header. Raises
    ValidationError."""
    for one in made._meta.local_fields:
        text = getattr(made, one.attname)
        if not isinstance(one, (CharField, TextField)) or not isinstance(text, str):
            continue
        allowed = "" if isinstance(one, CharField) else "\n\r\t"
        if any(unicodedata.category(each) == "Cc" and each not in allowed for each in text):
            raise ValidationError({one.name: "control characters"})
        if isinstance(one, CharField) and text and not one_line(text):
            raise ValidationError({one.name: "nothing that shows"})


def _is_empty_by_right(one: Field[Any, Any], made: Model) -> bool:
    """Rows of earlier releases may lack what a form asks for today."""
    return getattr(made, one.attname) in one.empty_values


def _uuid(value: object) -> uuid.UUID:
    try:
        return value if isinstance(value, uuid.UUID) else uuid.UUID(str(value))
    except ValueError as error:
        raise CannotMove(f"{value!r} is no id.") from error
