"""Sentences on how saving other contacts or another identity changed the accesses to a record."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from documents.sharing.accesses import Access, AccessKind
from patients.models import Patient


def effects_of_saving(before: Sequence[Access], after: Sequence[Access]) -> str:
    """Compares the record's accesses before and after: which ended, which wait for proof, which were sent again."""
    to = _("Une invitation part aux nouvelles coordonnées.")
    return " ".join([_("Les coordonnées sont enregistrées."), *_what_became(before, after, invited=to)])


def effects_of_correcting(was: Patient, now: Patient, before: Sequence[Access], after: Sequence[Access]) -> str:
    """The same, after staff corrected names or the birth date."""
    if (was.names, was.birth_date) == (now.names, now.birth_date):
        return _("Rien n’a changé dans l’identité.")
    to = _("Une invitation part à ses coordonnées, pour vérifier la nouvelle date.")
    effects = [
        _("L’identité est corrigée. C’est inscrit dans l’historique."),
        *_what_became(before, after, invited=to),
    ]
    if was.birth_date != now.birth_date and was.is_minor_now() != now.is_minor_now():
        effects.append(
            _("Selon cette date, le patient est mineur : les accès qui en dépendent ont été revus.")
            if now.is_minor_now()
            else _("Selon cette date, le patient est majeur : les accès qui en dépendent ont été revus.")
        )
    return " ".join(effects)


def _what_became(before: Sequence[Access], after: Sequence[Access], *, invited: str) -> list[str]:
    left = {one.id: one for one in after}
    ended = [one for one in before if one.id not in left]
    suspended = [one for one in before if not one.suspended and one.id in left and left[one.id].suspended]
    new = {one.kind for one in after if one.id not in {old.id for old in before}}
    return [
        *_of_accounts(ended, suspended),
        *_of_links(sum(one.kind is AccessKind.LINK for one in ended)),
        *_of_invitations(
            ended=any(one.kind is AccessKind.INVITATION for one in ended),
            sent=AccessKind.INVITATION in new,
            invited=invited,
        ),
    ]


def _of_accounts(ended: Sequence[Access], suspended: Sequence[Access]) -> list[str]:
    sentences = []
    if names := [str(one.account) for one in ended if one.account]:
        sentence = ngettext(
            "%(names)s n’a plus accès à cette fiche.", "%(names)s n’ont plus accès à cette fiche.", len(names)
        )
        sentences.append(sentence % {"names": ", ".join(names)})
    if names := [str(one.account) for one in suspended]:
        sentence = ngettext(
            "%(names)s garde ce qui a été partagé jusqu’ici, et ne verra la suite qu’après avoir vérifié ce que "
            "porte la fiche à présent.",
            "%(names)s gardent ce qui a été partagé jusqu’ici, et ne verront la suite qu’après avoir vérifié ce que "
            "porte la fiche à présent.",
            len(names),
        )
        sentences.append(sentence % {"names": ", ".join(names)})
    return sentences


def _of_links(ended: int) -> list[str]:
    if not ended:
        return []
    sentence = ngettext(
        "Un lien envoyé aux anciennes coordonnées est fermé.",
        "%(count)s liens envoyés aux anciennes coordonnées sont fermés.",
        ended,
    )
    return [sentence % {"count": ended}]


def _of_invitations(*, ended: bool, sent: bool, invited: str) -> list[str]:
    if ended and sent:
        return [_("L’invitation envoyée aux anciennes coordonnées est fermée, une autre part aux nouvelles.")]
    if ended:
        return [_("L’invitation envoyée aux anciennes coordonnées est fermée.")]
    return [invited] if sent else []
