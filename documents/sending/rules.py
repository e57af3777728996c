"""Edits the rules of automatic sending: administrators only."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from appointments.models import Agenda, VisitReason
from audit.trail import record
from documents.models import AutoSendRule, LibraryDocument
from documents.models.autosend import Moment
from documents.sending.planning import follow_rule
from practices.models import Practice
from practices.roles import require_administrator

ONLY_ADMINISTRATORS = gettext_lazy("Seul un administrateur du cabinet écrit les règles d’envoi.")


@dataclass(frozen=True)
class RuleContent:
    """The content of a rule. No reasons: all; no agendas: all."""

    name: str
    documents: Collection[LibraryDocument]
    visit_reasons: Collection[VisitReason] = ()
    agendas: Collection[Agenda] = ()
    moment: Moment = Moment.BOOKING
    offset_hours: int = 0
    channels: Collection[str] = ("email", "sms")
    active: bool = True


@transaction.atomic
def save_rule(
    *,
    practice: Practice,
    content: RuleContent,
    by: User,
    rule: AutoSendRule | None = None,
    pk: uuid.UUID | None = None,
    to_booked: bool | None = None,
) -> AutoSendRule:
    """Create or change a rule; planned sendings follow (`to_booked` as in planning.follow_rule).

    Raises NotAllowed, ValidationError.
    """
    require_administrator(by, practice, ONLY_ADMINISTRATORS)
    _check(practice, content)
    _check_without_blanks(content)
    made = rule is None
    rule = rule or AutoSendRule(id=pk or uuid.uuid4(), practice=practice)
    rule.name = content.name.strip()
    rule.moment = content.moment
    rule.offset_hours = 0 if content.moment == Moment.BOOKING else content.offset_hours
    rule.by_email, rule.by_sms = "email" in content.channels, "sms" in content.channels
    rule.is_active = content.active
    rule.full_clean(exclude=["practice"])
    rule.save()
    rule.documents.set(content.documents)
    rule.visit_reasons.set(content.visit_reasons)
    rule.agendas.set(content.agendas)
    record("rule.created" if made else "rule.changed", by=by, on=rule, practice=practice)
    follow_rule(rule, to_booked=to_booked)
    return rule


@transaction.atomic
def switch_rule(*, rule: AutoSendRule, active: bool, by: User) -> None:
    """Off: cancel its planned sendings. On: plan future sendings, none at once.

    Raises NotAllowed.
    """
    require_administrator(by, rule.practice, ONLY_ADMINISTRATORS)
    rule.is_active = active
    rule.save(update_fields=["is_active"])
    record("rule.changed", by=by, on=rule, practice=rule.practice_id, detail={"active": active})
    follow_rule(rule, to_booked=False)


@transaction.atomic
def delete_rule(*, rule: AutoSendRule, by: User) -> None:
    """Cancel its planned sendings; sent documents stay. Deleting twice changes nothing."""
    require_administrator(by, rule.practice, ONLY_ADMINISTRATORS)
    if AutoSendRule.objects.kept().filter(pk=rule.pk).update(deleted_at=timezone.now(), is_active=False):
        rule.refresh_from_db()
        record("rule.deleted", by=by, on=rule, practice=rule.practice_id)
        follow_rule(rule)


def _check_without_blanks(content: RuleContent) -> None:
    """Nobody fills in what a rule sends. Locks the documents: no version with blanks is written meanwhile."""
    named = LibraryDocument.objects.select_for_update().filter(pk__in=[one.pk for one in content.documents])
    titles = [one.title for one in named.order_by("pk") if one.current.has_blanks]
    if titles:
        told = _("« %(title)s » a des blancs à remplir : une règle ne peut pas l’envoyer.")
        raise ValidationError({"documents": [told % {"title": title} for title in titles]})


def _check(practice: Practice, content: RuleContent) -> None:
    errors: dict[str, str] = {}
    if not content.documents:
        errors["documents"] = _("Choisissez au moins un document de la bibliothèque.")
    if not set(content.channels) & {"email", "sms"} or set(content.channels) - {"email", "sms"}:
        errors["channels"] = _("Choisissez l’e-mail, le SMS, ou les deux.")
    for name, chosen in (
        ("documents", content.documents),
        ("visit_reasons", content.visit_reasons),
        ("agendas", content.agendas),
    ):
        if any(one.practice_id != practice.pk for one in chosen):
            errors[name] = _("Ce choix n’est pas de ce cabinet.")
    if errors:
        raise ValidationError(errors)
