"""Shapes of the patient's signature under a shared document."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from documents.consents.ending import MAX_SENTENCE
from documents.consents.forms import MAX_SENTENCE as MAX_DECLARATION
from documents.consents.forms import MAX_SENTENCES
from documents.models import Consent
from portals.api.times import InPracticeZone, ModelShape, Time


class ConsentOut(InPracticeZone, ModelShape[Consent]):
    """`signed_as`: by what right; `means`, `challenge`: the proof and its id; `read_sha256`: of what was read, the
    first `read_size` bytes of the signed file; `doubt`: why the signature that came with a practice from another
    installation is not proved, empty for any other."""

    signed_by = serializers.CharField(source="signer_name")
    signed_as = serializers.CharField(source="settled_as")

    class Meta:
        model = Consent
        fields = [
            *("id", "document", "state", "sentences", "booker_may_sign", "asked_at", "settled_at", "signed_by"),
            *("signed_as", "means", "challenge", "read_sha256", "read_size", "withdrawn_at", "doubt"),
        ]


class ConsentIn(serializers.Serializer[Any]):
    sentences = serializers.ListField(
        child=serializers.CharField(max_length=MAX_DECLARATION),
        max_length=MAX_SENTENCES,
        help_text="What the patient ticks",
    )
    booker_may_sign = serializers.BooleanField(required=False, default=False)


class SignIn(serializers.Serializer[Any]):
    """Without `code`: a code is sent by SMS. With it: the document is signed."""

    pages = serializers.ListField(
        child=serializers.IntegerField(min_value=1), max_length=10_000, help_text="Those that the person has read"
    )
    sentences = serializers.ListField(
        child=serializers.CharField(max_length=1_000),
        max_length=2 * MAX_SENTENCES,
        help_text="Those that the person has ticked, as `to_tick` of the answer has them",
    )
    name = serializers.CharField(max_length=300)
    code = serializers.CharField(max_length=20, required=False, allow_blank=True, default="")


class SigningOut(ConsentOut):
    """`to_tick`: all that this account ticks before it signs; empty once it is signed. `code_sent_until`: until when
    the code that was sent is valid."""

    to_tick = serializers.ListField(child=serializers.CharField())
    code_sent_until = Time(allow_null=True)

    class Meta(ConsentOut.Meta):
        fields = [*ConsentOut.Meta.fields, "to_tick", "code_sent_until"]


class WhyIn(serializers.Serializer[Any]):
    detail = serializers.CharField(max_length=MAX_SENTENCE, required=False, allow_blank=True, default="")
