"""Keeps an agenda's appointments in step with one whole reading of its calendar.

What stands is followed in batches, each in one transaction. What is cancelled or missing is decided last, in the
transaction that ends the reading: a killed worker repeats the reading, and nothing counts twice.

A change here stays until the event itself changes in the calendar.
"""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from appointments.following import move_followed
from appointments.importing import place_imported
from appointments.models import Appointment, AppointmentStatus
from imports.absences import note_followed, settle_absences
from imports.calendar_reading import Calendar, content_of, is_near, series_of
from imports.held_moves import hold_moves, is_waiting
from imports.judging_appointments import Choices, Planned, keys_of, plan
from imports.models import CalendarItem, CalendarStage, CalendarSubscription, ImportLine, ItemState
from imports.moved_series import moved_dates
from imports.people import digest
from imports.reading.events import Event
from imports.reading.headings import Field
from imports.reasons import reason, reason_of
from imports.trials import end_trial, was_followed
from imports.uploads import EVENT_COLUMNS, cells_of_event
from jobs import leases
from jobs.exclusive import is_leaving
from jobs.row_errors import log_row_error

logger = logging.getLogger(__name__)
BATCH = 25  # events in one transaction
LONGEST = 120.0  # seconds of one task; the next one continues after what is followed already
LEASE = timedelta(minutes=6)  # longer than a task may last
NEAR = timedelta(hours=12)


@dataclass
class _Match:
    """What stands already for an event that makes no appointment yet. `former`: an item of this subscription whose
    event is no longer in the calendar, and whose appointment this event has taken over under another UID."""

    state: ItemState
    appointment: Appointment | None = None
    former: CalendarItem | None = None
    detail: str = ""


