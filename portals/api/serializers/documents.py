"""Shapes of shared documents and of what is signed in one."""

from __future__ import annotations

from typing import Any, get_args

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from documents.models import Category, Means, SharedDocument, SignedAs
from files.notices import NOTICES
from notifications.models import Message
from portals.api.serializers.fields import UploadField, named
from portals.api.times import InPracticeZone, ModelShape, Time
from signing.pdf.examination import Integrity, Trust
from signing.pdf.field_facts import Judgement
from signing.pdf.placement import DEFAULT_WIDTH
from signing.pdf.verify import stored_judgement
from signing.verification import Verdict


class CategoryOut(ModelShape[Category]):
    label = named(serializers.CharField())

    class Meta:
        model = Category
        fields = ["code", "label"]


class NoticeOut(ModelShape[Message]):
    last_error = serializers.CharField(source="error", help_text="Why it did not arrive, as a sentence")

    class Meta:
        model = Message
        fields = ["channel", "state", "last_error", "sent_at"]


class SignatureOut(serializers.Serializer[Any]):
    signer = serializers.CharField()
    signed_at = Time(allow_null=True)
    valid = serializers.BooleanField()
    judgement = serializers.SerializerMethodField()
    covers_whole_document = serializers.BooleanField()
    level = serializers.CharField()

    @extend_schema_field(serializers.ChoiceField(choices=get_args(Judgement)))
    def get_judgement(self, signature: dict[str, Any]) -> str:
        """Of the signed bytes and the signature: `not_judged` where this software does not know its kind."""
        return stored_judgement(signature)


class ReceivedDocumentOut(InPracticeZone, ModelShape[SharedDocument]):
    """As whom it was shared with sees it."""

    category = serializers.CharField(source="category_id")
    media_type = serializers.CharField(source="file.media_type")
    size = serializers.IntegerField(source="file.size")
    sha256 = serializers.CharField(source="file.sha256")
    signed = serializers.BooleanField(source="is_signed")
    signatures = SignatureOut(many=True)
    shared_by = serializers.SerializerMethodField()
    read_at = Time(source="first_read_at", allow_null=True)
    patient = serializers.UUIDField(source="patient_id")
    practice = serializers.UUIDField(source="practice_id")

    class Meta:
        model = SharedDocument
        fields = [
            *("id", "title", "category", "media_type", "size", "sha256", "signed", "signatures", "page_count"),
            *("shared_at", "replaced_at", "shared_by", "audience", "read_at", "patient", "practice", "appointment"),
        ]

    def get_shared_by(self, document: SharedDocument) -> str | None:
        return str(document.shared_by) if document.shared_by else None


class SharedDocumentOut(ReceivedDocumentOut):
    """As staff see it."""

    notifications = NoticeOut(source="all_messages", many=True)
    notices = serializers.ListField(
        child=serializers.ChoiceField(choices=NOTICES), help_text="What intake noticed or changed"
    )

    class Meta(ReceivedDocumentOut.Meta):
        fields = [*ReceivedDocumentOut.Meta.fields, "notifications", "notices"]


class ShareIn(serializers.Serializer[Any]):
    file = UploadField(required=False)
    library_document = serializers.UUIDField(required=False)
    category = serializers.SlugField(required=False)
    title = serializers.CharField(max_length=255, required=False, allow_blank=True, default="")
    sign = serializers.BooleanField(required=False, default=False)
    page = serializers.IntegerField(required=False)
    x = serializers.FloatField(required=False)
    y = serializers.FloatField(required=False)
    width = serializers.FloatField(required=False, default=DEFAULT_WIDTH)
    confirm_patient = serializers.BooleanField(
        required=False,
        default=True,
        help_text="False: a document that names another patient and not this one is a 409 wrong_patient_suspected",
    )


class VerifyIn(serializers.Serializer[Any]):
    file = UploadField()


class AttestedOut(serializers.Serializer[Any]):
    """A simple electronic signature of a person, whose evidence the practice's seal attests."""

    signer = serializers.CharField()
    capacity = serializers.ChoiceField(choices=SignedAs.choices)
    patient = serializers.CharField()
    means = serializers.ChoiceField(choices=Means.choices)
    challenge = serializers.CharField()
    at = Time()
    read_sha256 = serializers.CharField()
    read_size = serializers.IntegerField()
    sentences = serializers.ListField(child=serializers.CharField())
    detail = serializers.CharField(help_text="What it is, as sentences")


class VerifiedSignatureOut(SignatureOut):
    consent = AttestedOut(allow_null=True)
    claimed_at = Time(
        allow_null=True, help_text="What the signature says; `signed_at` has it only if the signature is valid"
    )
    timestamped_at = Time(allow_null=True)
    time_trusted = serializers.BooleanField(help_text="This installation knows the authority of the time-stamp")
    revoked_at = Time(
        allow_null=True, help_text="Since when this installation's own certificate of the signer is revoked"
    )
    trusted = serializers.BooleanField()
    is_time_stamp = serializers.BooleanField(help_text="A document time-stamp: the signer is a time authority")
    integrity = serializers.ChoiceField(choices=[one.value for one in Integrity])
    trust = serializers.ChoiceField(choices=[one.value for one in Trust])
    issuer = serializers.CharField()
    detail = serializers.CharField(help_text="Integrity and trust, as sentences")


class VerifyOut(serializers.Serializer[Any]):
    known = serializers.BooleanField(help_text="These very bytes were shared through this installation")
    sha256 = serializers.CharField()
    verdict = serializers.ChoiceField(choices=[one.value for one in Verdict if one is not Verdict.NOT_OURS])
    detail = serializers.CharField(help_text="The verdict, as a sentence")
    signatures = VerifiedSignatureOut(many=True)
