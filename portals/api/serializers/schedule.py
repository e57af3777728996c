"""Shapes of closings, public holidays and opening hours."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from datetime import time
from typing import Any, Self

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from appointments.closings import booked_inside_each
from appointments.models import Closing, OpeningHours
from appointments.models.opening import MIDNIGHT, hour_of_end
from appointments.public_holidays import Holiday
from portals.api.times import InPracticeZone, ModelShape, Time

HOUR = re.compile(r"(?a:([01]\d|2[0-3]):([0-5]\d))")
HOUR_PATTERN = "^([01][0-9]|2[0-3]):[0-5][0-9]$"
END_PATTERN = "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"


@extend_schema_field({"type": "string", "pattern": HOUR_PATTERN, "example": "09:00"})
class HourField(serializers.Field[time, Any, str, Any]):
    """A time of the day on the clock of the practice: 09:00."""

    default_error_messages = {"invalid": _("Écrivez une heure ainsi : 09:30.")}

    def to_internal_value(self, value: Any) -> time:
        match = HOUR.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            self.fail("invalid")
        return time(int(match[1]), int(match[2]))

    def to_representation(self, value: time) -> str:
        return f"{value:%H:%M}"


@extend_schema_field({"type": "string", "pattern": END_PATTERN, "example": "12:30"})
class EndField(HourField):
    """The same; 24:00 is the end of the day."""

    default_error_messages = {"invalid": _("Écrivez une heure ainsi : 12:30, ou 24:00 pour la fin du jour.")}

    def to_internal_value(self, value: Any) -> time:
        return MIDNIGHT if value == "24:00" else super().to_internal_value(value)

    def to_representation(self, value: time) -> str:
        return hour_of_end(value)


class HoursIn(serializers.Serializer[Any]):
    weekday = serializers.IntegerField(min_value=1, max_value=7, help_text="1 is Monday, as in ISO 8601")
    start = HourField()
    end = EndField()
    visit_reasons = serializers.ListField(child=serializers.UUIDField(), required=False, default=list, max_length=100)


class HoursOut(serializers.ModelSerializer[OpeningHours]):
    weekday = serializers.SerializerMethodField()
    start = HourField(source="opens_at")
    end = EndField(source="closes_at")
    visit_reasons: Any = serializers.PrimaryKeyRelatedField(many=True, read_only=True)

    class Meta:
        model = OpeningHours
        fields = ["weekday", "start", "end", "visit_reasons"]

    @extend_schema_field(serializers.IntegerField)
    def get_weekday(self, hours: OpeningHours) -> int:
        return hours.weekday + 1


class WeekIn(serializers.Serializer[Any]):
    hours = HoursIn(many=True)


class WeekOut(serializers.Serializer[Any]):
    hours = HoursOut(many=True)


class ClosingIn(serializers.Serializer[Any]):
    start = Time()
    end = Time()
    agendas = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        default=list,
        max_length=200,
        help_text="None: the whole practice",
    )
    reason = serializers.CharField(max_length=200)


class ClosingOut(InPracticeZone, ModelShape[Closing]):
    start = Time(source="starts_at")
    end = Time(source="ends_at")
    agendas: Any = serializers.PrimaryKeyRelatedField(many=True, read_only=True)
    appointments = serializers.SerializerMethodField(help_text="Those that stand inside")

    class Meta:
        model = Closing
        fields = ["id", "start", "end", "agendas", "whole_practice", "reason", "appointments"]

    @extend_schema_field(serializers.ListField(child=serializers.UUIDField()))
    def get_appointments(self, closing: Closing) -> list[str]:
        inside: dict[uuid.UUID, list[uuid.UUID]] = self.context.get("inside", {})
        return [str(pk) for pk in inside.get(closing.pk, [])]

    @classmethod
    def of(cls, closings: Sequence[Closing], **shape: Any) -> Self:
        """Who stands inside is asked once for all of them."""
        return cls(closings, context={"inside": booked_inside_each(closings)}, **shape)


class HolidayOut(serializers.Serializer[Any]):
    date = serializers.DateField(source="day")
    name = serializers.CharField()
    start = serializers.SerializerMethodField()
    end = serializers.SerializerMethodField()
    closed = serializers.BooleanField(source="is_closed", help_text="A closing of the whole practice covers it")

    @extend_schema_field(serializers.DateTimeField)
    def get_start(self, holiday: Holiday) -> str:
        return holiday.starts_at.isoformat()

    @extend_schema_field(serializers.DateTimeField)
    def get_end(self, holiday: Holiday) -> str:
        return holiday.ends_at.isoformat()
