"""Shapes in and out. Reading only: what is written goes through the use cases, which check it."""

from __future__ import annotations

import uuid
from typing import Any, get_args

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import User
from appointments.models import Agenda, Appointment, AppointmentKind, BookedFor, VisitReason
from appointments.recipients import RecipientState
from appointments.slots import Slot
from audit.models import AuditEvent
from documents.models import AutoSend, AutoSendRule, AutoSendState, Category, LibraryDocument, SharedDocument
from documents.models.autosend import Moment
from documents.models.shared import AudienceChoice
from documents.sharing.accesses import Access, AccessKind, StandsOn
from files.notices import NOTICES
from notifications.models import Channel, Message
from patients.models import Patient
from patients.records import FormerContacts
from portals.api.times import InPracticeZone, ModelShape, Time
from portals.who_has import who_has
from signing.pdf.examination import Integrity, Trust
from signing.pdf.field_facts import Judgement
from signing.pdf.placement import DEFAULT_WIDTH
from signing.pdf.verify import judgement_kept
from signing.verification import Verdict


class UploadField(serializers.FileField):
    """One document. Whether it is one, and how its name reads, intake says."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_empty_file=True, max_length=None, **kwargs)

    def get_value(self, dictionary: Any) -> Any:
        """Raises ValidationError where there are several: the last would be taken, and the others lost."""
        if self.field_name and hasattr(dictionary, "getlist") and len(dictionary.getlist(self.field_name)) > 1:
            raise serializers.ValidationError({self.field_name: [_("Envoyez un seul fichier par appel.")]})
        return super().get_value(dictionary)


class PatientOut(ModelShape[Patient]):
    class Meta:
        model = Patient
        fields = ["id", "first_name", "last_name", "birth_date", "email", "mobile", "language"]


class PatientIn(serializers.Serializer[Any]):
    first_name = serializers.CharField(max_length=100)
    last_name = serializers.CharField(max_length=100)
    birth_date = serializers.DateField()
    email = serializers.CharField(max_length=1_000, allow_null=True, required=False, allow_blank=True)
    mobile = serializers.CharField(max_length=1_000, allow_null=True, required=False, allow_blank=True)
    language = serializers.ChoiceField(choices=["fr", "en"], required=False)
    practice = serializers.UUIDField(required=False, help_text="Needed by staff of several practices only")


class PatientChangeIn(PatientIn):
    former_contacts = serializers.ChoiceField(
        choices=[one.value for one in FormerContacts],
        required=False,
        help_text="Whose the replaced contacts were: needed while accounts are tied to the record",
    )


class AccessOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=[one.value for one in AccessKind])
    who = serializers.SerializerMethodField(
        help_text="The account's name; else the contacts: those of whoever booked, masked"
    )
    stands_on = serializers.ListField(child=serializers.ChoiceField(choices=[one.value for one in StandsOn]))
    since = Time()
    suspended = serializers.SerializerMethodField(help_text="Sees only what was shared before the record changed")
    unproved = serializers.ListField(
        child=serializers.ChoiceField(choices=["email", "mobile", "birth_date"]),
        help_text="What of the record a suspended account has not proved yet",
    )
    appointment = serializers.SerializerMethodField(help_text="The only one it opens, where it is only one")

    def get_who(self, access: Access) -> str:
        return who_has(access)

    def get_suspended(self, access: Access) -> bool:
        return access.suspended is not None

    def get_appointment(self, access: Access) -> uuid.UUID | None:
        return access.appointment.pk if access.appointment else None


class AgendaOut(ModelShape[Agenda]):
    class Meta:
        model = Agenda
        fields = ["id", "name", "practice"]


class VisitReasonOut(ModelShape[VisitReason]):
    agendas: Any = serializers.PrimaryKeyRelatedField(many=True, read_only=True)

    class Meta:
        model = VisitReason
        fields = ["id", "name", "duration_minutes", "agendas", "practice"]


class AppointmentOut(InPracticeZone, ModelShape[Appointment]):
    start = Time(source="starts_at")
    end = Time(source="ends_at")
    booked_by = serializers.ChoiceField(choices=["practice", "holder"])
    booked_for = serializers.ChoiceField(choices=BookedFor.choices)

    class Meta:
        model = Appointment
        fields = [
            *("id", "agenda", "visit_reason", "start", "end", "patient"),
            *("kind", "status", "booked_by", "booked_for"),
        ]


@extend_schema_field(
    {"oneOf": [{"type": "string", "format": "uuid"}, {"$ref": "#/components/schemas/PatientInRequest"}]}
)
class PatientField(serializers.Field[Any, Any, Any, Any]):
    """A record's id, or a record to create."""

    def to_internal_value(self, value: Any) -> Any:
        if isinstance(value, dict):
            record = PatientIn(data=value)
            record.is_valid(raise_exception=True)
            return record.validated_data
        return serializers.UUIDField().to_internal_value(value)

    def to_representation(self, value: Any) -> Any:
        return str(value)


