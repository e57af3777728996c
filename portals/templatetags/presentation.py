"""How every page shows sizes, telephone numbers, contacts and dates."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from pathlib import Path

from django import template
from django.conf import settings
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from notifications import wording
from notifications.wording import long_day, masked_email, masked_mobile, shown, telephone_by_pairs
from portals.alike_rows import Mark
from portals.device_words import device_words
from portals.verification_words import level_words

register = template.Library()
NBSP = "\u00a0"


@register.simple_tag
@lru_cache(maxsize=200)
def icon(name: str) -> SafeString:
    """An icon of Bootstrap Icons, inline; it stands beside a word, so screen readers skip it."""
    if not name.replace("-", "").isalnum():
        raise ValueError(f"No icon is called {name!r}.")
    svg = (Path(settings.ICONS_DIR) / f"{name}.svg").read_text()
    body = mark_safe(svg[svg.index(">") + 1 : svg.rindex("</svg>")])  # noqa: S308  # from our own node_modules
    return format_html('<svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">{}</svg>', body)


@register.simple_tag
def colon() -> str:
    """A colon between two parts of a page: French wants a no-break space before it."""
    return f"{NBSP}: " if (get_language() or "fr").startswith("fr") else ": "


@register.simple_tag
def accessibility_words() -> str:
    """The mention that the footer of every page carries (decree 2019-768, article 5)."""
    return {
        "full": _("Accessibilité : totalement conforme"),
        "partial": _("Accessibilité : partiellement conforme"),
        "none": _("Accessibilité : non conforme"),
    }[settings.ACCESSIBILITY]


@register.filter
def bytes_size(size: int) -> str:
    """1,8 Mo; 240 Ko (in French), 1.8 MB (in English); Go from a thousand Mo."""
    units = ("o", "Ko", "Mo", "Go") if (get_language() or "fr").startswith("fr") else ("B", "KB", "MB", "GB")
    if size < 1000:
        return f"{size}{NBSP}{units[0]}"
    if size < 999_500:
        return f"{round(size / 1000)}{NBSP}{units[1]}"
    if size < 999_500_000:
        return f"{number_format(size / 1_000_000, decimal_pos=1)}{NBSP}{units[2]}"
    return f"{number_format(size / 1_000_000_000, decimal_pos=1)}{NBSP}{units[3]}"


@register.filter
def delay(hours: int) -> str:
    """3 jours; 36 heures."""
    if hours and hours % 24 == 0:
        return ngettext("%(count)s jour", "%(count)s jours", hours // 24) % {"count": hours // 24}
    return ngettext("%(count)s heure", "%(count)s heures", hours) % {"count": hours}


@register.filter
def telephone(number: str | None) -> str:
    """French numbers in pairs: 06 12 34 56 78; others in international format."""
    return telephone_by_pairs(number)


register.filter(masked_mobile)
register.filter(masked_email)


@register.filter
def day(value: date | datetime) -> str:
    """mardi 24 novembre 2026."""
    return long_day(_local(value), weekday=True)


@register.filter
def day_of_week(value: date) -> str:
    """mardi 24, mardi 1er (Tuesday 24): above a column of a week."""
    french = (get_language() or "fr").startswith("fr")
    return f"{date_format(value, 'l')} {'1er' if french and value.day == 1 else value.day}"


@register.filter
def short_day(value: date | datetime) -> str:
    """24 novembre 2026."""
    return long_day(_local(value))


@register.filter
def moment(value: datetime | Mark) -> str:
    """24 novembre 2026 à 09:14."""
    return value if isinstance(value, Mark) else wording.moment(value)


@register.simple_tag
def span(start: datetime, end: datetime) -> str:
    """24 novembre 2026, toute la journée; du 24 novembre 2026 au 2 décembre 2026 inclus."""
    return wording.span(start, end)


@register.filter
def moment_anywhere(value: datetime) -> str:
    """24 novembre 2026 à 09:14 (UTC+1)."""
    return wording.moment_anywhere(value)


def _local(value: date | datetime) -> date:
    return shown(value) if isinstance(value, datetime) else value


@register.filter
def of(name: object) -> str:
    """de Marie, d’Émile."""
    return wording.of(name)


@register.filter
def kind_of_file(media_type: str) -> str:
    """PDF, JPEG, PNG…"""
    return media_type.rsplit("/", 1)[-1].upper()


@register.filter
def signature_level(level: str) -> str:
    """The meaning of a PAdES level, in a sentence."""
    return level_words(level)


@register.filter
def device(user_agent: str) -> str:
    """Chrome sur Android."""
    return device_words(user_agent)
