"""Parses the limits on SMS, and the allowed countries unless a practice has its own (ISO 3166, two letters).

The territories of France have calling codes of their own: +262, +508, +590, +594, +596, +681, +687, +689.
"""

from __future__ import annotations

from django.core.exceptions import ImproperlyConfigured

from docshare.environment import Environment

FRANCE = ("FR", "BL", "GF", "GP", "MF", "MQ", "NC", "PF", "PM", "RE", "WF", "YT")
EUROPEAN_UNION = (
    *("AT", "AX", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "GR", "HR", "HU", "IE", "IT", "LT", "LU"),
    *("LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"),  # AX: Åland, of Finland
)
DEFAULT_COUNTRIES = (*FRANCE, *EUROPEAN_UNION, "CH", "MC", "GB")


def hour_and_day(env: Environment, name: str, default: tuple[int, int]) -> tuple[int, int]:
    """Parse two whole numbers separated by a comma: SMS in an hour and in a day. Raises ImproperlyConfigured."""
    written = env.list(name, str, [str(number) for number in default])
    numbers = [int(each) for each in written if each.strip().isdecimal()]
    if len(written) != 2 or len(numbers) != 2 or not 0 < numbers[0] <= numbers[1]:
        raise ImproperlyConfigured(
            f"{name} is {','.join(written)}. Set {name} to two numbers, of SMS in an hour and in a day: "
            f"{default[0]},{default[1]}."
        )
    return numbers[0], numbers[1]


def countries(env: Environment, name: str) -> list[str]:
    """Raises ImproperlyConfigured."""
    written = [each.strip().upper() for each in env.list(name, str, list(DEFAULT_COUNTRIES))]
    if not written or any(len(each) != 2 or not each.isalpha() for each in written):
        raise ImproperlyConfigured(f"{name} is {','.join(written)}. Set {name} to country codes: FR,BE,CH.")
    return list(dict.fromkeys(written))
