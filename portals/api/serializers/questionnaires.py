"""Shapes of questionnaires, and of the answers to them."""

from __future__ import annotations

import json
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from documents.models import DocumentRequest
from portals.api.serializers.fields import AdministeredPracticeField
from portals.api.times import InPracticeZone, ModelShape, Time
from questionnaires.answering import resource_of
from questionnaires.comparing import score_of_response
from questionnaires.fhir.reading import LONGEST_TITLE
from questionnaires.models import Questionnaire

RESOURCE = {"type": "object", "additionalProperties": {}, "description": "FHIR R4"}


class QuestionnaireOut(ModelShape[Questionnaire]):
    """`version` and `questionnaire` (FHIR R4 Questionnaire) are those that are asked now, null before the first."""

    version = serializers.SerializerMethodField()
    questionnaire = serializers.SerializerMethodField()

    class Meta:
        model = Questionnaire
        fields = ["id", "title", "version", "questionnaire"]

    def get_version(self, questionnaire: Questionnaire) -> int | None:
        current = questionnaire.current
        return current.number if current else None

    @extend_schema_field({**RESOURCE, "type": ["object", "null"]})
    def get_questionnaire(self, questionnaire: Questionnaire) -> dict[str, Any] | None:
        current = questionnaire.current
        return json.loads(current.resource) if current else None


class QuestionnaireIn(serializers.Serializer[Any]):
    """`questionnaire`: a FHIR R4 Questionnaire. What is not understood is refused by name, with its linkId in `attr`.
    `title`: instead of the resource's."""

    questionnaire = serializers.DictField()
    title = serializers.CharField(max_length=LONGEST_TITLE, required=False, allow_blank=True, default="")
    practice = AdministeredPracticeField()


class QuestionnaireChange(serializers.Serializer[Any]):
    questionnaire = serializers.DictField(required=False)
    title = serializers.CharField(max_length=LONGEST_TITLE, required=False)


class QuestionnaireResponseIn(serializers.Serializer[Any]):
    """FHIR R4 QuestionnaireResponse. What its questionnaire does not ask is refused by name, with its linkId in
    `attr`. Its status changes nothing: `submit` sends."""

    resourceType = serializers.ChoiceField(choices=["QuestionnaireResponse"])  # noqa: N815  # FHIR's name
    status = serializers.CharField(help_text="in-progress, while you write")
    questionnaire = serializers.CharField(required=False, help_text="url|version, of what is asked")
    item = serializers.ListField(child=serializers.DictField(), required=False)


class ScoreOut(serializers.Serializer[Any]):
    """`words`: the practice's own for the range, "" without one. `complete`: whether all questions that count are
    answered."""

    total = serializers.FloatField()
    words = serializers.CharField()
    complete = serializers.BooleanField()


class ResponseOut(InPracticeZone, serializers.Serializer[Any]):
    """Of a request whose answers are sent. `response`: FHIR R4 QuestionnaireResponse."""

    request = serializers.UUIDField(source="pk")
    response = serializers.SerializerMethodField()
    scores = serializers.SerializerMethodField()
    sent_by = serializers.SerializerMethodField()
    on_behalf_of = serializers.SerializerMethodField(help_text="The patient's id, if somebody else answered")
    completed_at = serializers.SerializerMethodField()

    @extend_schema_field(RESOURCE)
    def get_response(self, asked: DocumentRequest) -> dict[str, Any]:
        assert asked.response is not None  # as found
        return resource_of(asked.response)

    @extend_schema_field(ScoreOut(many=True))
    def get_scores(self, asked: DocumentRequest) -> list[dict[str, Any]]:
        assert asked.response is not None
        score = score_of_response(asked.response)
        return [dict(ScoreOut(score).data)] if score else []

    def get_sent_by(self, asked: DocumentRequest) -> str:
        assert asked.response is not None
        return str(asked.response.author)

    @extend_schema_field(serializers.UUIDField(allow_null=True))
    def get_on_behalf_of(self, asked: DocumentRequest) -> str | None:
        return None if asked.answered_as == "patient" else str(asked.appointment.patient_id)

    @extend_schema_field(Time())
    def get_completed_at(self, asked: DocumentRequest) -> str | None:
        assert asked.response is not None
        return Time().to_representation(asked.response.completed_at) if asked.response.completed_at else None
