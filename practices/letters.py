"""Letters sent in a practice's name, in the active language."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.urls import reverse
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
    """A letter signed with the practice's telephone, with its logo and its footer; replies go to the practice.
    `about`: the subject, to which the practice's name is added."""
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
        logo=logo_in_messages(practice),
        footer=tuple(practice.message_footer.splitlines()),
    )


def logo_in_messages(practice: Practice) -> str:
    """The public address of the logo; "" without one. A practice with a discreet name shows none: the logo often
    spells the name that it hides."""
    if not practice.logo_version or practice.discreet_name:
        return ""
    return f"{settings.PUBLIC_URL}{reverse('practice-logo', args=[practice.pk])}?v={practice.logo_version}"


def call(practice: Practice) -> str:
    """“Tél. 01 40 00 00 00”; "" if it has no telephone."""
    telephone = telephone_by_pairs(practice.telephone)
    return _("Tél. %(telephone)s") % {"telephone": telephone} if telephone else ""