ACCEPT_DOUBTS = "False: 409 with everything that speaks against this time, and nothing is booked or moved"


KIND = "Left out: in person, or by video where the visit reason is by video only"


class AppointmentIn(serializers.Serializer[Any]):
    agenda = serializers.UUIDField()
    visit_reason = serializers.UUIDField()
    start = Time()
    patient = PatientField()
    kind = serializers.ChoiceField(choices=AppointmentKind.choices, required=False, help_text=KIND)
    accept_doubts = serializers.BooleanField(default=True, help_text=ACCEPT_DOUBTS)


class SlotOut(serializers.Serializer[Any]):
    start = serializers.SerializerMethodField()
    end = serializers.SerializerMethodField()

    @extend_schema_field(Time)
    def get_start(self, slot: Slot) -> str:
        return slot.start.isoformat()

    @extend_schema_field(Time)
    def get_end(self, slot: Slot) -> str:
        return slot.end.isoformat()


class PersonIn(serializers.Serializer[Any]):
    """A relative; for an adult, both of their own contacts or neither."""

    first_name = serializers.CharField(max_length=100)
    last_name = serializers.CharField(max_length=100)
    birth_date = serializers.DateField()
    email = serializers.CharField(max_length=1_000, allow_null=True, required=False, allow_blank=True)
    mobile = serializers.CharField(max_length=1_000, allow_null=True, required=False, allow_blank=True)


class BookingIn(serializers.Serializer[Any]):
    agenda = serializers.UUIDField()
    visit_reason = serializers.UUIDField()
    start = Time()
    kind = serializers.ChoiceField(choices=AppointmentKind.choices, required=False, help_text=KIND)
    booked_for = serializers.ChoiceField(choices=BookedFor.choices, default=BookedFor.SELF)
    patient = PersonIn(required=False, allow_null=True)


class AppointmentMove(serializers.Serializer[Any]):
    start = Time(required=False)
    agenda = serializers.UUIDField(required=False)
    visit_reason = serializers.UUIDField(required=False)
    kind = serializers.ChoiceField(
        choices=AppointmentKind.choices,
        required=False,
        help_text="Left out: as it is, or what the visit reason and the agenda allow",
    )
    accept_doubts = serializers.BooleanField(default=True, help_text=ACCEPT_DOUBTS)


class RecipientOut(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=[one.value for one in RecipientState])
    audience = serializers.ChoiceField(choices=AudienceChoice.choices, allow_null=True)
    missing = serializers.ListField(child=serializers.ChoiceField(choices=["email", "mobile"]))


class CategoryOut(ModelShape[Category]):
    label = serializers.CharField()  # type: ignore[assignment]  # the category's, not the serializer's

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
        return judgement_kept(signature)


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

    notifications = NoticeOut(source="messages", many=True)
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


class LibraryDocumentOut(ModelShape[LibraryDocument]):
    category = serializers.CharField(source="category_id")
    version = serializers.SerializerMethodField()
    media_type = serializers.SerializerMethodField()
    size = serializers.SerializerMethodField()
    used_by_rules = serializers.SerializerMethodField()
    body = serializers.SerializerMethodField(help_text="What was written, as HTML; null for an imported file")

    class Meta:
        model = LibraryDocument
        fields = ["id", "title", "category", "version", "media_type", "size", "used_by_rules", "body"]

    def get_version(self, document: LibraryDocument) -> int:
        return document.newest.number

    def get_media_type(self, document: LibraryDocument) -> str:
        return document.newest.file.media_type

    def get_size(self, document: LibraryDocument) -> int:
        return document.newest.file.size

    def get_body(self, document: LibraryDocument) -> str | None:
        return document.newest.body or None

    @extend_schema_field(serializers.IntegerField)
    def get_used_by_rules(self, document: LibraryDocument) -> int:
        return document.rules.kept().count()


class LibraryTextIn(serializers.Serializer[Any]):
    """A document written here: HTML with merge fields, `<span data-field="patient_name">` or `{{ patient_name }}`."""

    title = serializers.CharField(max_length=200)
    category = serializers.SlugField(required=False, default="information")
    body = serializers.CharField(trim_whitespace=False)
    practice = serializers.UUIDField(required=False, help_text="Needed by administrators of several practices only")


class LibraryFileIn(serializers.Serializer[Any]):
    """An imported document."""

    file = UploadField()
    title = serializers.CharField(
        max_length=200, required=False, allow_blank=True, default="", help_text="Default: the file's name"
    )
    category = serializers.SlugField(required=False, default="information")
    practice = serializers.UUIDField(required=False, help_text="Needed by administrators of several practices only")


class LibraryTextChange(serializers.Serializer[Any]):
    title = serializers.CharField(max_length=200, required=False)
    category = serializers.SlugField(required=False)
    body = serializers.CharField(required=False, trim_whitespace=False)


