"""Shapes of what practices ask for, and of what patients send."""

from __future__ import annotations

import json
from typing import Any

from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from documents.models import DocumentRequest, ReceivedDocument, RequestState
from documents.receiving.access import Asked
from documents.receiving.seeing import MAX_SENTENCE
from portals.api.serializers.fields import named
from portals.api.serializers.questionnaires import RESOURCE
from portals.api.times import InPracticeZone, ModelShape, Time

LABEL_OR_QUESTIONNAIRE = gettext_lazy(
    "Donnez un libellé (label) pour un document, ou un questionnaire (questionnaire)."
)


class RequestOut(InPracticeZone, ModelShape[DocumentRequest]):
    """`sentence`: why what came last was refused."""

    label = named(serializers.CharField())
    asked_by = serializers.SerializerMethodField()
    questionnaire = serializers.SerializerMethodField(help_text="Its id; null if files are asked for")

    class Meta:
        model = DocumentRequest
        fields = [
            *("id", "appointment", "label", "details", "due_at", "state", "sentence", "asked_at", "asked_by"),
            *("settled_at", "questionnaire"),
        ]

    def get_asked_by(self, request: DocumentRequest) -> str | None:
        return str(request.asked_by) if request.asked_by else None

    @extend_schema_field(serializers.UUIDField(allow_null=True))
    def get_questionnaire(self, request: DocumentRequest) -> str | None:
        return str(request.version.questionnaire_id) if request.version else None


class RequestIn(serializers.Serializer[Any]):
    """`label` for files, or `questionnaire`, whose title is the label."""

    label = named(serializers.CharField(max_length=120, required=False, allow_blank=True, default=""))
    details = serializers.CharField(max_length=1_000, required=False, allow_blank=True, default="")
    due_at = Time(required=False, allow_null=True, default=None)


class NewRequestIn(RequestIn):
    questionnaire = serializers.UUIDField(required=False, allow_null=True, default=None)

    def validate(self, asked: dict[str, Any]) -> dict[str, Any]:
        if not asked["label"] and not asked["questionnaire"]:
            raise serializers.ValidationError({"label": LABEL_OR_QUESTIONNAIRE}, code="required")
        return asked


class RequestChange(RequestIn):
    label = serializers.CharField(max_length=120, required=False)
    details = serializers.CharField(max_length=1_000, required=False, allow_blank=True)
    due_at = Time(required=False, allow_null=True)


class SentOut(InPracticeZone, ModelShape[ReceivedDocument]):
    """As whoever may see it again sees it."""

    media_type = serializers.CharField(source="file.media_type")
    size = serializers.IntegerField(source="file.size")
    sha256 = serializers.CharField(source="file.sha256")
    sent_by = serializers.SerializerMethodField()
    on_behalf_of = serializers.SerializerMethodField(help_text="The patient's id, if somebody else sent it")

    class Meta:
        model = ReceivedDocument
        fields = [
            *("id", "request", "appointment", "name", "media_type", "size", "sha256", "page_count", "sent_by"),
            *("on_behalf_of", "received_at", "seen_at", "state"),
        ]

    def get_sent_by(self, received: ReceivedDocument) -> str | None:
        return str(received.sent_by) if received.sent_by else None

    def get_on_behalf_of(self, received: ReceivedDocument) -> str | None:
        return str(received.appointment.patient_id) if received.on_behalf else None


class ReceivedOut(SentOut):
    """As staff see it. `sentence`: why it was refused."""

    class Meta(SentOut.Meta):
        fields = [*SentOut.Meta.fields, "sentence", "settled_at"]


class RefuseIn(serializers.Serializer[Any]):
    detail = serializers.CharField(max_length=MAX_SENTENCE, help_text="For the patient, on their page alone")


class MyRequestOut(InPracticeZone, serializers.Serializer[Any]):
    """`label`, `details` and `sentence` are null for who may send and not read what is asked."""

    id = serializers.UUIDField(source="pk")
    appointment = serializers.SerializerMethodField()
    practice = serializers.SerializerMethodField()
    label = named(serializers.SerializerMethodField())
    details = serializers.SerializerMethodField()
    sentence = serializers.SerializerMethodField()
    due_at = serializers.SerializerMethodField()
    state = serializers.SerializerMethodField()
    can_send = serializers.BooleanField()
    can_answer = serializers.BooleanField()
    questionnaire = serializers.SerializerMethodField()
    files = SentOut(many=True)

    @extend_schema_field(serializers.UUIDField)
    def get_appointment(self, asked: Asked) -> str:
        return str(asked.request.appointment_id)

    @extend_schema_field(serializers.UUIDField)
    def get_practice(self, asked: Asked) -> str:
        return str(asked.request.practice_id)

    @extend_schema_field({**RESOURCE, "type": ["object", "null"]})
    def get_questionnaire(self, asked: Asked) -> dict[str, Any] | None:
        """FHIR R4; null if files are asked for."""
        version = asked.request.version
        return json.loads(version.resource) if version and (asked.rights.reads or asked.answers) else None

    @extend_schema_field(Time(allow_null=True))
    def get_due_at(self, asked: Asked) -> str | None:
        return Time().to_representation(asked.request.due_at) if asked.request.due_at else None

    @extend_schema_field(serializers.ChoiceField(choices=RequestState.choices))
    def get_state(self, asked: Asked) -> str:
        return asked.request.state

    def get_label(self, asked: Asked) -> str | None:
        return asked.request.label if asked.rights.reads else None

    def get_details(self, asked: Asked) -> str | None:
        return asked.request.details if asked.rights.reads else None

    def get_sentence(self, asked: Asked) -> str | None:
        return asked.request.sentence if asked.rights.reads else None


class FilesIn(serializers.Serializer[Any]):
    file = serializers.ListField(
        child=serializers.FileField(allow_empty_file=True, max_length=None),
        help_text="One or several. Several pictures become one PDF, in this order",
    )
