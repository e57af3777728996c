"""Counts of recent tries, in the database so that a flushed cache loses none."""

from __future__ import annotations

from django.db import models


class RateCount(models.Model):
    """One count that begins with its first try and ends with its window (accounts/counting.py)."""

    key = models.CharField(max_length=64, primary_key=True, help_text="HMAC of what is counted and of whom")
    count = models.PositiveIntegerField()
    ends_at = models.BigIntegerField(db_index=True, help_text="Seconds since the epoch")

    def __str__(self) -> str:
        return f"{self.key[:8]}: {self.count}"
