"""The practice of a row, as a column of its own: indexes begin with it, so one practice's rows are found without
reading another's (docs/decisions/0063)."""

from __future__ import annotations

from django.db.models import DO_NOTHING, ForeignKey

from practices.models import Practice


def practice_column() -> ForeignKey[Practice | None, Practice | None]:
    """A copy of the parent's practice, for models whose parent names it already.

    Null in rows of the previous release, until personal_data/growth.py fills them. No constraint: the
    parent has one, and checking another would lock the practice's row at each insert. Rows go with their parent.
    """
    return ForeignKey(
        Practice,
        on_delete=DO_NOTHING,
        null=True,
        blank=True,
        db_constraint=False,
        db_index=False,
        related_name="+",
        help_text="Its parent's; null: written by the previous release",
    )
