"""Ready examples of our own, in the language of the practice. They are beginnings: the practice makes them its own.

No score of theirs has words: what a sum means is for the practice to say.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from questionnaires.fhir.editing import Choice, Content, blank, with_item
from questionnaires.fhir.items import Condition, Operator
from questionnaires.fhir.values import Json, Kind


@dataclass(frozen=True)
class Example:
    key: str
    name: Promise
    what: Promise
    make: Callable[[], Json]

    def resource(self, language: str) -> Json:
        """A draft in this language."""
        with override(language):
            return self.make()

    def title(self, language: str) -> str:
        with override(language):
            return str(self.name)


class _Pages:
    """Adds sections and their questions to a draft."""

    def __init__(self) -> None:
        self.resource, self.section = blank(), ""

    def page(self, link_id: str, title: str) -> None:
        self.section = ""
        self.ask(link_id, Content(Kind.GROUP, title))
        self.section = link_id

    def ask(self, link_id: str, content: Content) -> None:
        self.resource, _link_id = with_item(self.resource, content, section=self.section, link_id=link_id)

    def yes_then(self, link_id: str, question: str, then: str) -> None:
        """A question, and another one after yes."""
        self.ask(link_id, Content(Kind.BOOLEAN, question, required=True))
        yes = Condition(link_id, Operator.EQUAL, answer=True)
        self.ask(f"{link_id}-which", Content(Kind.TEXT, then, required=True, conditions=(yes,)))


def _choices(*words: str) -> tuple[Choice, ...]:
    return tuple(Choice(each) for each in words)


def _before_the_visit() -> Json:
    pages = _Pages()
    pages.page("visit", _("Votre visite"))
    pages.ask("reason", Content(Kind.TEXT, _("Qu’est-ce qui vous amène ?"), required=True, max_length=1000))
    since = _choices(_("Quelques jours"), _("Quelques semaines"), _("Quelques mois"), _("Plus d’un an"))
    pages.ask("since", Content(Kind.CHOICE, _("Depuis quand ?"), choices=since))
    signs = _choices(_("Fièvre"), _("Douleur"), _("Fatigue"), _("Toux"), _("Perte de poids"))
    pages.ask("signs", Content(Kind.OPEN_CHOICE, _("Avez-vous un de ces signes ?"), repeats=True, choices=signs))
    pages.page("health", _("Votre santé"))
    pages.yes_then("treatments", _("Prenez-vous un traitement ?"), _("Lequel, et à quelle dose ?"))
    pages.yes_then("allergies", _("Avez-vous une allergie ?"), _("À quoi êtes-vous allergique ?"))
    pages.yes_then("operations", _("Avez-vous été opéré ?"), _("De quoi, et en quelle année ?"))
    habits = _choices(_("Non"), _("J’ai arrêté"), _("Oui"))
    pages.ask("tobacco", Content(Kind.CHOICE, _("Fumez-vous ?"), choices=habits))
    pages.page("questions", _("Vos questions"))
    pages.ask("to-ask", Content(Kind.TEXT, _("Que voulez-vous demander pendant la visite ?"), max_length=1000))
    return pages.resource


def _child() -> Json:
    pages = _Pages()
    pages.page("child", _("Votre enfant"))
    reasons = _choices(_("Un suivi"), _("Un vaccin"), _("Un certificat"), _("Il ou elle est malade"))
    pages.ask("reason", Content(Kind.OPEN_CHOICE, _("Pourquoi venez-vous ?"), required=True, choices=reasons))
    pages.ask("weight", Content(Kind.QUANTITY, _("Son dernier poids connu ?"), unit="kg"))
    pages.ask("weighed", Content(Kind.DATE, _("Pesé le ?"), conditions=(Condition("weight", Operator.EXISTS, True),)))
    pages.page("days", _("Ses journées"))
    well = _choices(_("Bien"), _("Plutôt bien"), _("Difficilement"))
    pages.ask("sleep", Content(Kind.CHOICE, _("Comment dort votre enfant ?"), choices=well))
    pages.ask("meals", Content(Kind.CHOICE, _("Comment mange votre enfant ?"), choices=well))
    pages.yes_then("worry", _("Quelque chose vous inquiète-t-il ?"), _("Quoi ?"))
    pages.page("follow-up", _("Son suivi"))
    pages.yes_then("treatments", _("Votre enfant prend-il un traitement ?"), _("Lequel, et à quelle dose ?"))
    pages.yes_then("allergies", _("Votre enfant a-t-il une allergie ?"), _("À quoi votre enfant est-il allergique ?"))
    return pages.resource


def _pain() -> Json:
    pages = _Pages()
    numbers = tuple(Choice(str(number), Decimal(number)) for number in range(11))
    scale = _("0 : aucune douleur. 10 : la plus forte que vous puissiez imaginer.")
    pages.page("pain", _("Votre douleur"))
    pages.ask("where", Content(Kind.TEXT, _("Où avez-vous mal ?"), required=True, max_length=500))
    pages.ask("rest", Content(Kind.CHOICE, _("Au repos ?"), help=scale, required=True, choices=numbers))
    pages.ask("moving", Content(Kind.CHOICE, _("En mouvement ?"), help=scale, required=True, choices=numbers))
    pages.ask("night", Content(Kind.CHOICE, _("La nuit ?"), help=scale, required=True, choices=numbers))
    pages.page("life", _("Vos journées"))
    troubled = _choices(_("Marcher"), _("Porter"), _("Dormir"), _("Travailler"), _("Faire du sport"))
    pages.ask("troubled", Content(Kind.OPEN_CHOICE, _("Qu’est-ce qui vous gêne ?"), repeats=True, choices=troubled))
    pages.ask("aim", Content(Kind.TEXT, _("Que voulez-vous pouvoir refaire ?"), max_length=1000))
    return pages.resource


EXAMPLES = {
    one.key: one
    for one in (
        Example(
            "before-the-visit",
            gettext_lazy("Avant la consultation"),
            gettext_lazy("Médecine générale : le motif, les traitements, les allergies."),
            _before_the_visit,
        ),
        Example(
            "child",
            gettext_lazy("Avant la consultation d’un enfant"),
            gettext_lazy("Pédiatrie : le motif, le poids, le sommeil, les repas."),
            _child,
        ),
        Example(
            "pain",
            gettext_lazy("Douleur et gêne"),
            gettext_lazy("Kinésithérapie : la douleur de 0 à 10 à trois moments, additionnée, et ce qui gêne."),
            _pain,
        ),
    )
}
