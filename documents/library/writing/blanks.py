"""Blanks of a written document: what its author leaves to whoever fills it in for one appointment.

Stored as `<span data-blank="Date de reprise" data-kind="date"></span>`, with `data-choices="a|b"` and
`data-optional="1"`. Two blanks with the same label are one: its value is printed in both places.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape, unescape

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

MAX_LABEL = 120  # characters; of a choice, too
MAX_CHOICES = 20
MAX_BLANKS = 40
ATTRIBUTES = frozenset({"data-blank", "data-kind", "data-choices", "data-optional"})
_SPAN = re.compile(r'<span((?:\s+[a-z-]+="[^"]*")+)>(.*?)</span>', re.DOTALL)
_ATTRIBUTE = re.compile(r'([a-z-]+)="([^"]*)"')
_STORED = re.compile(r'<span (data-blank="[^>]*)></span>')
_BRACES = re.compile(r"\{\{\s*\?\s*([^{}]{1,3000}?)\s*\}\}")


class BlankKind(models.TextChoices):
    DATE = "date", gettext_lazy("une date")
    CHOICE = "choice", gettext_lazy("un choix")
    SHORT = "short", gettext_lazy("un texte court")
    LONG = "long", gettext_lazy("un texte long")


@dataclass(frozen=True)
class Blank:
    label: str
    kind: BlankKind
    choices: tuple[str, ...] = ()
    required: bool = True

    def written(self) -> str:
        """The element of a stored body."""
        attributes = {"data-blank": self.label, "data-kind": self.kind.value}
        if self.choices:
            attributes["data-choices"] = "|".join(self.choices)
        if not self.required:
            attributes["data-optional"] = "1"
        return "<span {}></span>".format(" ".join(f'{name}="{escape(text)}"' for name, text in attributes.items()))


def settle(html: str) -> str:
    """Write every blank of cleaned HTML as it is stored, also those in braces: `{{ ? Côté | choice: droit, gauche |
    optional }}`. Raises ValidationError (attribute `body`)."""
    html = _BRACES.sub(lambda match: _from_braces(unescape(match[1])).written(), html)
    html = _SPAN.sub(_settled, html)
    _check_alike(_every(html))
    return html


def blanks_of(body: str) -> list[Blank]:
    """The blanks of a stored body, each once, in the order of the text."""
    return list({blank.label: blank for blank in _every(body)}.values())


def _every(body: str) -> list[Blank]:
    return [_blank(_attributes(match)) for match in _STORED.findall(body)]


def _settled(match: re.Match[str]) -> str:
    attributes = _attributes(match[1])
    if "data-blank" in attributes:
        return _blank(attributes).written()
    field = f' data-field="{escape(attributes["data-field"])}"' if "data-field" in attributes else ""
    return f"<span{field}>{match[2]}</span>"


def _attributes(text: str) -> dict[str, str]:
    return {name: unescape(value) for name, value in _ATTRIBUTE.findall(text)}


def _from_braces(text: str) -> Blank:
    label, *parts = (part.strip() for part in text.split("|"))
    attributes = {"data-blank": label, "data-kind": BlankKind.SHORT.value}
    for part in parts:
        word, _colon, rest = (one.strip() for one in part.partition(":"))
        if word == "optional":
            attributes["data-optional"] = "1"
        elif word == BlankKind.CHOICE:
            attributes |= {"data-kind": word, "data-choices": rest.replace(",", "|")}
        else:
            attributes["data-kind"] = word
    return _blank(attributes)


def _blank(attributes: Mapping[str, str]) -> Blank:
    label = " ".join(attributes["data-blank"].split())
    kind = attributes.get("data-kind", "")
    choices = tuple(dict.fromkeys(filter(None, map(_spaced, attributes.get("data-choices", "").split("|")))))
    if not label:
        raise _refused(_("Un blanc n’a pas de nom. Donnez-en un : il est demandé à qui remplit le document."))
    if len(label) > MAX_LABEL or any(len(choice) > MAX_LABEL for choice in choices):
        raise _refused(
            _("Le nom ou un choix du blanc « %(label)s » dépasse 120 caractères. Raccourcissez-le.")
            % {"label": label[:60]}
        )
    if kind not in BlankKind.values:
        raise _refused(
            _("Le blanc « %(label)s » n’est ni une date, ni un choix, ni un texte (date, choice, short, long).")
            % {"label": label}
        )
    if kind != BlankKind.CHOICE:
        choices = ()
    elif not 2 <= len(choices) <= MAX_CHOICES:
        raise _refused(_("Donnez de 2 à 20 choix au blanc « %(label)s ».") % {"label": label})
    return Blank(label, BlankKind(kind), choices, required="data-optional" not in attributes)


def _spaced(text: str) -> str:
    return " ".join(text.split())


def _check_alike(blanks: list[Blank]) -> None:
    by_label = {blank.label: blank for blank in blanks}
    if len(by_label) > MAX_BLANKS:
        raise _refused(_("Ce document a plus de 40 blancs. Faites-en deux documents."))
    for blank in blanks:
        if by_label[blank.label] != blank:
            raise _refused(
                _("Deux blancs s’appellent « %(label)s » sans demander la même chose. Renommez l’un des deux.")
                % {"label": blank.label}
            )


def _refused(sentence: str) -> ValidationError:
    return ValidationError({"body": sentence})
