"""The one shape of every refusal."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from portals.api.serializers.fields import named


class ErrorOut(serializers.Serializer[Any]):
    code = serializers.CharField()
    detail = serializers.CharField()
    attr = serializers.CharField(allow_null=True)


class ErrorsOut(serializers.Serializer[Any]):
    type = serializers.ChoiceField(choices=["validation_error", "client_error", "server_error"])
    errors = named(ErrorOut(many=True))
