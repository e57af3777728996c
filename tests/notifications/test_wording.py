"""Times as people read them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.utils import timezone, translation

from notifications.wording import span


@pytest.mark.parametrize(
    ("start", "end", "french", "english"),
    [
        ((24, 0), (25, 0), "24 novembre 2026, toute la journée", "24 November 2026, all day"),
        ((24, 0), (27, 0), "du 24 novembre 2026 au 26 novembre 2026 inclus", "24 November 2026 to 26 November 2026"),
        ((24, 14), (25, 0), "24 novembre 2026, 14:00–24:00", "24 November 2026, 14:00–24:00"),
        ((24, 9), (24, 12), "24 novembre 2026, 09:00–12:00", "24 November 2026, 09:00–12:00"),
        ((24, 14), (26, 9), "du 24 novembre 2026, 14:00 au 26 novembre 2026, 09:00", "24 November 2026, 14:00"),
    ],
)
def test_a_span_that_ends_at_midnight_names_its_last_day(
    start: tuple[int, int], end: tuple[int, int], french: str, english: str
) -> None:
    moments = [datetime(2026, 11, day, hour, tzinfo=UTC) for day, hour in (start, end)]
    with timezone.override(UTC), translation.override("fr"):
        assert span(*moments) == french
    with timezone.override(UTC), translation.override("en"):
        assert span(*moments).startswith(english) or english in span(*moments)
