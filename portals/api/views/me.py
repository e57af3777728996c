"""The caller's own account."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from patients.models import Relative
from portals.api.schema import answers
from portals.api.serializers.patients import MeOut
from portals.api.views.base import ApiView


class Me(ApiView):
    @answers(200, MeOut, summary="Read who you are to this site")
    def get(self, request: Request) -> Response:
        me = {
            "email": self.user.email,
            "mobile": self.user.mobile,
            "relatives": Relative.objects.of(self.user),
        }
        return Response(MeOut(me).data)
