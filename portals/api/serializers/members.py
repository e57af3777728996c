"""Shapes of the members of a practice, and of people invited."""

from __future__ import annotations

from datetime import date
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from portals.api.times import Time
from practices.models import Role
from practices.team import State, TeamMember

ROLES = [role.value for role in Role]


class MemberOut(serializers.Serializer[Any]):
    id = serializers.UUIDField(help_text="Stays the same when the invitation is accepted")
    email = serializers.EmailField()
    title = serializers.CharField()
    first_name = serializers.CharField()
    last_name = serializers.CharField()
    professional_number = serializers.CharField(help_text="RPPS")
    roles = serializers.SerializerMethodField()
    state = serializers.ChoiceField(
        choices=[state.value for state in State],
        help_text="`expired`: the link of the invitation; `upcoming`, `ended`: the days of access",
    )
    valid_from = serializers.SerializerMethodField(help_text="First day of access, in the zone of the practice")
    valid_until = serializers.SerializerMethodField(help_text="Last day of access, included")
    expires_at = Time(allow_null=True, help_text="Until when the link of an invitation is valid")

    @extend_schema_field(serializers.ListField(child=serializers.ChoiceField(choices=ROLES)))
    def get_roles(self, member: TeamMember) -> list[str]:
        return sorted(role.value for role in member.roles)

    def get_valid_from(self, member: TeamMember) -> date | None:
        return member.period.first

    def get_valid_until(self, member: TeamMember) -> date | None:
        return member.period.last


class MemberIn(serializers.Serializer[Any]):
    email = serializers.CharField(max_length=1_000)
    title = serializers.CharField(max_length=20, allow_blank=True, default="")
    first_name = serializers.CharField(max_length=100)
    last_name = serializers.CharField(max_length=100)
    professional_number = serializers.CharField(
        max_length=100, allow_blank=True, default="", help_text="RPPS: eleven digits, checked by the key"
    )
    roles = serializers.ListField(child=serializers.ChoiceField(choices=ROLES))
    valid_from = serializers.DateField(allow_null=True, default=None)
    valid_until = serializers.DateField(allow_null=True, default=None)
