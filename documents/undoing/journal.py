"""Rows as they were before an act and as it left them: to put them back, if nothing else has changed them since."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Field, Model, Q, QuerySet

from appointments.models import Appointment, Reminder, WaitingEntry
from documents.models import (
    AutoSend,
    Consent,
    DocumentLink,
    DocumentReading,
    DocumentRequest,
    ShareBatchLine,
    SharedDocument,
    Task,
)
from notifications.models import Message, MessageState
from patients.models import Invitation
from refusals import Kind, Refusal

ReminderMessage: type[Model] = Reminder.messages.through
DocumentMessage: type[Model] = SharedDocument.messages.through
# Targets before what refers to them.
MODELS: tuple[type[Model], ...] = (
    Appointment,
    WaitingEntry,
    Message,
    Invitation,
    Reminder,
    ReminderMessage,
    SharedDocument,
    DocumentMessage,
    DocumentReading,
    DocumentRequest,
    AutoSend,
    ShareBatchLine,
    Task,
    Consent,
)
Row = dict[str, Any]  # column -> value, as text or JSON
Rows = dict[tuple[str, str], Row]  # by model and key
Keys = dict[type[Model], set[Any]]


class TooLateToUndo(Refusal):
    """The time is over, or a worker has sent, or is sending, what the act planned."""

    code = "too_late_to_undo"
    kind = Kind.CONFLICT


class ChangedMeanwhile(Refusal):
    """Something else has changed what would be put back. Changes nothing."""

    code = "changed_meanwhile"
    kind = Kind.CONFLICT


class Moved(Exception):
    """A row is not as the act left it."""

    def __init__(self, model: type[Model]) -> None:
        super().__init__(model._meta.label)
        self.model = model


@dataclass(frozen=True)
class Change:
    """`before` and `after`: None if there was no such row."""

    model: type[Model]
    pk: str
    before: Row | None
    after: Row | None


def keys_around(appointment: Appointment) -> Keys:
    """The rows that a move, a cancellation or a taking back may change."""
    pk = appointment.pk
    documents = set(SharedDocument.objects.filter(appointment=pk).values_list("pk", flat=True))
    announced = DocumentMessage._base_manager.filter(shareddocument__in=documents)
    of_it = ReminderMessage._base_manager.filter(reminder__appointment=pk)
    # A reminder of several appointments is called off for all of them.
    reminded = ReminderMessage._base_manager.filter(
        Q(message__in=list(of_it.values_list("message", flat=True))) | Q(reminder__appointment=pk)
    )
    invitations = set(appointment.patient.invitations.values_list("pk", flat=True))
    # A message about a series is about one of its appointments, and names them all.
    of_series = Q(series=appointment.series_id) if appointment.series_id else Q(pk=pk)
    companions = Appointment.objects.filter(of_series).values_list("pk", flat=True)
    messages = set(Message.objects.filter(about__in=[*companions, *invitations]).values_list("pk", flat=True))
    consents = set(Consent.objects.filter(document__in=documents).values_list("pk", flat=True))
    messages |= set(Message.objects.filter(about__in=consents).values_list("pk", flat=True))
    requests = set(DocumentRequest.objects.filter(appointment=pk).values_list("pk", flat=True))
    links = DocumentLink.objects.filter(appointment=pk).values_list("pk", flat=True)
    messages |= set(Message.objects.filter(about__in=[*requests, *links]).values_list("pk", flat=True))
    messages |= set(announced.values_list("message", flat=True)) | set(reminded.values_list("message", flat=True))
    reminders = set(Reminder.objects.filter(appointment=pk).values_list("pk", flat=True))
    return {
        Appointment: {pk},
        WaitingEntry: set(WaitingEntry.objects.filter(appointment=pk).values_list("pk", flat=True)),
        Message: messages,
        Invitation: invitations,
        Reminder: reminders | set(reminded.values_list("reminder", flat=True)),
        ReminderMessage: set(reminded.values_list("pk", flat=True)),
        SharedDocument: documents,
        DocumentMessage: set(announced.values_list("pk", flat=True)),
        DocumentReading: set(DocumentReading.objects.filter(document__in=documents).values_list("pk", flat=True)),
        DocumentRequest: requests,
        AutoSend: set(AutoSend.objects.filter(appointment=pk).values_list("pk", flat=True)),
        ShareBatchLine: set(ShareBatchLine.objects.filter(shared__in=documents).values_list("pk", flat=True)),
        Consent: consents,
        Task: set(Task.objects.filter(document__in=documents).values_list("pk", flat=True)),
    }


def together(*groups: Keys) -> Keys:
    return {model: set().union(*(keys.get(model, ()) for keys in groups)) for model in MODELS}


def rows(keys: Keys) -> Rows:
    return {
        (model._meta.label, str(one.pk)): _written(one)
        for model in MODELS
        for one in model._base_manager.filter(pk__in=keys.get(model, ()))
    }


def changes(before: Rows, after: Rows) -> list[Change]:
    labels = {model._meta.label: model for model in MODELS}
    differ = [key for key in before.keys() | after.keys() if before.get(key) != after.get(key)]
    return [Change(labels[label], pk, before.get((label, pk)), after.get((label, pk))) for label, pk in differ]


def written(changed: Iterable[Change]) -> list[list[Any]]:
    """For JSON."""
    return [[one.model._meta.label, one.pk, one.before, one.after] for one in changed]


def read(journaled: Iterable[list[Any]]) -> list[Change]:
    labels = {model._meta.label: model for model in MODELS}
    return [Change(labels[label], pk, before, after) for label, pk, before, after in journaled]


def put_back(changed: Collection[Change]) -> None:
    """Write every row as it was before. Raises Moved, for the first that is not as the act left it.

    A message that a worker had in hand when it was called off is an exception: it may have arrived by now, or waits
    again, under the same lease and attempt, for what the worker reports.
    """
    by_model = {model: [one for one in changed if one.model is model] for model in MODELS}
    for model in MODELS:  # PostgreSQL waits here for a worker that is claiming one of them; other workers skip them
        list(_rows_of(model, by_model[model]).order_by("pk").select_for_update().values_list("pk", flat=True))
    current = rows({model: {one.pk for one in by_model[model]} for model in MODELS})
    # Messages first: whoever asks wants to know whether something has left.
    for one in sorted(changed, key=lambda one: one.model is not Message):
        if not _was_in_hand(one) and current.get((one.model._meta.label, one.pk)) != one.after:
            raise Moved(one.model)
    for model in reversed(MODELS):
        made = [one for one in by_model[model] if one.before is None]
        _rows_of(model, made).delete()
    for model in MODELS:
        for one in by_model[model]:
            if one.before is not None:
                _write(one, one.before)


def _was_in_hand(one: Change) -> bool:
    if one.model is not Message or one.before is None or one.after is None:
        return False
    return (one.before["state"], one.after["state"]) == (MessageState.QUEUED, MessageState.CALLED_OFF)


def _write(one: Change, before: Row) -> None:
    values = {field.attname: _value(field, before[field.attname]) for field in _fields(one.model)}
    row = one.model._base_manager.filter(pk=one.pk)
    if one.after is None:
        one.model._base_manager.bulk_create([one.model(**values)])
    elif _was_in_hand(one):
        called_off = row.filter(state=MessageState.CALLED_OFF)
        unchanged = {"state", "body", "html", "calendar"}
        called_off.update(**{name: value for name, value in values.items() if name in unchanged})
    else:
        row.update(**{name: value for name, value in values.items() if before[name] != one.after[name]})


def _rows_of(model: type[Model], changed: Iterable[Change]) -> QuerySet[Any]:
    return model._base_manager.filter(pk__in=[one.pk for one in changed])


def _fields(model: type[Model]) -> list[Field[Any, Any]]:
    return list(model._meta.concrete_fields)


def _written(row: Model) -> Row:
    """As JSON keeps it, without a loss: times to the microsecond."""
    return {
        field.attname: None if getattr(row, field.attname) is None else field.value_to_string(row)
        for field in _fields(type(row))
    }


def _value(field: Field[Any, Any], text: Any) -> Any:
    return None if text is None else field.to_python(text)
