"""Letters that the site itself writes about somebody's account, in the language that is active."""

from __future__ import annotations

from collections.abc import Iterable
from email.utils import parseaddr
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from notifications.letters import Button, Fact, Letter, one_line, subject_of


def from_site(
    *,
    about: str,
    paragraphs: Iterable[str],
    facts: Iterable[Fact] = (),
    button: Button | None = None,
    small: Iterable[str] = (),
) -> Letter:
    """A letter by the site, about an account of no practice or of several."""
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
