"""Who writes a letter: a practice, or the site itself about somebody's account. In the language that is active."""

from __future__ import annotations

from collections.abc import Iterable
from email.utils import parseaddr
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.models import Practice
from notifications.letters import Button, Fact, Letter, one_line, subject_of
from notifications.wording import telephone_by_pairs


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


def from_site(
    *,
    about: str,
    paragraphs: Iterable[str],
    facts: Iterable[Fact] = (),
    button: Button | None = None,
    small: Iterable[str] = (),
) -> Letter:
    """Of an account here: of no practice, or of several."""
    host = site_host()
    return Letter(
        sender=site_name(),
        subject=subject_of(about, site_name()),
        paragraphs=tuple(paragraphs),
        facts=tuple(facts),
        button=button,
        small=(*small, _("Ne répondez pas à ce message : personne ne lit les réponses.")),
        signature=(site_name(), host),
    )


def site_name() -> str:
    """The display name of DEFAULT_FROM_EMAIL."""
    return one_line(parseaddr(settings.DEFAULT_FROM_EMAIL)[0]) or "docshare"


def site_host() -> str:
    return str(urlsplit(settings.PUBLIC_URL).netloc)
