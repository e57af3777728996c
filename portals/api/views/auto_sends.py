"""Rules that send documents by themselves, and what they planned and sent."""

from __future__ import annotations

import uuid
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet
from django.shortcuts import get_object_or_404
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from appointments.models import Agenda, VisitReason
from documents.models import AutoSend, AutoSendRule, LibraryDocument
from documents.models.autosend import Moment
from documents.sending.rules import ONLY_ADMINISTRATORS, Asks, RuleContent, delete_rule, save_rule
from portals.api.pagination import Whole
from portals.api.schema import answers, page_of, whole_list
from portals.api.serializers.rules import AutoSendOut, RuleIn, RuleOut
from portals.api.views.appointments import OfAppointment
from portals.api.views.base import Listing, StaffView, administered_practice, read
from practices.models import Practice

M = TypeVar("M", bound=Model)


def with_parts(rules: QuerySet[AutoSendRule]) -> QuerySet[AutoSendRule]:
    return rules.prefetch_related("documents", "questions", "visit_reasons", "agendas").select_related("practice")


class Rules(StaffView, Listing[AutoSendRule]):
    serializer_class = RuleOut

    def get_queryset(self) -> QuerySet[AutoSendRule]:
        return with_parts(AutoSendRule.objects.of_staff(self.user).kept())

    @cached_property
    def practice(self) -> Practice:
        return administered_practice(self.user, _practice_in_body(self.request), ONLY_ADMINISTRATORS)

    def makes(self) -> QuerySet[AutoSendRule]:
        return AutoSendRule.objects.filter(practice=self.practice).kept()

    @answers(
        200, page_of(RuleOut), operation_id="auto_send_rules_list", summary="List the rules of automatic sending"
    )
    def get(self, request: Request) -> Response:
        return self.list(request)

    @answers(201, RuleOut, request=RuleIn, summary="Write a rule of automatic sending")
    def post(self, request: Request) -> Response:
        rule = self.made_before()
        if rule is None:
            content = _content(self.practice, read(RuleIn(data=request.data)))
            rule = save_rule(practice=self.practice, content=content, by=self.user, pk=self.object_id)
        return Response(RuleOut(rule).data, status=201)


class RuleDetail(StaffView):
    def _get(self, pk: uuid.UUID) -> AutoSendRule:
        return get_object_or_404(with_parts(AutoSendRule.objects.of_staff(self.user).kept()), pk=pk)

    @answers(200, RuleOut, summary="Read a rule of automatic sending")
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        return Response(RuleOut(self._get(pk)).data)

    @answers(200, RuleOut, request=RuleIn, summary="Change a rule of automatic sending")
    def patch(self, request: Request, pk: uuid.UUID) -> Response:
        rule = self._get(pk)
        asked = read(RuleIn(data=RuleOut(rule).data | _fields(request)))
        content = _content(rule.practice, asked, rule=rule)
        save_rule(practice=rule.practice, content=content, by=self.user, rule=rule)
        return Response(RuleOut(self._get(pk)).data)

    @answers(204, summary="Delete a rule of automatic sending")
    def delete(self, request: Request, pk: uuid.UUID) -> Response:
        delete_rule(rule=self._get(pk), by=self.user)
        return Response(status=204)


class AppointmentAutoSends(OfAppointment, Listing[AutoSend]):
    serializer_class = AutoSendOut
    pagination_class = Whole

    def get_queryset(self) -> QuerySet[AutoSend]:
        sendings = self.appointment.auto_sends.select_related("shared", "request", "appointment__practice")
        return sendings.prefetch_related("shared__messages")

    @answers(
        200,
        whole_list(AutoSendOut),
        operation_id="appointments_auto_sends_list",
        summary="List what is sent automatically for an appointment",
    )
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        return self.list(request)


def _fields(request: Request) -> dict[str, Any]:
    if not isinstance(request.data, dict):
        raise ValidationError(_("Envoyez un objet JSON."))
    return request.data


def _practice_in_body(request: Request) -> uuid.UUID | None:
    asked = _fields(request).get("practice")
    try:
        return uuid.UUID(str(asked)) if asked else None
    except ValueError:
        raise ValidationError({"practice": _("Ceci n’est pas un identifiant.")}) from None


def _content(practice: Practice, asked: dict[str, Any], *, rule: AutoSendRule | None = None) -> RuleContent:
    """`rule`: the rule being changed. It may still name documents that were archived since; they are not sent."""
    offered = LibraryDocument.objects.filter(practice=practice)
    offered = offered.filter(Q(archived_at=None) | Q(pk__in=rule.documents.all() if rule else []))
    return RuleContent(
        name=asked["name"],
        documents=_chosen(offered, asked, "documents"),
        questions=[_asks(practice, one) for one in asked["requests"]],
        visit_reasons=_chosen(VisitReason.objects.filter(practice=practice), asked, "visit_reasons"),
        agendas=_chosen(Agenda.objects.filter(practice=practice), asked, "agendas"),
        moment=Moment(asked["moment"]),
        offset_hours=asked["offset_hours"],
        channels=asked["channels"],
        active=asked["active"],
    )


def _asks(practice: Practice, asked: dict[str, Any]) -> Asks:
    questionnaire = None
    if asked["questionnaire"] is not None:
        questionnaire = practice.questionnaires.filter(pk=asked["questionnaire"]).first()
        if questionnaire is None:
            raise ValidationError({"questionnaire": _("Un de ces identifiants n’existe pas dans ce cabinet.")})
    return Asks(asked["label"], asked["details"], asked["days_before"], asked["id"], questionnaire)


def _chosen(offered: QuerySet[M], asked: dict[str, Any], name: str) -> list[M]:
    chosen = list(offered.filter(pk__in=asked[name]))
    if len(chosen) != len(set(asked[name])):
        raise ValidationError({name: _("Un de ces identifiants n’existe pas dans ce cabinet.")})
    return chosen
