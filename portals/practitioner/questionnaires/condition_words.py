"""When a question is asked, as a sentence."""

from __future__ import annotations

from django.utils.translation import gettext as _

from portals.answer_dates import date_words
from portals.practitioner.questionnaires.question_form import NO_ANSWER, OPERATORS, typed_condition
from questionnaires.fhir.items import Condition, Item, Operator, Questions
from questionnaires.fhir.values import is_dated


def condition_sentence(item: Item, questions: Questions) -> str:
    """ "" for what is always asked."""
    if not item.conditions:
        return ""
    between = f" {_('et') if item.every else _('ou')} "
    joined = between.join(_part(one, questions) for one in item.conditions)
    return _("Posée si %(conditions)s") % {"conditions": joined}


def _part(condition: Condition, questions: Questions) -> str:
    words = {str(operator): str(name) for operator, name in OPERATORS}
    asked = questions.by_link_id.get(condition.question)
    question = _("« %(text)s »") % {"text": asked.text if asked else condition.question}
    if condition.operator is Operator.EXISTS:
        return f"{question} {words[Operator.EXISTS if condition.answer else NO_ANSWER]}"
    answer = date_words(condition.answer) if is_dated(condition.answer) else typed_condition(condition, questions)
    answer = _("« %(text)s »") % {"text": answer}
    return f"{question} {words[condition.operator]} {answer}"
