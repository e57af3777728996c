"""Letters that a practice writes, in the language that is active."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from notifications.letters import Button, Fact, Letter, one_line, subject_of
from notifications.wording import telephone_by_pairs
from practices.models import Practice


def from_practice(
    practice: Practice,
    *,
    about: str,
    paragraphs: Iterable[str],
    facts: Iterable[Fact] = (),
    button: Button | None = None,
    small: Iterable[str] = (),
) -> Letter:
    """Signed with its telephone; answers go to it. `about`: the subject, which the practice's name follows."""
    name = one_line(practice.name_in_messages)
    telephone = call(practice)
    reach = [*small]
    if not practice.reply_address:
        reach.append(_("Ne répondez pas à ce message : personne ne lit les réponses."))
    return Letter(
        sender=name,
        subject=subject_of(about, name),
        paragraphs=tuple(paragraphs),
        facts=tuple(fact for fact in facts if fact.value),
        button=button,
        small=tuple(reach),
        signature=(name, telephone) if telephone else (name,),
        reply_to=practice.reply_address,
    )


def call(practice: Practice) -> str:
    """“Tél. 01 40 00 00 00”; "" where it has none."""
    telephone = telephone_by_pairs(practice.telephone)
    return _("Tél. %(telephone)s") % {"telephone": telephone} if telephone else ""
