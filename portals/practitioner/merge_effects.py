"""What a merge does to accesses, in words, with the next step for staff."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from documents.merging.effects import Change, Effect
from documents.sharing.accesses import AccessKind
from portals.practitioner.access_words import AccessWords, access_words


@dataclass(frozen=True)
class EffectWords:
    access: AccessWords
    happens: str
    next_step: str

    @property
    def key(self) -> str:
        """Which effect staff have read, for the form."""
        return f"{self.access.access.id}"


def effect_words(effects: Iterable[Effect]) -> list[EffectWords]:
    return [_words(one) for one in effects]


def unread(effects: Iterable[EffectWords], read: Collection[str]) -> bool:
    return any(one.key not in read for one in effects)


def _words(effect: Effect) -> EffectWords:
    happens, next_step = _sentences(effect)
    return EffectWords(access_words(effect.access), happens, next_step)


def _sentences(effect: Effect) -> tuple[str, str]:
    if effect.change is Change.SUSPENDED:
        return (
            _("Garde ce que ce compte voyait, et ne voit pas la suite."),
            _(
                "Une invitation part vers les coordonnées de la fiche qui reste : son titulaire ouvre le lien, et "
                "donne le code et la date de naissance demandés."
            ),
        )
    return {
        AccessKind.ACCOUNT: (
            _("Perd cet accès : le même compte est relié autrement à la fiche qui reste."),
            _("Vérifiez ensuite dans « Qui a accès » ce que ce compte voit."),
        ),
        AccessKind.HOLDER: (
            _("Ne voit plus les documents partagés pour un mineur, et n’en reçoit plus à ce titre."),
            _("Si le patient est d’accord, autorisez cette personne depuis la page du rendez-vous."),
        ),
        AccessKind.LINK: (
            _("Ce lien ne s’ouvre plus."),
            _("Si le patient en a encore besoin, renvoyez les documents depuis la page du rendez-vous."),
        ),
        AccessKind.INVITATION: (
            _("Cette invitation ne s’ouvre plus."),
            _(
                "Une nouvelle invitation part si la fiche qui reste a une adresse et un mobile, et qu’aucun compte "
                "ne la voit."
            ),
        ),
    }[effect.access.kind]
