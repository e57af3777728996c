"""The visit reasons of a practice: make, change, archive, offer again, delete while unused. Administrators only.

Appointments, rules and hours name their reason for ever, so a reason in use is archived, never deleted.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from appointments.agendas import lock_schedule
from appointments.models import Agenda, AppointmentKind, VisitReason
from audit.trail import record
from practices.models import Practice
from practices.texts import one_line
from refusals import Kind, Refusal

SHORTEST, LONGEST, HUES = 5, 480, 8  # minutes, minutes, colours


class VisitReasonInUse(Refusal):
    """Appointments, hours, instructions or rules name it."""

    code = "visit_reason_in_use"
    kind = Kind.CONFLICT
    words = gettext_lazy("Ce motif a servi : archivez-le. Il n’est alors plus proposé, et rien n’est perdu.")


@dataclass(frozen=True)
class ReasonFacts:
    """What an administrator sets. `duration`: minutes. `agendas`: where the reason is offered. `hue`: None for the
    least used colour."""

    name: str
    duration: int
    online: bool = True
    kinds: Collection[AppointmentKind] = tuple(AppointmentKind)
    agendas: Collection[Agenda] = ()
    hue: int | None = None

    @classmethod
    def of(cls, reason: VisitReason) -> ReasonFacts:
        return cls(
            name=reason.name,
            duration=reason.duration_minutes,
            online=reason.books_online,
            kinds=[kind for kind in AppointmentKind if reason.allows(kind)],
            agendas=list(reason.agendas.all()),
            hue=reason.hue,
        )


@transaction.atomic
def make_visit_reason(
    *, practice: Practice, facts: ReasonFacts, by: User, pk: uuid.UUID | None = None
) -> VisitReason:
    """Raises NotAllowed, ValidationError by field."""
    practice = lock_schedule(practice, by)
    reason = VisitReason(id=pk or uuid.uuid4(), practice=practice, hue=facts.hue or least_used_hue(practice))
    _set(reason, facts)
    reason.save(force_insert=True)
    reason.agendas.set(facts.agendas)
    record("practice.visit_reason_made", by=by, on=reason, practice=practice)
    return reason


@transaction.atomic
def change_visit_reason(*, reason: VisitReason, facts: ReasonFacts, by: User) -> VisitReason:
    """Change a reason; booked appointments keep their length. If nothing differs, nothing is recorded. Raises
    NotAllowed, ValidationError by field."""
    practice = lock_schedule(reason.practice, by)
    reason = _locked(reason)
    fields = _set(reason, facts)
    if fields:
        reason.save(update_fields=fields)
    if {one.pk for one in facts.agendas} != set(reason.agendas.values_list("pk", flat=True)):
        reason.agendas.set(facts.agendas)
        fields.append("agendas")
    if fields:
        record(
            "practice.visit_reason_changed", by=by, on=reason, practice=practice, detail={"fields": sorted(fields)}
        )
    return reason


@transaction.atomic
def archive_visit_reason(*, reason: VisitReason, by: User) -> None:
    """Offer a reason no longer; appointments stay. Archiving twice changes nothing. Raises NotAllowed."""
    practice = lock_schedule(reason.practice, by)
    if VisitReason.objects.filter(pk=reason.pk, is_active=True).update(is_active=False):
        record("practice.visit_reason_archived", by=by, on=reason, practice=practice)


@transaction.atomic
def offer_again(*, reason: VisitReason, by: User) -> None:
    """Offer an archived reason again. Raises NotAllowed."""
    practice = lock_schedule(reason.practice, by)
    if VisitReason.objects.filter(pk=reason.pk, is_active=False).update(is_active=True):
        record("practice.visit_reason_offered_again", by=by, on=reason, practice=practice)


@transaction.atomic
def delete_visit_reason(*, reason: VisitReason, by: User) -> None:
    """Raises NotAllowed, VisitReasonInUse."""
    practice = lock_schedule(reason.practice, by)
    reason = _locked(reason)
    if is_used(reason):
        raise VisitReasonInUse
    record("practice.visit_reason_deleted", by=by, on=reason, practice=practice)
    reason.delete()


def is_used(reason: VisitReason) -> bool:
    """Whether anything names it: appointments, hours, instructions, and rows of rooms above, such as rules of
    automatic sending. These would otherwise apply to every reason once theirs is gone."""
    return any(
        relation.related_model._base_manager.filter(**{relation.field.name: reason.pk}).exists()
        for relation in VisitReason._meta.related_objects
    )


def least_used_hue(practice: Practice) -> int:
    used = list(practice.visit_reasons.filter(is_active=True).values_list("hue", flat=True))
    return min(range(1, HUES + 1), key=lambda hue: (used.count(hue), hue))


def _locked(reason: VisitReason) -> VisitReason:
    """Raises VisitReason.DoesNotExist if it was deleted meanwhile."""
    return VisitReason.objects.select_for_update(of=("self",)).select_related("practice").get(pk=reason.pk)


def _set(reason: VisitReason, facts: ReasonFacts) -> list[str]:
    """Set and check; returns the fields that differ, except `agendas`. Raises ValidationError with all faults."""
    new = {
        "name": one_line(facts.name),
        "duration_minutes": facts.duration,
        "books_online": facts.online,
        "in_person": AppointmentKind.IN_PERSON in facts.kinds,
        "video": AppointmentKind.VIDEO in facts.kinds,
        "hue": facts.hue or reason.hue,
    }
    faults: dict[str, str] = {}
    if not new["name"]:
        faults["name"] = _("Écrivez le nom du motif.")
    elif reason.practice.visit_reasons.filter(name__iexact=new["name"]).exclude(pk=reason.pk).exists():
        faults["name"] = _(
            "Un motif du cabinet porte déjà ce nom : choisissez-en un autre, ou proposez-le de nouveau."
        )
    if not SHORTEST <= facts.duration <= LONGEST:
        faults["duration"] = _("Donnez une durée de %(first)d à %(last)d minutes.") % {
            "first": SHORTEST,
            "last": LONGEST,
        }
    if not facts.kinds:
        faults["kinds"] = _("Choisissez au moins un lieu : au cabinet ou en vidéo.")
    if any(one.practice_id != reason.practice_id for one in facts.agendas):
        faults["agendas"] = _("Cet agenda n’est pas de ce cabinet.")
    if faults:
        raise ValidationError(faults)
    fields = [name for name, value in new.items() if getattr(reason, name) != value]
    for name in fields:
        setattr(reason, name, new[name])
    reason.full_clean(exclude=["practice"], validate_unique=False)
    return fields
