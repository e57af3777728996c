"""The audit trail: who did what to what, when. Append-only: the database refuses to change or delete a line.

Actors, objects and records are opaque UUIDs, so that the trail outlives them. A line has operations and ids, but no
names, titles or contacts; screens look those up while they exist.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, NoReturn

from django.db import models

OPENED = ("document.read", "document.consulted")


class AuditEventQuerySet(models.QuerySet["AuditEvent"]):
    def about(self, record: uuid.UUID) -> AuditEventQuerySet:
        """The history of one record (an appointment), oldest first."""
        return self.filter(record_id=record).order_by("id")

    def during(self, start: datetime, end: datetime) -> AuditEventQuerySet:
        """From `start` until just before `end`, oldest first."""
        return self.filter(at__gte=start, at__lt=end).order_by("at", "id")

    def openings_of(self, document: uuid.UUID) -> AuditEventQuerySet:
        """Every reading of the document: by its recipient, by staff, by anybody with the link."""
        return self.filter(object_id=document, action__in=OPENED)

    def unsealed(self) -> AuditEventQuerySet:
        seal = AuditSeal.objects.filter(event_id=models.OuterRef("pk"))
        return self.filter(~models.Exists(seal))

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
        return f"{self.at.isoformat(timespec='seconds')} {self.action} {self.object_type} {self.object_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("The audit trail is append-only.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("The audit trail is append-only.")


class AuditSeal(models.Model):
    """A line's places in the chain of the installation and in its practice's, assigned once the line is committed
    (audit/chain.py). Append-only like the trail.

    No foreign key: the missing line behind a seal must be detectable.
    """

    position = models.BigIntegerField(primary_key=True)
    event_id = models.BigIntegerField(unique=True)
    digest = models.CharField(max_length=64, help_text="SHA-256 over the digest before and the line, hexadecimal")
    chain = models.UUIDField(
        null=True,
        blank=True,
        help_text="The practice; zeros: none; null: sealed by the previous release, in the one chain alone",
    )
    number = models.BigIntegerField(null=True, blank=True, help_text="Its place in that chain, from 1")
    chain_digest = models.CharField(
        max_length=64,
        blank=True,
        default="",
        db_default="",
        help_text="As digest, over the digest before in that chain",
    )

    class Meta:
        verbose_name = "scellé"
        verbose_name_plural = "scellés"
        constraints = [
            models.CheckConstraint(condition=models.Q(position__gte=1), name="audit_seal_from_one"),
            models.UniqueConstraint(
                fields=["chain", "number"],
                condition=models.Q(chain__isnull=False),
                name="audit_seal_once_in_its_chain",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.position}:{self.digest}"


class DailySeal(models.Model):
    """One digest a day over the newest seal of each chain that grew since the day before (audit/days.py).
    Append-only like the trail."""

    day = models.DateField(primary_key=True, help_text="In UTC")
    position = models.BigIntegerField(unique=True, help_text="Of the newest seal that it covers")
    digest = models.CharField(max_length=64, help_text="audit.days.digest_of_day")

    class Meta:
        verbose_name = "scellé du jour"
        verbose_name_plural = "scellés du jour"

    def __str__(self) -> str:
        return f"{self.day.isoformat()}:{self.digest}"
