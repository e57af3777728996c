"""What a practice still lacks before anything can be booked in it."""

from __future__ import annotations

from practices.models import Practice


def missing_to_book(practice: Practice) -> str:
    """ "agenda" or "reason" while the practice has none that is open; "" if it has both."""
    if not practice.agendas.filter(is_active=True).exists():
        return "agenda"
    return "" if practice.visit_reasons.filter(is_active=True).exists() else "reason"
