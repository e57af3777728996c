"""What an administrator does with the calendar of other software that an agenda follows."""

from __future__ import annotations

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from appointments.models import Agenda, VisitReason
from audit.trail import record
from imports.absences import cancel_absent
from imports.models import CalendarItem, CalendarStage, CalendarSubscription, ItemState
from imports.people import digest
from imports.trials import forget_comparison
from jobs.nudges import nudge
from practices.models import Practice
from practices.roles import require_administrator
from refusals import Kind, Refusal
from webhooks.guarded import check_address

MOST = 10  # of a practice
ASKED_EVERY = timedelta(minutes=1)
EXAMPLE = "https://logiciel.example/agenda.ics"


class TooManyCalendars(Refusal):
    """The practice follows as many calendars as it may."""

    code = "too_many_calendars"
    kind = Kind.CONFLICT
    words = gettext_lazy("Ce cabinet suit déjà dix calendriers : retirez-en un d’abord.")


class ReadAMomentAgo(Refusal):
    """Staff asked for a reading less than a minute ago."""

    code = "read_a_moment_ago"
    kind = Kind.TOO_OFTEN
    words = gettext_lazy("Une lecture vient d’être demandée : attendez une minute.")


class CalendarNotReady(Refusal):
    """The calendar is at a stage where this is impossible."""

    code = "calendar_not_ready"
    kind = Kind.CONFLICT
    words = gettext_lazy("La première lecture de ce calendrier n’est pas terminée : attendez son résultat.")


class OtherCancellations(Refusal):
    """What waits for an answer is not what the page showed any more."""

    code = "other_cancellations"
    kind = Kind.CONFLICT
    words = gettext_lazy("Le calendrier a changé entre-temps : relisez la liste, puis répondez.")


@transaction.atomic
def subscribe(
    *, practice: Practice, agenda: Agenda, visit_reason: VisitReason, name: str, address: str, by: User
) -> CalendarSubscription:
    """Its first reading makes nothing: it says what it would make. Raises ValidationError, TooManyCalendars,
    NotAllowed."""
    require_administrator(by, practice)
    Practice.objects.select_for_update(of=("self",)).get(pk=practice.pk)
    if practice.calendar_subscriptions.count() >= MOST:
        raise TooManyCalendars
    address = _checked(address)
    if agenda.practice_id != practice.pk or not agenda.visit_reasons.filter(pk=visit_reason.pk).exists():
        sentence = _("L’agenda choisi ne propose pas ce motif : choisissez-en un autre, ou un autre agenda.")
        raise ValidationError({"visit_reason": sentence})
    one = CalendarSubscription(
        practice=practice, agenda=agenda, visit_reason=visit_reason, name=name.strip(), address=address, made_by=by
    )
    one.full_clean()
    one.save()
    record("calendar.added", by=by, on=one, practice=practice)
    transaction.on_commit(start_worker)
    return one


@transaction.atomic
def switch_on(*, subscription: CalendarSubscription, by: User) -> CalendarSubscription:
    """From the next reading on appointments are made. Raises CalendarNotReady, NotAllowed."""
    one = locked_calendar(subscription, by)
    if one.stage == CalendarStage.ON:
        return one  # a second click
    if one.stage != CalendarStage.CHECKED:
        raise CalendarNotReady
    one.stage, one.made_by, one.due_at = CalendarStage.ON, by, timezone.now()
    forget_comparison(one)
    one.save(update_fields=["stage", "made_by", "due_at"])
    record("calendar.switched_on", by=by, on=one, practice=one.practice_id)
    transaction.on_commit(start_worker)
    return one


@transaction.atomic
def change_address(*, subscription: CalendarSubscription, address: str, by: User) -> CalendarSubscription:
    """Read the calendar at another address. As a new one it is first read without a change, and compared with what is
    there; nothing is followed until it is switched on. What waited for an answer is judged anew then.

    Raises ValidationError, NotAllowed.
    """
    one = locked_calendar(subscription, by)
    one.address = _checked(address)
    one.stage, one.made_by, one.due_at = CalendarStage.CHECKING, by, timezone.now()
    one.paused_at = one.lease_until = one.failing_since = one.held_at = one.full_at = None
    one.attempts, one.last_error, one.etag, one.modified = 0, "", "", ""
    one.full_clean(exclude=["practice", "agenda", "visit_reason", "made_by"])
    one.save()
    one.items.filter(is_held=True).update(is_held=False, missing=0, moves_to=None, may_move=None)
    record("calendar.address_changed", by=by, on=one, practice=one.practice_id)
    transaction.on_commit(start_worker)
    return one


@transaction.atomic
def pause(*, subscription: CalendarSubscription, by: User) -> CalendarSubscription:
    """A reading in progress ends without a change. Pausing twice changes nothing. Raises NotAllowed."""
    one = locked_calendar(subscription, by)
    if one.paused_at is None:
        one.paused_at, one.lease_until = timezone.now(), None
        one.failing_since, one.last_error = None, ""  # nobody waits for it any more
        one.save(update_fields=["paused_at", "lease_until", "failing_since", "last_error"])
        record("calendar.paused", by=by, on=one, practice=one.practice_id)
    return one


