"""Booking online: free slots, open to all; bookings of account holders."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from appointments.models import Agenda, Appointment, AppointmentKind, BookedFor, VisitReason
from appointments.online import book_online, cancel_online
from appointments.places import way_for
from appointments.slots import free_slots, open_to_online_booking
from patients.relatives import Person
from portals.api.authentication import OptionalTokenAuthentication
from portals.api.schema import BOOKING, answers, whole_list
from portals.api.serializers.appointments import BookingIn, BookingOut, SlotOut
from portals.api.throttling import ManyPerAddress
from portals.api.views.base import ApiView, asked_day, read

LONGEST = timedelta(days=60)
SLOT_FILTERS = [
    OpenApiParameter("visit_reason", uuid.UUID, required=True),
    OpenApiParameter("from", date, required=True),
    OpenApiParameter("to", date, required=True),
]


class Slots(APIView):
    """Public: what can be booked is no secret; who booked what is."""

    permission_classes = [AllowAny]
    authentication_classes = [OptionalTokenAuthentication]
    throttle_classes: list[type[BaseThrottle]] = [ManyPerAddress]

    @answers(
        200,
        whole_list(SlotOut),
        operation_id="agendas_slots_list",
        parameters=SLOT_FILTERS,
        auth=[],
        summary="List the free slots of an agenda",
    )
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        agenda = get_object_or_404(Agenda.objects.select_related("practice"), pk=pk, is_active=True)
        visit_reason = get_object_or_404(VisitReason, pk=_uuid(request.query_params.get("visit_reason")))
        if not open_to_online_booking(agenda, visit_reason):
            raise Http404
        first, last = asked_day(request, "from"), asked_day(request, "to")
        if last < first:
            raise ValidationError({"to": _("La fin de la période est avant son début.")})
        if last - first > LONGEST:
            raise ValidationError({"to": _("Demandez 60 jours au plus.")})
        slots = free_slots(agenda=agenda, visit_reason=visit_reason, first=first, last=last)
        return Response({"results": [SlotOut(slot).data for slot in slots]})


class Bookings(ApiView):
    def makes(self) -> QuerySet[Appointment]:
        return Appointment.objects.filter(holder=self.user)

    @answers(
        201,
        BookingOut,
        request=BookingIn,
        summary="Book a free slot online",
        refusals=BOOKING,
    )
    def post(self, request: Request) -> Response:
        """Book a free slot.

        409: `slot_taken`, `identity_incomplete`; and the practice's limits on booking online: `too_many_appointments`
        (to come, of this account), `too_many_with_agenda` (to come, of this person with this agenda),
        `overlapping_appointment` (of this person), `too_many_changes` (bookings of this account in a day).
        """
        asked = read(BookingIn(data=request.data))
        return Response(BookingOut(self.made_before() or self._book(asked)).data, status=201)

    def _book(self, asked: dict[str, Any]) -> Appointment:
        agenda = Agenda.objects.filter(pk=asked["agenda"], is_active=True).first()
        if agenda is None:
            raise ValidationError({"agenda": _("Cet agenda n’existe pas.")})
        visit_reason = VisitReason.objects.filter(pk=asked["visit_reason"], practice=agenda.practice_id).first()
        if visit_reason is None:
            raise ValidationError({"visit_reason": _("Ce motif n’existe pas.")})
        return book_online(
            holder=self.user,
            agenda=agenda,
            visit_reason=visit_reason,
            starts_at=asked["start"],
            kind=way_for(agenda, visit_reason, asked=None) if "kind" not in asked else AppointmentKind(asked["kind"]),
            booked_for=BookedFor(asked["booked_for"]),
            person=Person(**asked["patient"]) if asked.get("patient") else None,
            pk=self.object_id,
        )


class BookingDetail(ApiView):
    @answers(
        204, summary="Cancel an appointment that you booked online", refusals=["too_late", "appointment_cancelled"]
    )
    def delete(self, request: Request, pk: uuid.UUID) -> Response:
        cancel_online(appointment=get_object_or_404(Appointment, pk=pk, holder=self.user), by=self.user)
        return Response(status=204)


def _uuid(text: str | None) -> uuid.UUID:
    try:
        return uuid.UUID(text or "")
    except ValueError:
        raise ValidationError({"visit_reason": _("Dites le motif : visit_reason, un identifiant.")}) from None
