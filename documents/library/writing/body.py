"""The body of a written document: HTML with a short list of elements, its merge fields and its blanks.

Cleaned when saved, and read back unchanged. A field is `<span data-field="patient_name">`, a blank
`<span data-blank="…">` (blanks.py), a picture of the library `<img src="/pro/library/<id>/picture/" alt="…">`.
"""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Mapping
from html import escape, unescape

import nh3
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from documents.library.writing import blanks
from documents.library.writing.fields import FIELD_NAMES, LINKED

MAX_CHARACTERS = 200_000
TAGS = {
    *("p", "br", "hr", "h1", "h2", "h3", "strong", "em", "u", "s", "sub", "sup", "blockquote", "a", "span", "img"),
    *("ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES = {
    "a": {"href"},
    "img": {"src", "alt"},
    "span": {"data-field", *blanks.ATTRIBUTES},
    "th": {"colspan", "rowspan"},
    "td": {"colspan", "rowspan"},
    "ol": {"start"},
}
PICTURE = re.compile(r"^/pro/library/([0-9a-f-]{36})/picture/$")
_IMG_SRC = re.compile(r'<img\b[^>]*\bsrc="([^"]*)"')
_NO_PICTURE = re.compile(r"<img(?![^>]*\bsrc=)[^>]*>")
_BRACES = re.compile(r"\{\{\s*([^{}]{0,60}?)\s*\}\}")
_SPAN = re.compile(r'<span data-field="([^"]*)">.*?</span>', re.DOTALL)
_GAP = re.compile(r'<span data-(field|blank)="([^"]*)"[^>]*>.*?</span>', re.DOTALL)
_SPAN_NAME = re.compile(r'<span data-field="([a-z_]+)">')
_TAG = re.compile(r"<[^>]*>")
_ADDRESS = re.compile(r"https://[^\s<>\"']+")


def clean(html: str) -> str:
    """The body as it is stored. `{{ patient_name }}` becomes the field of that name, `{{ ? … }}` a blank.

    Raises ValidationError (attribute `body`): too long, empty, or with an unknown field or an impossible blank.
    """
    if len(html) > MAX_CHARACTERS:
        raise ValidationError(
            {"body": _("Le texte est trop long (plus de 200 000 caractères). Faites-en deux documents.")}
        )
    cleaned = nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        attribute_filter=_attribute,
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel=None,
        strip_comments=True,
    )
    cleaned = blanks.settle(_NO_PICTURE.sub("", cleaned))
    cleaned = _BRACES.sub(lambda match: f'<span data-field="{_name(unescape(match[1]))}"></span>', cleaned)
    cleaned = _SPAN.sub(lambda match: f'<span data-field="{_name(match[1])}"></span>', cleaned)
    if not (_TAG.sub("", cleaned).strip() or _GAP.search(cleaned) or pictures(cleaned)):
        raise ValidationError({"body": _("Le document est vide. Écrivez-en le texte.")})
    return cleaned


def _attribute(tag: str, attribute: str, value: str) -> str | None:
    if tag == "img" and attribute == "src":
        return value if PICTURE.match(value) else None
    if attribute in ("colspan", "rowspan", "start"):
        # A huge span would make the layout take hours.
        return value if value.isdigit() and 1 <= int(value) <= 50 else None
    return value


def _name(asked: str) -> str:
    name = re.sub(r"[.\s]+", "_", asked.strip())
    if name not in FIELD_NAMES:
        raise ValidationError(
            {
                "body": _("Le champ « %(name)s » n’existe pas. Champs possibles : %(names)s.")
                % {"name": asked[:60], "names": ", ".join(sorted(FIELD_NAMES))}
            }
        )
    return name


def field_names(body: str) -> set[str]:
    """The merge fields in a stored body."""
    return set(_SPAN_NAME.findall(body))


def pictures(body: str) -> list[uuid.UUID]:
    """The library documents that a stored body shows as pictures."""
    matches = (PICTURE.match(source) for source in _IMG_SRC.findall(body))
    return [uuid.UUID(match[1]) for match in matches if match]


def fill(body: str, values: Mapping[str, str], answers: Mapping[str, str] | None = None) -> str:
    """Replace the fields by their text, and the blanks by their `answers`, by label; escaped, with line breaks. One
    pass: a field inside a value is never replaced. Without `answers`, a blank shows its label."""

    def text(match: re.Match[str]) -> str:
        gap, name = match[1], unescape(match[2])
        if gap == "blank" and answers is None:
            return f'<span class="blank">{_isolated(escape(name))}</span>'
        given = answers.get(name, "") if gap == "blank" and answers is not None else values[name]
        shown = _isolated(escape(given))
        if gap == "field" and name in LINKED:
            shown = _ADDRESS.sub(lambda address: f'<a href="{address[0]}">{address[0]}</a>', shown)
        return shown.replace("\n", "<br>")

    return _GAP.sub(text, body)


def _isolated(text: str) -> str:
    """Isolate right-to-left text, so that it does not reorder the words and dates around it (Unicode Standard Annex
    9, 2.4)."""
    leftwards = any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in text)
    return f"\u2068{text}\u2069" if leftwards else text
