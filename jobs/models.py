"""Heartbeats of the parts of the installation."""

from __future__ import annotations

from django.db import models


class Heartbeat(models.Model):
    """When a part of the installation last showed that it works (jobs/heartbeat.py)."""

    part = models.CharField(max_length=20, primary_key=True)
    at = models.DateTimeField()

    class Meta:
        db_table = "notifications_heartbeat"

    def __str__(self) -> str:
        return f"{self.part} {self.at:%Y-%m-%dT%H:%M:%S}"