@transaction.atomic
def resume(*, subscription: CalendarSubscription, by: User) -> CalendarSubscription:
    """Also one that was given up. Raises NotAllowed."""
    one = locked_calendar(subscription, by)
    if one.paused_at is not None:
        one.paused_at, one.made_by, one.due_at, one.attempts = None, by, timezone.now(), 0
        one.failing_since, one.last_error = None, ""
        one.save(update_fields=["paused_at", "made_by", "due_at", "attempts", "failing_since", "last_error"])
        record("calendar.resumed", by=by, on=one, practice=one.practice_id)
        transaction.on_commit(start_worker)
    return one


@transaction.atomic
def read_now(*, subscription: CalendarSubscription, by: User) -> CalendarSubscription:
    """Whole, and before its time. Raises ReadAMomentAgo, CalendarNotReady, NotAllowed."""
    one = locked_calendar(subscription, by)
    now = timezone.now()
    if one.stage == CalendarStage.CHECKED or one.paused_at is not None:
        raise CalendarNotReady(_("Ce calendrier n’est pas lu pour l’instant : activez-le, ou reprenez sa lecture."))
    if one.asked_at is not None and now - one.asked_at < ASKED_EVERY:
        raise ReadAMomentAgo
    one.asked_at = one.due_at = now
    one.etag = one.modified = ""
    one.save(update_fields=["asked_at", "due_at", "etag", "modified"])
    transaction.on_commit(start_worker)
    return one


@transaction.atomic
def remove(*, subscription: CalendarSubscription, by: User) -> None:
    """Its appointments stay; nothing follows them any more. Raises NotAllowed."""
    one = locked_calendar(subscription, by)
    record("calendar.removed", by=by, on=one, practice=one.practice_id)
    one.delete()


def held_items(subscription: CalendarSubscription) -> list[CalendarItem]:
    """The events whose appointments wait for an answer, by time."""
    held = subscription.items.filter(is_held=True, appointment__isnull=False)
    return list(held.select_related("appointment__patient").order_by("appointment__starts_at", "id"))


def shown(items: list[CalendarItem]) -> str:
    """Stands for the list that a page shows, so that the answer is about no other."""
    return digest(*(f"{item.pk} {item.moves_to or ''}" for item in sorted(items, key=lambda item: item.pk)))


@transaction.atomic
def cancel_held(*, subscription: CalendarSubscription, answers: str, by: User) -> int:
    """Cancel and move the appointments that wait; returns how many. `answers`: `shown` of the page. A reading moves
    them, at once, to where the calendar has them then.

    Raises OtherCancellations, NotAllowed.
    """
    one, items = _held(subscription, answers, by)
    for item in items:
        if item.moves_to is None:
            cancel_absent(one, item)
        else:
            item.may_move, item.is_held = True, False
    _settle(one, items)
    record("calendar.cancellations_confirmed", by=by, on=one, practice=one.practice_id, detail={"held": len(items)})
    return len(items)


@transaction.atomic
def keep_held(*, subscription: CalendarSubscription, answers: str, by: User) -> int:
    """Keep the appointments that wait; returns how many. Those without an event are staff's own until the calendar
    has it again; the others stay where they are until their event changes again.

    Raises OtherCancellations, NotAllowed.
    """
    one, items = _held(subscription, answers, by)
    for item in items:
        item.is_held = False
        if item.moves_to is None:
            item.state, item.missing = ItemState.KEPT, 0
        else:
            item.may_move = False
    _settle(one, items)
    record("calendar.cancellations_refused", by=by, on=one, practice=one.practice_id, detail={"held": len(items)})
    return len(items)


def start_worker() -> None:
    nudge("imports.tasks.read_calendars")


def _held(
    subscription: CalendarSubscription, answers: str, by: User
) -> tuple[CalendarSubscription, list[CalendarItem]]:
    one = locked_calendar(subscription, by)
    items = held_items(one)
    if not items or shown(items) != answers:
        raise OtherCancellations
    one.made_by = by
    return one, items


def _settle(subscription: CalendarSubscription, items: list[CalendarItem]) -> None:
    CalendarItem.objects.bulk_update(items, ["state", "is_held", "missing", "may_move"], batch_size=500)
    subscription.held_at, subscription.due_at = None, timezone.now()
    subscription.etag = subscription.modified = ""  # a whole reading follows the moves
    subscription.save(update_fields=["held_at", "due_at", "etag", "modified"])
    transaction.on_commit(start_worker)


def locked_calendar(subscription: CalendarSubscription, by: User) -> CalendarSubscription:
    """Raises CalendarSubscription.DoesNotExist if it was removed meanwhile, NotAllowed."""
    locked = CalendarSubscription.objects.select_for_update(of=("self",))
    one = locked.select_related("practice", "agenda").get(pk=subscription.pk)
    require_administrator(by, one.practice)
    return one


def _checked(address: str) -> str:
    """Raises ValidationError of the field."""
    address = _with_https(address.strip())
    try:
        check_address(address, example=EXAMPLE)
    except ValidationError as error:
        raise ValidationError({"address": error.messages}) from None
    return address


def _with_https(address: str) -> str:
    """Calendars are often offered as webcal://, which is https:// for programs that subscribe."""
    scheme, separator, rest = address.partition("://")
    return f"https://{rest}" if separator and scheme.lower() in ("webcal", "webcals") else address
