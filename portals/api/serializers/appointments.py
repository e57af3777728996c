"""Shapes of appointments, bookings and their history."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import User
from appointments.doubts import doubts_about_placed
from appointments.models import Appointment, AppointmentKind, BookedFor, CancelReason
from appointments.recipients import RecipientState
from appointments.slots import Slot
from audit.models import AuditEvent
from documents.models.shared import AudienceChoice
from portals.api.serializers.patients import PatientField, PersonIn
from portals.api.times import InPracticeZone, ModelShape, Time


class BookingOut(InPracticeZone, ModelShape[Appointment]):
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


class DoubtOut(serializers.Serializer[Any]):
    code = serializers.CharField()
    detail = serializers.CharField(source="sentence")


class AppointmentOut(BookingOut):
    """For staff: a booker does not see why the practice cancelled. Whoever books or moves is told in `doubts` what
    speaks against the time (`just_placed`)."""

    confirmed_at = Time(allow_null=True, help_text="When the reminder was answered: I come")
    cancelled_reason = serializers.ChoiceField(
        choices=CancelReason.choices, allow_blank=True, help_text="FHIR R4: Appointment.cancelationReason"
    )

    doubts = serializers.SerializerMethodField(
        help_text="Of a booking or a move: what speaks against the time, such as one already taken. Else null"
    )

    class Meta(BookingOut.Meta):
        fields = [*BookingOut.Meta.fields, "confirmed_at", "cancelled_reason", "cancelled_note", "doubts"]

    @extend_schema_field(DoubtOut(many=True, allow_null=True))
    def get_doubts(self, appointment: Appointment) -> Any:
        if not self.context.get("just_placed"):
            return None
        return DoubtOut(doubts_about_placed(appointment), many=True).data

    @classmethod
    def just_placed(cls, appointment: Appointment) -> AppointmentOut:
        return cls(appointment, context={"just_placed": True})


class CancelIn(serializers.Serializer[Any]):
    reason = serializers.ChoiceField(choices=CancelReason.choices, required=False, help_text="For staff alone")
    note = serializers.CharField(max_length=200, required=False, allow_blank=True, help_text="For staff alone")


ACCEPT_DOUBTS = (
    "False: 409 with everything that speaks against this time, and nothing is booked or moved. "
    "True: the answer says it in `doubts`"
)

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


class HistoryOut(ModelShape[AuditEvent]):
    actor = serializers.SerializerMethodField()

    class Meta:
        model = AuditEvent
        fields = ["at", "actor", "action", "detail"]

    def get_actor(self, event: AuditEvent) -> str | None:
        actor: User | None = self.context["actors"].get(event.actor_id)
        return str(actor) if actor else None