class LibraryFileChange(serializers.Serializer[Any]):
    """A new version of an imported document."""

    file = UploadField()
    title = serializers.CharField(max_length=200, required=False)
    category = serializers.SlugField(required=False)


class LibraryIn(LibraryTextIn, LibraryFileIn):
    """A file, or a body."""

    file = UploadField(required=False)
    body = serializers.CharField(required=False, trim_whitespace=False)
    title = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")

    def validate(self, asked: dict[str, Any]) -> dict[str, Any]:
        if ("file" in asked) == ("body" in asked):
            raise serializers.ValidationError(
                {"file": [_("Donnez un fichier (file), ou un texte à mettre en page (body).")]}, code="required"
            )
        if "body" in asked and not asked["title"].strip():
            raise serializers.ValidationError({"title": [_("Donnez un titre à ce document.")]}, code="required")
        return asked


class LibraryChange(LibraryTextChange):
    file = UploadField(required=False)

    def validate(self, asked: dict[str, Any]) -> dict[str, Any]:
        if {"file", "body"} <= set(asked):
            raise serializers.ValidationError(
                {"file": [_("Donnez un fichier (file), ou un texte à mettre en page (body).")]}, code="invalid"
            )
        return asked


class RuleOut(ModelShape[AutoSendRule]):
    documents: Any = serializers.PrimaryKeyRelatedField(many=True, read_only=True)
    visit_reasons: Any = serializers.PrimaryKeyRelatedField(many=True, read_only=True)
    agendas: Any = serializers.PrimaryKeyRelatedField(many=True, read_only=True)
    channels = serializers.SerializerMethodField()
    active = serializers.BooleanField(source="is_active")

    class Meta:
        model = AutoSendRule
        fields = [
            *("id", "name", "documents", "visit_reasons", "agendas", "moment", "offset_hours"),
            *("channels", "active", "practice"),
        ]

    @extend_schema_field(serializers.ListField(child=serializers.ChoiceField(choices=Channel.choices)))
    def get_channels(self, rule: AutoSendRule) -> list[str]:
        return [name for name in ("email", "sms") if getattr(rule, f"by_{name}")]


class RuleIn(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=200)
    documents = serializers.ListField(child=serializers.UUIDField(), allow_empty=False)
    visit_reasons = serializers.ListField(child=serializers.UUIDField(), required=False, default=list)
    agendas = serializers.ListField(child=serializers.UUIDField(), required=False, default=list)
    moment = serializers.ChoiceField(choices=Moment.choices, default=Moment.BOOKING)
    offset_hours = serializers.IntegerField(min_value=0, max_value=24 * 365, required=False, default=0)
    channels = serializers.ListField(
        child=serializers.ChoiceField(choices=Channel.choices), required=False, default=lambda: ["email", "sms"]
    )
    active = serializers.BooleanField(required=False, default=True)
    practice = serializers.UUIDField(required=False, help_text="Needed by administrators of several practices only")


class AutoSendOut(InPracticeZone, ModelShape[AutoSend]):
    practice_path = "appointment.practice"
    state = serializers.SerializerMethodField()

    class Meta:
        model = AutoSend
        fields = ["id", "rule", "document", "state", "due_at", "sent_at"]

    @extend_schema_field(serializers.ChoiceField(choices=AutoSendState.choices))
    def get_state(self, sending: AutoSend) -> str:
        """Failed where every message that told of it was given up."""
        return AutoSendState.FAILED.value if sending.was_given_up else sending.state


class HistoryOut(ModelShape[AuditEvent]):
    actor = serializers.SerializerMethodField()

    class Meta:
        model = AuditEvent
        fields = ["at", "actor", "action", "detail"]

    def get_actor(self, event: AuditEvent) -> str | None:
        actor: User | None = self.context["actors"].get(event.actor_id)
        return str(actor) if actor else None


class ErrorOut(serializers.Serializer[Any]):
    code = serializers.CharField()
    detail = serializers.CharField()
    attr = serializers.CharField(allow_null=True)


class ErrorsOut(serializers.Serializer[Any]):
    type = serializers.ChoiceField(choices=["validation_error", "client_error", "server_error"])
    errors = ErrorOut(many=True)  # type: ignore[assignment]  # the answer's name for them


class RelativeOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    first_name = serializers.CharField()
    last_name = serializers.CharField()
    birth_date = serializers.DateField()


class MeOut(serializers.Serializer[Any]):
    email = serializers.EmailField()
    mobile = serializers.CharField(allow_null=True)
    relatives = RelativeOut(many=True)


class VerifyIn(serializers.Serializer[Any]):
    file = UploadField()


class VerifiedSignatureOut(SignatureOut):
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
    verdict = serializers.ChoiceField(choices=[one.value for one in Verdict])
    detail = serializers.CharField(help_text="The verdict, as a sentence")
    signatures = VerifiedSignatureOut(many=True)
