"""Edits the rules of automatic sending: administrators only."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from appointments.models import Agenda, VisitReason
from audit.trail import record
from documents.models import AutoSendRule, ConsentForm, LibraryDocument, RuleQuestion
from documents.models.autosend import Moment
from documents.receiving.asking import NotPublished, label_of
from documents.sending.planning import follow_rule
from files.names import composed, composed_lines
from practices.models import Practice
from practices.roles import require_administrator
from questionnaires.catalogue import published
from questionnaires.models import Questionnaire

ONLY_ADMINISTRATORS = gettext_lazy("Seul un administrateur du cabinet écrit les règles d’envoi.")


MAX_QUESTIONS = 10


@dataclass(frozen=True)
class Asks:
    """One thing that a rule asks for. `days_before`: until the end of that day before the appointment; None: no
    limit. `pk`: of a question that the rule has already, whatever its words; None: the one with the same label, or a
    new one. `questionnaire`: to answer; its title is the label then."""

    label: str
    details: str = ""
    days_before: int | None = None
    pk: uuid.UUID | None = None
    questionnaire: Questionnaire | None = None

    @property
    def words(self) -> str:
        """The label as it is stored."""
        return label_of(self.questionnaire.title) if self.questionnaire else composed(self.label)


@dataclass(frozen=True)
class RuleContent:
    """The content of a rule: documents, questions, or both. No reasons: all; no agendas: all."""

    name: str
    documents: Collection[LibraryDocument]
    questions: Sequence[Asks] = ()
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
    rule.name = composed(content.name)
    rule.moment = content.moment
    rule.offset_hours = 0 if content.moment == Moment.BOOKING else content.offset_hours
    rule.by_email, rule.by_sms = "email" in content.channels, "sms" in content.channels
    rule.is_active = content.active
    rule.full_clean(exclude=["practice"])
    rule.save()
    rule.documents.set(content.documents)
    rule.visit_reasons.set(content.visit_reasons)
    rule.agendas.set(content.agendas)
    _write_questions(rule, content.questions)
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


def _write_questions(rule: AutoSendRule, questions: Sequence[Asks]) -> None:
    """Those that the rule asks no more stay, for what they asked."""
    by_pk = {one.pk: one for one in rule.questions.all()}
    for rank, asks in enumerate(questions):
        label = asks.words
        same = (one for one in by_pk.values() if one.removed_at is None and one.label == label)
        question = by_pk.get(asks.pk) if asks.pk else next(same, None)
        if question is None or question.questionnaire != asks.questionnaire:
            question = RuleQuestion(rule=rule)
        question.label, question.details = label, composed_lines(asks.details)
        question.questionnaire = asks.questionnaire
        question.days_before, question.rank, question.removed_at = asks.days_before, rank, None
        question.full_clean(exclude=["rule"])
        question.save()
        by_pk.pop(question.pk, None)
    gone = rule.questions.filter(pk__in=[one.pk for one in by_pk.values() if one.removed_at is None])
    gone.update(removed_at=timezone.now())
    rule.refresh_from_db()  # what was read before with the rule is not true any more


def _check_questions(practice: Practice, content: RuleContent) -> dict[str, str]:
    labels = [one.words for one in content.questions]
    if len(labels) > MAX_QUESTIONS:
        return {"questions": _("Dix demandes au plus par règle. Regroupez-les, ou écrivez une autre règle.")}
    if not all(labels):
        return {"questions": _("Dites en quelques mots quel document vous demandez.")}
    if len(set(labels)) != len(labels):
        return {"questions": _("Deux demandes ont le même libellé : gardez-en une.")}
    asked = {one.questionnaire for one in content.questions if one.questionnaire}
    if asked - set(published(practice)):
        return {"questions": str(NotPublished.words)}
    if content.moment == Moment.AFTER and any(one.days_before is not None for one in content.questions):
        return {
            "questions": _(
                "Cette règle demande après le rendez-vous : une limite avant lui serait passée. Laissez-la vide."
            )
        }
    return {}


def _check_without_blanks(content: RuleContent) -> None:
    """Nobody fills in what a rule sends, or signs it: its link needs no account. Locks the documents: no version with
    blanks is written meanwhile."""
    named = LibraryDocument.objects.select_for_update().filter(pk__in=[one.pk for one in content.documents])
    titles = [one.title for one in named.order_by("pk") if one.current.has_blanks]
    if titles:
        told = _("« %(title)s » a des blancs à remplir : une règle ne peut pas l’envoyer.")
        raise ValidationError({"documents": [told % {"title": title} for title in titles]})
    asking = ConsentForm.objects.filter(document__in=named).order_by("document_id")
    if titles := list(asking.values_list("document__title", flat=True)):
        told = _("« %(title)s » demande une signature, donc un compte : une règle ne peut pas l’envoyer.")
        raise ValidationError({"documents": [told % {"title": title} for title in titles]})


def _check(practice: Practice, content: RuleContent) -> None:
    errors: dict[str, str] = {}
    if not content.documents and not content.questions:
        errors["documents"] = _("Choisissez au moins un document de la bibliothèque, ou demandez quelque chose.")
    errors |= _check_questions(practice, content)
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
