"""Shapes of the rules of automatic sending, and of what they send."""

from __future__ import annotations

import uuid
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from documents.models import AutoSend, AutoSendRule, AutoSendState, RuleQuestion
from documents.models.autosend import Moment
from notifications.models import Channel
from portals.api.serializers.fields import AdministeredPracticeField, named
from portals.api.times import InPracticeZone, ModelShape


class RuleRequestOut(ModelShape[RuleQuestion]):
    class Meta:
        model = RuleQuestion
        fields = ["id", "label", "questionnaire", "details", "days_before"]


class RuleRequestIn(serializers.Serializer[Any]):
    id = serializers.UUIDField(required=False, allow_null=True, default=None)
    label = named(serializers.CharField(max_length=120, required=False, default="", allow_blank=True))
    questionnaire = serializers.UUIDField(
        required=False, allow_null=True, default=None, help_text="To answer; its title is the label"
    )
    details = serializers.CharField(max_length=1_000, required=False, default="", allow_blank=True)
    days_before = serializers.IntegerField(
        min_value=0, max_value=365, required=False, allow_null=True, default=None, help_text="Null: no limit"
    )


class RuleOut(ModelShape[AutoSendRule]):
    documents: Any = serializers.PrimaryKeyRelatedField(many=True, read_only=True)
    visit_reasons: Any = serializers.PrimaryKeyRelatedField(many=True, read_only=True)
    agendas: Any = serializers.PrimaryKeyRelatedField(many=True, read_only=True)
    requests = RuleRequestOut(many=True, read_only=True, source="asks")
    channels = serializers.SerializerMethodField()
    active = serializers.BooleanField(source="is_active")

    class Meta:
        model = AutoSendRule
        fields = [
            *("id", "name", "documents", "requests", "visit_reasons", "agendas", "moment", "offset_hours"),
            *("channels", "active", "practice"),
        ]

    @extend_schema_field(serializers.ListField(child=serializers.ChoiceField(choices=Channel.choices)))
    def get_channels(self, rule: AutoSendRule) -> list[str]:
        return [name for name in ("email", "sms") if getattr(rule, f"by_{name}")]


class RuleIn(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=200)
    documents = serializers.ListField(child=serializers.UUIDField(), required=False, default=list)
    requests = RuleRequestIn(many=True, required=False, default=list)
    visit_reasons = serializers.ListField(child=serializers.UUIDField(), required=False, default=list)
    agendas = serializers.ListField(child=serializers.UUIDField(), required=False, default=list)
    moment = serializers.ChoiceField(choices=Moment.choices, default=Moment.BOOKING)
    offset_hours = serializers.IntegerField(min_value=0, max_value=24 * 365, required=False, default=0)
    channels = serializers.ListField(
        child=serializers.ChoiceField(choices=Channel.choices), required=False, default=lambda: ["email", "sms"]
    )
    active = serializers.BooleanField(required=False, default=True)
    practice = AdministeredPracticeField()


class AutoSendOut(InPracticeZone, ModelShape[AutoSend]):
    practice_path = "appointment.practice"
    state = serializers.SerializerMethodField()
    request = serializers.SerializerMethodField(
        help_text="What was asked; null for a document, and before it is asked"
    )

    class Meta:
        model = AutoSend
        fields = ["id", "rule", "document", "request", "state", "due_at", "sent_at"]

    @extend_schema_field(serializers.UUIDField(allow_null=True))
    def get_request(self, sending: AutoSend) -> uuid.UUID | None:
        return sending.asked.pk if sending.asked else None

    @extend_schema_field(serializers.ChoiceField(choices=AutoSendState.choices))
    def get_state(self, sending: AutoSend) -> str:
        """Failed where every message that told of it was given up."""
        return AutoSendState.FAILED.value if sending.was_given_up else sending.state
