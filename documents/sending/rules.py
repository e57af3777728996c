"""Edits the rules of automatic sending: administrators only."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from appointments.models import Agenda, VisitReason
from audit.trail import record
from documents.models import AutoSendRule, LibraryDocument, RuleQuestion
from documents.models.autosend import Moment
from documents.models.library import LibraryDocumentQuerySet
from documents.receiving.asking import NotPublished, label_of
from documents.sending.planning import follow_rule
from files.names import composed, composed_lines
from practices.models import Practice
from practices.roles import require_administrator
from questionnaires.catalogue import published
from questionnaires.models import Questionnaire

ONLY_ADMINISTRATORS = gettext_lazy("Seul un administrateur du cabinet écrit les règles d’envoi.")


MAX_QUESTIONS = 10
HAS_BLANKS, ASKS_SIGNATURE = Q(has_blanks=True), Q(asks_signature=True)  # of documents, with_newest


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
class QuestionFault:
    """What is wrong with one question. `number`: its place, from 0; `part`: the name in Asks."""

    number: int
    part: str
    words: str


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
    _check_sent_by_rules(content)
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


def question_faults(practice: Practice, questions: Sequence[Asks], moment: Moment | None) -> Iterator[QuestionFault]:
    """What is wrong with the questions of a rule. `moment`: None if it is not known yet."""
    offered = set(published(practice))
    labels: set[str] = set()
    for number, asks in enumerate(questions):
        if number >= MAX_QUESTIONS:
            told = _("Dix demandes au plus par règle. Regroupez-les, ou écrivez une autre règle.")
            yield QuestionFault(number, "label", told)
            return
        part = "label" if asks.questionnaire is None else "questionnaire"
        if not asks.words:
            yield QuestionFault(number, part, _("Dites en quelques mots quel document vous demandez."))
        elif asks.words in labels:
            yield QuestionFault(number, part, _("Deux demandes ont le même libellé : gardez-en une."))
        elif asks.questionnaire is not None and asks.questionnaire not in offered:
            yield QuestionFault(number, part, str(NotPublished.words))
        labels.add(asks.words)
        if moment == Moment.AFTER and asks.days_before is not None:
            told = _(
                "Cette règle demande après le rendez-vous : une limite avant lui serait passée. Laissez-la vide."
            )
            yield QuestionFault(number, "days_before", told)


def sent_by_rules(documents: LibraryDocumentQuerySet) -> LibraryDocumentQuerySet:
    """Nobody fills in what a rule sends, or signs it: its link needs no account."""
    return documents.with_newest().exclude(HAS_BLANKS | ASKS_SIGNATURE)


def not_sent_by_rules(documents: LibraryDocumentQuerySet) -> LibraryDocumentQuerySet:
    """The others, with `has_blanks` and `asks_signature`, which say why."""
    return documents.with_newest().filter(HAS_BLANKS | ASKS_SIGNATURE)


def _check_sent_by_rules(content: RuleContent) -> None:
    """Locks the documents: no version with blanks is written meanwhile."""
    chosen = LibraryDocument.objects.filter(pk__in=[one.pk for one in content.documents])
    list(chosen.select_for_update().order_by("pk").values_list("pk"))
    blanks = _("« %(title)s » a des blancs à remplir : une règle ne peut pas l’envoyer.")
    signed = _("« %(title)s » demande une signature, donc un compte : une règle ne peut pas l’envoyer.")
    refused = [
        words % {"title": title}
        for words, why in ((blanks, HAS_BLANKS), (signed, ASKS_SIGNATURE))
        for title in chosen.with_newest().filter(why).order_by("title", "pk").values_list("title", flat=True)
    ]
    if refused:
        raise ValidationError({"documents": refused})


def _check(practice: Practice, content: RuleContent) -> None:
    errors: dict[str, str | list[str]] = {}
    if not content.documents and not content.questions:
        errors["documents"] = _("Choisissez au moins un document de la bibliothèque, ou demandez quelque chose.")
    if faults := [one.words for one in question_faults(practice, content.questions, content.moment)]:
        errors["questions"] = list(dict.fromkeys(faults))
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
