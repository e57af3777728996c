"""Practices as strangers see them: which have a page, and which a search finds."""

from __future__ import annotations

import uuid

from django.db.models import Q, QuerySet

from appointments.models import Agenda
from appointments.specialties import asked_by
from patients.names import search_words
from practices.models import Practice

KEY_LENGTH = 12  # hexadecimal digits of the id: 48 bits, so that two practices never share them
# Not asked for: they stand in most addresses and in no name.
FILLERS = frozenset(
    ["a", "au", "aux", "chez", "d", "de", "des", "du", "en", "et", "l", "la", "le", "les", "pour", "pres", "sur",
     "in", "near", "of", "the"]
)  # fmt: skip


def listed() -> QuerySet[Practice]:
    """What search and search engines find, in order of name: not a practice that the operator suspended."""
    return Practice.objects.filter(is_listed=True, suspended_at=None).order_by("name", "pk")


def with_a_page() -> QuerySet[Practice]:
    """Those listed, and those where patients book, listed or not. None that is suspended."""
    return Practice.objects.filter(
        Q(is_listed=True) | Q(pk__in=Agenda.objects.open_online().values("practice")), suspended_at=None
    )


def find_practices(asked: str) -> QuerySet[Practice]:
    """Listed practices of which name, address, a named agenda or a specialty has every word, or begins so; all of
    them if nothing is asked. Ignores accents, case, hyphens and the order of words. Raises
    patients.names.SearchTooLong."""
    words = search_words(asked)
    if not words:
        return listed() if not asked.strip() else listed().none()
    practices = listed()
    shown = Agenda.objects.named_to_public()
    for word in [one for one in words if one not in FILLERS] or words:
        match = Q(find_text__contains=f" {word}") | Q(
            pk__in=shown.filter(find_text__contains=f" {word}").values("practice")
        )
        if specialties := asked_by(word):
            match |= Q(pk__in=shown.filter(specialty__in=specialties).values("practice"))
        practices = practices.filter(match)
    return practices


def page_key(practice: Practice) -> str:
    """The end of the address of its page. It never changes, whatever the practice is called."""
    return practice.pk.hex[:KEY_LENGTH]


def practice_of_key(key: str) -> Practice | None:
    """The practice with a page whose id begins with this key."""
    rest = 32 - KEY_LENGTH
    try:
        first, last = (uuid.UUID(hex=key + digit * rest) for digit in "0f")
    except ValueError:
        return None
    return with_a_page().filter(pk__range=(first, last)).first()
