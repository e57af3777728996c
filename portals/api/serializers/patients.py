"""Shapes of records, relatives, accounts and accesses. Reading only: what is written goes through the use cases."""

from __future__ import annotations

import uuid
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from documents.merging.choices import FIELDS
from documents.sharing.accesses import Access, AccessBasis, AccessKind
from patients.models import Patient
from patients.records import FormerContacts
from portals.api.times import ModelShape, Time
from portals.who_has import who_has


class PatientOut(ModelShape[Patient]):
    class Meta:
        model = Patient
        fields = ["id", "first_name", "last_name", "birth_date", "email", "mobile", "language"]


# Without a docstring: it would be the description of what inherits.
class Identity(serializers.Serializer[Any]):
    first_name = serializers.CharField(max_length=100)
    last_name = serializers.CharField(max_length=100)
    birth_date = serializers.DateField()
    email = serializers.CharField(max_length=1_000, allow_null=True, required=False, allow_blank=True)
    mobile = serializers.CharField(max_length=1_000, allow_null=True, required=False, allow_blank=True)


class PatientIn(Identity):
    language = serializers.ChoiceField(choices=["fr", "en"], required=False)
    practice = serializers.UUIDField(required=False, help_text="Needed by staff of several practices only")


class PatientChangeIn(PatientIn):
    former_contacts = serializers.ChoiceField(
        choices=[one.value for one in FormerContacts],
        required=False,
        help_text="Whose the replaced contacts were: needed while accounts are tied to the record",
    )


class MergeIn(serializers.Serializer[Any]):
    other = serializers.UUIDField(help_text="The record that becomes part of this one")
    from_other = serializers.ListField(
        child=serializers.ChoiceField(choices=list(FIELDS)),
        required=False,
        help_text="What this record takes from the other; it gets the contacts that it lacks in any case",
    )


class AccessOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=[one.value for one in AccessKind])
    who = serializers.SerializerMethodField(
        help_text="The account's name; else the contacts: those of whoever booked, masked"
    )
    stands_on = serializers.ListField(child=serializers.ChoiceField(choices=[one.value for one in AccessBasis]))
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


class PersonIn(Identity):
    """A relative; for an adult, both of their own contacts or neither."""


class RelativeOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    first_name = serializers.CharField()
    last_name = serializers.CharField()
    birth_date = serializers.DateField()


class MeOut(serializers.Serializer[Any]):
    email = serializers.EmailField()
    mobile = serializers.CharField(allow_null=True)
    relatives = RelativeOut(many=True)
