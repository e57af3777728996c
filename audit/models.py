"""Who did what to what, when. Append-only: the database itself refuses to change or delete a line.

Knows no domain: actors, objects and records are opaque UUIDs, so that the trail outlives what it speaks of.
No names, titles or contacts: a line tells operations and ids; screens look the rest up while it still exists.
"""

from __future__ import annotations

import uuid
from typing import Any, NoReturn

from django.db import models


class AuditEventQuerySet(models.QuerySet["AuditEvent"]):
    def about(self, record: uuid.UUID) -> AuditEventQuerySet:
        """The history of one record (an appointment), oldest first."""
        return self.filter(record_id=record).order_by("id")

    def update(self, **kwargs: Any) -> NoReturn:
        raise TypeError("The audit trail is append-only.")

    def delete(self) -> NoReturn:
        raise TypeError("The audit trail is append-only.")


class AuditEvent(models.Model):
    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(db_index=True)
    practice_id = models.UUIDField(null=True, blank=True)
    actor_id = models.UUIDField(
        null=True, blank=True, help_text="The user; null: the system, or somebody without an account"
    )
    action = models.CharField(max_length=60)
    object_type = models.CharField(max_length=40)
    object_id = models.UUIDField(db_index=True)
    record_id = models.UUIDField(null=True, blank=True, help_text="The appointment whose history this belongs to")
    detail = models.JSONField(default=dict)

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        verbose_name = "événement"
        verbose_name_plural = "événements"
        indexes = [
            models.Index(fields=["record_id", "id"]),
            models.Index(fields=["practice_id", "id"]),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.action} {self.object_type} {self.object_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("The audit trail is append-only.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("The audit trail is append-only.")
