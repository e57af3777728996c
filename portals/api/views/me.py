"""The caller's own account."""

from __future__ import annotations

from django.db.models import Q
from rest_framework.request import Request
from rest_framework.response import Response

from appointments.models import BookedFor
from patients.models import Patient, Relationship
from portals.api.schema import answers
from portals.api.serializers import MeOut
from portals.api.views.base import ApiView


class Me(ApiView):
    @answers(200, MeOut)
    def get(self, request: Request) -> Response:
        relatives = Patient.objects.filter(
            Q(ties__user=self.user, ties__ended_at=None, ties__relationship=Relationship.GUARDIAN)
            | Q(appointments__holder=self.user) & ~Q(appointments__booked_for=BookedFor.SELF)
        ).distinct()
        me = {
            "email": self.user.email,
            "mobile": self.user.mobile,
            "relatives": relatives.order_by("first_name", "id"),
        }
        return Response(MeOut(me).data)
