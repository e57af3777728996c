"""Renders one text of an email twice, as plain text and as HTML. Knows no domain."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.template.loader import render_to_string
from django.utils.translation import get_language

from notifications.models import Message
from notifications.outbox import Together, plan_email

LONGEST_SUBJECT = 200  # of Message.subject


class Button(NamedTuple):
    """The only link of the letter: the action that it asks for."""

    label: str
    url: str


class Fact(NamedTuple):
    """A line of the table: “Date”, “jeudi 26 novembre 2026 à 09:30”. The value may have several lines."""

    label: str
    value: str


@dataclass(frozen=True)
class Letter:
    """An email, in the language that is active when it is made and planned.

    `sender`: the display name of From; `reply_to`: an address, "" for none. `small`: the small print at the end.
    `signature`: who writes, one line each. `footer`: the sender's own words below it, one line each. `logo`: the
    address of a picture above the name, in HTML only.
    """

    sender: str
    subject: str
    paragraphs: tuple[str, ...]
    signature: tuple[str, ...]
    facts: tuple[Fact, ...] = ()
    button: Button | None = None
    small: tuple[str, ...] = ()
    reply_to: str = ""
    logo: str = ""
    footer: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        parts = [*self.paragraphs, "\n".join(_line(fact) for fact in self.facts)]
        if self.button:
            parts.append(f"{self.button.label}{_colon()}\n{self.button.url}")
        parts += [*self.small, "\n".join(self.signature), "\n".join(self.footer)]
        return "\n\n".join(part.strip() for part in parts if part.strip()) + "\n"

    @property
    def html(self) -> str:
        return render_to_string("messages/letter.html", {"letter": self, "language": get_language() or "fr"})


def subject_of(what: str, name: str) -> str:
    """“Votre rendez-vous est déplacé – Cabinet des Lilas”, in one line, with the name cut if it is too long."""
    name, room = one_line(name), LONGEST_SUBJECT - len(what) - 3
    return f"{what} – {name if len(name) <= room else name[: room - 1].rstrip() + '…'}"


def one_line(text: str) -> str:
    """The text in one line, for a header, which may not contain a line break or be empty."""
    return " ".join(text.split())


def plan_letter(
    letter: Letter,
    *,
    to: str,
    language: str,
    due_at: datetime | None = None,
    expires_at: datetime | None = None,
    calendar: str = "",
    about: uuid.UUID | None = None,
    topic: str = "",
    kind: str = "",
    practice: uuid.UUID | None = None,
    together: Together | None = None,
) -> Message:
    """Queue a letter; parameters as for plan_email."""
    return plan_email(
        to=to,
        subject=letter.subject,
        body=letter.text,
        html=letter.html,
        sender=letter.sender,
        reply_to=letter.reply_to,
        language=language,
        due_at=due_at,
        expires_at=expires_at,
        calendar=calendar,
        about=about,
        topic=topic,
        kind=kind,
        practice=practice,
        together=together,
    )


def _line(fact: Fact) -> str:
    return f"{fact.label}{_colon()} {', '.join(line.strip() for line in fact.value.splitlines() if line.strip())}"


def _colon() -> str:
    """A colon, with a space before it in French."""
    return "\u00a0:" if (get_language() or "fr").startswith("fr") else ":"
