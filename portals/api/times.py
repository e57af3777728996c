"""Times in JSON: read with their offset only, answered in the practice's zone, with the offset it has then."""

from __future__ import annotations

from datetime import datetime
from operator import attrgetter
from typing import Any, TypeVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from portals.api.rows import RowShape

M = TypeVar("M", bound=models.Model)


class Time(serializers.DateTimeField):
    """ISO 8601. What is answered is in the zone that is current: see InPracticeZone."""

    default_error_messages = {
        "no_offset": _(
            "Dites de quel fuseau est cette heure : écrivez-la avec son décalage, par exemple "
            "2026-11-24T09:30:00+01:00."
        ),
        "invalid": _("Écrivez la date et l’heure ainsi : 2026-11-24T09:30:00+01:00."),
        "date": _("Écrivez la date et l’heure ainsi : 2026-11-24T09:30:00+01:00."),
    }

    def enforce_timezone(self, value: datetime) -> datetime:
        """Raises ValidationError for a time without offset: it would be another time elsewhere."""
        if timezone.is_naive(value):
            raise serializers.ValidationError(self.error_messages["no_offset"], code="invalid")
        return super().enforce_timezone(value)

    def to_representation(self, value: datetime | str) -> str:
        at = datetime.fromisoformat(value) if isinstance(value, str) else value
        return timezone.localtime(at, timezone.get_current_timezone()).isoformat()


class InPracticeZone(serializers.BaseSerializer[Any]):
    """Mixed into the shape of what belongs to a practice: its times, and those of what it contains, are in the zone
    of that practice. `practice`: where the object has it."""

    practice_path = "practice"

    def to_representation(self, instance: Any) -> Any:
        zone = attrgetter(self.practice_path)(instance).zone
        if timezone.get_current_timezone() is zone:
            return super().to_representation(instance)
        with timezone.override(zone):
            return super().to_representation(instance)


class ModelShape(RowShape, serializers.ModelSerializer[M]):
    """A model's columns, its times as `Time`."""

    serializer_field_mapping = serializers.ModelSerializer.serializer_field_mapping | {models.DateTimeField: Time}