class InStep:
    """One reading of one claimed subscription."""

    def __init__(self, subscription: CalendarSubscription, calendar: Calendar, now: datetime) -> None:
        self.subscription, self.calendar, self.now = subscription, calendar, now
        self.choices = Choices(subscription.practice, subscription.agenda, subscription.visit_reason)
        self.is_trial = subscription.stage == CalendarStage.CHECKING
        self.is_first = subscription.followed_since is None
        self.has_changed = False

    def run(self, **facts: object) -> bool:
        """False if it did not end: another worker took over, staff paused it, or it is continued by a later task.
        `facts`: what the reading was, stored when it ends."""
        end = time.monotonic() + LONGEST
        if not self.is_trial and not (self._hand_on_moved() and self._hold_moves()):
            return False
        for keys in self._batches():
            if time.monotonic() > end or is_leaving():
                leases.put_back(self.subscription)
                return False
            if not self._do(keys):
                return False
        return self._end(facts)

    def _hand_on_moved(self) -> bool:
        """The rows of dates that moved get the identities of the new dates, and then follow them as other moves."""
        moved = moved_dates(self.subscription, self.subscription.items.all(), self.calendar, self.now)
        if not moved:
            return True
        with transaction.atomic():
            mine = self._held()
            if mine is None:
                return False
            mine.items.filter(key__in=[key for _item, key in moved], appointment=None).delete()
            for item, key in moved:
                mine.items.filter(pk=item.pk, key=item.key).update(key=key, missing=0, is_held=False)
        return True

    @transaction.atomic
    def _hold_moves(self) -> bool:
        mine = self._held()
        if mine is not None:
            hold_moves(mine, self.calendar, self.now)
        return mine is not None

    def _batches(self) -> Iterator[list[str]]:
        """The identities that a look at their rows does not show to be in step."""
        items = {one.key: one for one in self.subscription.items.all()}
        left = []
        for key, event in self.calendar.standing.items():
            item = items.get(key)
            if item is None and not is_near(event, self.now):
                continue
            if item is not None and (is_waiting(item) or (self.is_trial and was_followed(item))):
                continue  # a trial changes nothing of what an earlier address made
            is_in_step = item is not None and item.state == ItemState.FOLLOWED and item.series == series_of(event)
            if item is None or not is_in_step or item.content != content_of(event):
                left.append(key)
        pieces = iter(left)
        return iter(lambda: list(itertools.islice(pieces, BATCH)), [])

    @transaction.atomic
    def _do(self, keys: list[str]) -> bool:
        mine = self._held()
        if mine is None:
            return False
        items = {one.key: one for one in mine.items.select_for_update().filter(key__in=keys)}
        for key in keys:
            event = self.calendar.standing[key]
            item = items.get(key) or CalendarItem(subscription=mine, key=key)
            item = self._try(item, event)
            item.says_at, item.series = event.starts_at, series_of(event)
            item.save()
        mine.lease_until = timezone.now() + LEASE
        if self.has_changed:
            mine.last_changed_at = self.now
        mine.save(update_fields=["lease_until", "last_changed_at"])
        self.subscription.lease_until = mine.lease_until
        return True

    @transaction.atomic
    def _end(self, facts: dict[str, object]) -> bool:
        mine = self._held()
        if mine is None:
            return False
        changed = False
        if self.is_trial:
            end_trial(mine, self.calendar)
            mine.stage = CalendarStage.CHECKED
        else:
            changed = settle_absences(mine, self.calendar, self.now)
            mine.followed_since = mine.followed_since or self.now
        if changed or self.has_changed:
            mine.last_changed_at = self.now
        for name, value in facts.items():
            setattr(mine, name, value)
        mine.lease_until = None
        mine.save()
        return True

    def _held(self) -> CalendarSubscription | None:
        mine = leases.held(self.subscription).filter(paused_at=None, stage=self.subscription.stage)
        return mine.select_for_update(of=("self",)).select_related("practice", "agenda", "made_by").first()

    def _try(self, item: CalendarItem, event: Event) -> CalendarItem:
        """One event that cannot be followed does not stop the others. Returns the row to save."""
        try:
            with transaction.atomic():
                self._follow(item, event)
            return item
        except ValidationError as error:
            detail = reason_of(error)
        except Exception as error:
            log_row_error(logger, "Event of calendar", self.subscription.pk, error)
            detail = reason(_("Cet événement n’a pas pu être suivi : prévenez-nous si cela dure."))
        as_it_was = CalendarItem.objects.filter(pk=item.pk).first()
        item = as_it_was or CalendarItem(subscription=self.subscription, key=item.key)
        item.detail, item.content = detail, ""  # an appointment that stands stays as it is
        if not _stands(item.appointment):
            item.state = ItemState.REFUSED
        return item

    def _follow(self, item: CalendarItem, event: Event) -> None:
        values = dict(zip(EVENT_COLUMNS, cells_of_event(event), strict=True))
        planned = plan(values, choices=self.choices, practice=self.subscription.practice, is_event=True)
        if item.starts_at is None and item.appointment is None and self._adopt_from_file(item, values, planned):
            item.state = ItemState.SAME if self.is_trial else ItemState.FOLLOWED
        if item.state != ItemState.SAME or not self.is_trial:
            self._follow_planned(item, planned)
        item.content = content_of(event)
        item.moves_to, item.may_move = None, None

    def _follow_planned(self, item: CalendarItem, planned: Planned) -> None:
        appointment = item.appointment
        times = (planned.starts_at, planned.ends_at)
        has_changed = (
            item.state == ItemState.GONE or item.starts_at is None or (item.starts_at, item.ends_at) != times
        )
        if appointment is not None and appointment.patient_id != planned.patient.pk:
            self._part(item)
            self._find_or_place(item, planned)
        elif appointment is not None and _stands(appointment):
            if has_changed and not self.is_trial and not (item.may_move is False and item.moves_to == times[0]):
                moved = move_followed(
                    appointment=appointment, starts_at=times[0], ends_at=times[1], by=self.subscription.made_by
                )
                self._note(appointment, "moved" if moved else "")
            self._is_followed(item, planned, appointment)
        elif item.starts_at is None or has_changed:
            self._find_or_place(item, planned)
        else:
            self._is_followed(item, planned, appointment)  # cancelled or deleted here: that stays

    def _find_or_place(self, item: CalendarItem, planned: Planned) -> None:
        match = self._find(planned)
        if self.is_trial:
            item.state, item.detail = match.state, match.detail
            return
        if match.state == ItemState.NEW:
            made = place_imported(
                agenda=planned.agenda,
                visit_reason=planned.visit_reason,
                patient=planned.patient,
                starts_at=planned.starts_at,
                ends_at=planned.ends_at,
                by=self.subscription.made_by,
            )
            self._note(made, "booked")
            self._is_followed(item, planned, made)
            item.is_first = self.is_first
        elif match.appointment is not None:
            if match.former is not None:
                match.former.delete()
            self._is_followed(item, planned, match.appointment)
        else:
            item.state, item.detail, item.appointment, item.starts_at = (
                match.state,
                match.detail,
                None,
                None,
            )

    def _find(self, planned: Planned) -> _Match:
        """Compares with the patient's appointments, as an import of a file does."""
        near = (planned.starts_at - NEAR, planned.starts_at + NEAR)
        there = Appointment.objects.filter(
            patient=planned.patient, status=AppointmentStatus.BOOKED, starts_at__gt=near[0], starts_at__lt=near[1]
        )
        alike = False
        for one in there.select_related("calendar_item__subscription").order_by("starts_at", "id"):
            former: CalendarItem | None = getattr(one, "calendar_item", None)
            ours = former is not None and former.subscription_id == self.subscription.pk
            present = ours and former is not None and former.key in self.calendar.standing
            if one.starts_at == planned.starts_at:
                if one.agenda_id == self.subscription.agenda_id and (former is None or (ours and not present)):
                    return _Match(ItemState.SAME, one, former)
                return _Match(ItemState.SAME)
            alike = alike or (one.agenda_id == planned.agenda.pk and not present)
        if alike:
            sentence = _("Ce patient a déjà un rendez-vous ce jour-là sur cet agenda, à une autre heure.")
            return _Match(ItemState.ALIKE, detail=reason(sentence))
        return _Match(ItemState.NEW)

    def _adopt_from_file(self, item: CalendarItem, values: dict[Field, str], planned: Planned) -> bool:
        """Take over the appointment that the import of a file made from the same event, moved since or not."""
        key, content = keys_of(values, planned)
        lines = ImportLine.objects.filter(
            key=key, job__practice=self.subscription.practice_id, appointment__agenda=self.subscription.agenda_id,
            appointment__patient=planned.patient, appointment__calendar_item=None,
        ).select_related("appointment")  # fmt: skip
        line = lines.order_by("-id").first()
        if line is not None and not self.is_trial:
            item.appointment = line.appointment
            if line.content == content:
                item.starts_at, item.ends_at = planned.starts_at, planned.ends_at
        return line is not None

    def _part(self, item: CalendarItem) -> None:
        """The event is another patient's now. Its appointment is left to a row of its own, absent from the calendar,
        and cancelled at the end as any other that is absent."""
        former = CalendarItem.objects.get(pk=item.pk)
        CalendarItem.objects.filter(pk=item.pk).update(appointment=None)
        former.pk, former._state.adding = None, True
        former.key = digest("former", item.key, str(former.appointment_id))
        former.missing, former.content, former.series = 1, "", ""
        former.save()
        item.appointment, item.starts_at, item.ends_at = None, None, None

    def _is_followed(self, item: CalendarItem, planned: Planned, appointment: Appointment | None) -> None:
        item.state, item.detail, item.appointment = ItemState.FOLLOWED, "", appointment
        item.starts_at, item.ends_at = planned.starts_at, planned.ends_at

    def _note(self, appointment: Appointment, did: str) -> None:
        if did:
            self.has_changed = True
            note_followed(self.subscription, appointment, did)


def _stands(appointment: Appointment | None) -> bool:
    return appointment is not None and appointment.status == AppointmentStatus.BOOKED
