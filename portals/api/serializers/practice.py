"""Shapes of a practice, its agendas and its visit reasons."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from appointments.models import Agenda, AppointmentKind, VisitReason
from appointments.visit_reasons import LONGEST, SHORTEST
from portals.api.times import ModelShape
from practices.identity import LONGEST_ADDRESS
from practices.models import Practice


class PracticeOut(ModelShape[Practice]):
    class Meta:
        model = Practice
        fields = ["id", "name", "address", "telephone", "email", "time_zone", "language", "takes_unasked"]


class PracticeIn(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=200, required=False)
    address = serializers.CharField(max_length=LONGEST_ADDRESS, required=False, allow_blank=True)
    telephone = serializers.CharField(
        max_length=40, required=False, allow_blank=True, help_text="E.164, or as it is dialled at the practice"
    )
    email = serializers.CharField(max_length=254, required=False, allow_blank=True)
    time_zone = serializers.CharField(max_length=50, required=False, help_text="A name of the IANA: Europe/Paris")
    language = serializers.ChoiceField(choices=[code for code, _name in settings.LANGUAGES], required=False)
    takes_unasked = serializers.BooleanField(
        required=False, help_text="Whether patients may send files that nobody asked for"
    )


class AgendaOut(ModelShape[Agenda]):
    online = serializers.BooleanField(source="books_online", help_text="Whether patients book there")
    active = serializers.BooleanField(source="is_active", help_text="False: closed")

    class Meta:
        model = Agenda
        fields = ["id", "name", "practitioner", "online", "video_url", "active", "practice"]


class AgendaIn(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=100)
    practitioner = serializers.UUIDField(
        required=False, allow_null=True, help_text="The account of a practitioner of the practice; null for none"
    )
    online = serializers.BooleanField(required=False, help_text="True by default")
    video_url = serializers.CharField(max_length=500, required=False, allow_blank=True)


class AgendaChangeIn(AgendaIn):
    active = serializers.BooleanField(required=False, help_text="True reopens a closed agenda, false closes it")


class VisitReasonOut(ModelShape[VisitReason]):
    agendas: Any = serializers.PrimaryKeyRelatedField(many=True, read_only=True)
    duration = serializers.IntegerField(source="duration_minutes", help_text="Minutes")
    online = serializers.BooleanField(source="books_online", help_text="Whether patients book it")
    kinds = serializers.SerializerMethodField()
    active = serializers.BooleanField(source="is_active", help_text="False: archived")

    class Meta:
        model = VisitReason
        fields = [
            *("id", "name", "duration", "duration_minutes", "online", "kinds", "agendas", "active", "practice"),
        ]

    @extend_schema_field(serializers.ListField(child=serializers.ChoiceField(choices=AppointmentKind.choices)))
    def get_kinds(self, reason: VisitReason) -> list[str]:
        return [kind.value for kind in AppointmentKind if reason.allows(kind)]


class VisitReasonIn(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=100)
    duration = serializers.IntegerField(min_value=SHORTEST, max_value=LONGEST, help_text="Minutes")
    online = serializers.BooleanField(required=False, help_text="True by default")
    kinds = serializers.ListField(
        child=serializers.ChoiceField(choices=AppointmentKind.choices),
        required=False,
        max_length=2,
        help_text="Both by default",
    )
    agendas = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        max_length=200,
        help_text="Where it is offered; none by default",
    )


class VisitReasonChangeIn(VisitReasonIn):
    active = serializers.BooleanField(
        required=False, help_text="True offers an archived reason again, false archives it"
    )
