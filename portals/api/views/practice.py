"""A practice's identity, agendas and visit reasons. Staff read them, administrators change them."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any, cast

from django.db import transaction
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from appointments.agendas import (
    AgendaFacts,
    change_agenda,
    close_agenda,
    make_agenda,
    practitioners_of,
    reopen_agenda,
)
from appointments.models import Agenda, AppointmentKind, VisitReason
from appointments.visit_reasons import (
    ReasonFacts,
    archive_visit_reason,
    change_visit_reason,
    make_visit_reason,
    offer_again,
)
from portals.api.pagination import Whole
from portals.api.practice import PRACTICE, practice_of_call
from portals.api.schema import answers, whole_list
from portals.api.serializers.practice import (
    AgendaChangeIn,
    AgendaIn,
    AgendaOut,
    PracticeIn,
    PracticeOut,
    VisitReasonChangeIn,
    VisitReasonIn,
    VisitReasonOut,
)
from portals.api.views.base import Listing, StaffView, read
from practices.identity import Identity, set_identity
from practices.models import Practice, Role
from practices.unasked import take_unasked


class PracticeDetail(StaffView):
    @answers(200, PracticeOut, parameters=[PRACTICE], summary="Read your practice")
    def get(self, request: Request) -> Response:
        return Response(PracticeOut(practice_of_call(request)).data)

    @answers(200, PracticeOut, request=PracticeIn, parameters=[PRACTICE], summary="Change your practice")
    @transaction.atomic
    def patch(self, request: Request) -> Response:
        """Fields left out stay. When the time zone changes, appointments keep their moment."""
        practice = practice_of_call(request, Role.ADMIN)
        asked = read(PracticeIn(data=request.data))
        takes: bool | None = asked.pop("takes_unasked", None)
        changed = set_identity(practice=practice, changes=cast("Identity", asked), by=self.user)
        if takes is not None:
            take_unasked(practice=changed, takes=takes, by=self.user)
            changed.refresh_from_db()
        return Response(PracticeOut(changed).data)


class Agendas(StaffView, Listing[Agenda]):
    serializer_class = AgendaOut
    pagination_class = Whole

    def get_queryset(self) -> QuerySet[Agenda]:
        return Agenda.objects.of_staff(self.user)

    @cached_property
    def practice(self) -> Practice:
        return practice_of_call(self.request, Role.ADMIN)

    def makes(self) -> QuerySet[Agenda]:
        return Agenda.objects.filter(practice=self.practice)

    @answers(200, whole_list(AgendaOut), operation_id="agendas_list", summary="List the agendas of your practices")
    def get(self, request: Request) -> Response:
        return self.list(request)

    @answers(201, AgendaOut, request=AgendaIn, parameters=[PRACTICE], summary="Make an agenda")
    def post(self, request: Request) -> Response:
        """Without opening hours nothing can be booked online there."""
        asked = read(AgendaIn(data=request.data))
        agenda = self.made_before()
        if agenda is None:
            facts = _agenda_facts(self.practice, AgendaFacts(asked["name"]), asked)
            agenda = make_agenda(practice=self.practice, facts=facts, by=self.user, pk=self.object_id)
        return Response(AgendaOut(agenda).data, status=201)


class AgendaDetail(StaffView):
    @answers(200, AgendaOut, parameters=[PRACTICE], summary="Read an agenda")
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        return Response(AgendaOut(_agenda(practice_of_call(request), pk)).data)

    @answers(200, AgendaOut, request=AgendaChangeIn(partial=True), parameters=[PRACTICE], summary="Change an agenda")
    @transaction.atomic
    def patch(self, request: Request, pk: uuid.UUID) -> Response:
        """Fields left out stay."""
        agenda = _agenda(practice_of_call(request), pk)
        asked = read(AgendaChangeIn(data=request.data, partial=True))
        change_agenda(
            agenda=agenda, facts=_agenda_facts(agenda.practice, AgendaFacts.of(agenda), asked), by=self.user
        )
        if "active" in asked:
            (reopen_agenda if asked["active"] else close_agenda)(agenda=agenda, by=self.user)
        agenda.refresh_from_db()
        return Response(AgendaOut(agenda).data)

    @answers(204, parameters=[PRACTICE], summary="Close an agenda")
    def delete(self, request: Request, pk: uuid.UUID) -> Response:
        """Nothing of it is lost: its appointments, hours and documents stay, and `active` opens it again."""
        close_agenda(agenda=_agenda(practice_of_call(request), pk), by=self.user)
        return Response(status=204)


class VisitReasons(StaffView, Listing[VisitReason]):
    serializer_class = VisitReasonOut
    pagination_class = Whole

    def get_queryset(self) -> QuerySet[VisitReason]:
        return VisitReason.objects.of_staff(self.user).prefetch_related("agendas")

    @cached_property
    def practice(self) -> Practice:
        return practice_of_call(self.request, Role.ADMIN)

    def makes(self) -> QuerySet[VisitReason]:
        return VisitReason.objects.filter(practice=self.practice)

    @answers(
        200,
        whole_list(VisitReasonOut),
        operation_id="visit_reasons_list",
        summary="List the visit reasons of your practices",
    )
    def get(self, request: Request) -> Response:
        return self.list(request)

    @answers(201, VisitReasonOut, request=VisitReasonIn, parameters=[PRACTICE], summary="Make a visit reason")
    def post(self, request: Request) -> Response:
        asked = read(VisitReasonIn(data=request.data))
        reason = self.made_before()
        if reason is None:
            facts = _reason_facts(self.practice, ReasonFacts(asked["name"], asked["duration"]), asked)
            reason = make_visit_reason(practice=self.practice, facts=facts, by=self.user, pk=self.object_id)
        return Response(VisitReasonOut(reason).data, status=201)


class VisitReasonDetail(StaffView):
    @answers(200, VisitReasonOut, parameters=[PRACTICE], summary="Read a visit reason")
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        return Response(VisitReasonOut(_reason(practice_of_call(request), pk)).data)

    @answers(
        200,
        VisitReasonOut,
        request=VisitReasonChangeIn(partial=True),
        parameters=[PRACTICE],
        summary="Change a visit reason",
    )
    @transaction.atomic
    def patch(self, request: Request, pk: uuid.UUID) -> Response:
        """Fields left out stay; booked appointments keep their length."""
        reason = _reason(practice_of_call(request), pk)
        asked = read(VisitReasonChangeIn(data=request.data, partial=True))
        facts = _reason_facts(reason.practice, ReasonFacts.of(reason), asked)
        change_visit_reason(reason=reason, facts=facts, by=self.user)
        if "active" in asked:
            (offer_again if asked["active"] else archive_visit_reason)(reason=reason, by=self.user)
        return Response(VisitReasonOut(_reason(reason.practice, pk)).data)

    @answers(204, parameters=[PRACTICE], summary="Archive a visit reason")
    def delete(self, request: Request, pk: uuid.UUID) -> Response:
        """It is offered no longer; appointments keep it, and `active` offers it again."""
        archive_visit_reason(reason=_reason(practice_of_call(request), pk), by=self.user)
        return Response(status=204)


def _agenda(practice: Practice, pk: uuid.UUID) -> Agenda:
    return get_object_or_404(practice.agendas.select_related("practice", "practitioner"), pk=pk)


def _reason(practice: Practice, pk: uuid.UUID) -> VisitReason:
    return get_object_or_404(practice.visit_reasons.select_related("practice").prefetch_related("agendas"), pk=pk)


def _agenda_facts(practice: Practice, facts: AgendaFacts, asked: dict[str, Any]) -> AgendaFacts:
    """`facts` with what was asked. Raises ValidationError."""
    given: dict[str, Any] = {name: asked[name] for name in ("name", "online", "video_url") if name in asked}
    if "practitioner" in asked:
        given["practitioner"] = _practitioner(practice, facts.practitioner, asked["practitioner"])
    return replace(facts, **given)


def _practitioner(practice: Practice, current: User | None, asked: uuid.UUID | None) -> User | None:
    """The current one may stay, though they have left the practice. Raises ValidationError."""
    if asked is None or (current and current.pk == asked):
        return current if asked else None
    practitioner = next((one for one in practitioners_of(practice) if one.pk == asked), None)
    if practitioner is None:
        raise ValidationError({"practitioner": _("Choisissez un praticien de ce cabinet.")})
    return practitioner


def _reason_facts(practice: Practice, facts: ReasonFacts, asked: dict[str, Any]) -> ReasonFacts:
    """`facts` with what was asked. Raises ValidationError."""
    given: dict[str, Any] = {name: asked[name] for name in ("name", "duration", "online") if name in asked}
    if "kinds" in asked:
        given["kinds"] = [AppointmentKind(one) for one in asked["kinds"]]
    if "agendas" in asked:
        given["agendas"] = list(practice.agendas.filter(pk__in=asked["agendas"]))
        if len(given["agendas"]) < len(set(asked["agendas"])):
            raise ValidationError({"agendas": _("Cet agenda n’existe pas.")})
    return replace(facts, **given)
