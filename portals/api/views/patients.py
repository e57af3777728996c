"""Records of the practice's patients."""

from __future__ import annotations

import uuid

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from documents.merging.merge import merge_records
from documents.merging.unmerge import unmerge_records
from documents.sharing.accesses import accesses_to, end_access
from patients.merges import record_that_stays
from patients.models import Patient
from patients.names import MAX_SEARCH_LENGTH, MAX_SEARCH_WORDS
from patients.records import FormerContacts, change_patient, confirm_contacts, create_patient
from portals.api.schema import answers, page_of, whole_list
from portals.api.serializers.patients import AccessOut, MergeIn, PatientChangeIn, PatientIn, PatientOut
from portals.api.views.base import Listing, StaffView, practice_asked_for, read
from portals.clock import set_clock
from practices.models import SHARING_ROLES, Practice
from practices.roles import require_sharer


def practice_of(user: User, asked: uuid.UUID | None) -> Practice:
    """The practice of a new object: the one asked for, or the only one where the user may write."""
    if asked is not None:
        return practice_asked_for(user, asked)
    practices = list(Practice.objects.of(user, *SHARING_ROLES)[:2]) or list(Practice.objects.of(user)[:2])
    if len(practices) != 1:
        raise ValidationError({"practice": _("Vous êtes dans plusieurs cabinets : dites lequel.")})
    return practices[0]


SEARCH = OpenApiParameter(
    "search",
    {"type": "string", "maxLength": MAX_SEARCH_LENGTH},
    description="Every word is found in the name, the email or the mobile; a date (1944-03-02, 02/03/1944, 2/3/44), "
    f"a month (03/1944) or a year in the birth date; at most {MAX_SEARCH_WORDS} words",
)


class Patients(StaffView, Listing[Patient]):
    serializer_class = PatientOut

    def get_queryset(self) -> QuerySet[Patient]:
        return Patient.objects.of_staff(self.user).search(self.request.query_params.get("search", ""))

    def makes(self) -> QuerySet[Patient]:
        return Patient.objects.of_staff(self.user, *SHARING_ROLES)

    @answers(
        200,
        page_of(PatientOut),
        operation_id="patients_list",
        parameters=[SEARCH],
        summary="List and search patients, newest first",
    )
    def get(self, request: Request) -> Response:
        return self.list(request)

    @answers(201, PatientOut, request=PatientIn, summary="Make a patient's record")
    def post(self, request: Request) -> Response:
        record = read(PatientIn(data=request.data))
        practice = practice_of(self.user, record.pop("practice", None))
        check_may_write(self.user, practice)
        patient = self.made_before()
        if patient is None:
            patient = create_patient(practice=practice, **record, by=self.user, pk=self.object_id)
        return Response(PatientOut(patient).data, status=201)


class PatientDetail(StaffView):
    @answers(200, PatientOut, summary="Read a patient's record")
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        """A record that became part of another answers with the one that stays."""
        stays = record_that_stays(pk)
        return Response(PatientOut(_of_staff(self.user, stays.pk if stays else pk)).data)

    @answers(
        200,
        PatientOut,
        request=PatientChangeIn(partial=True),
        summary="Change a patient's record",
        refusals=["say_whose_contacts"],
    )
    def patch(self, request: Request, pk: uuid.UUID) -> Response:
        patient = _of_staff(self.user, pk)
        check_may_write(self.user, patient.practice)
        changes = read(PatientChangeIn(data=request.data, partial=True))
        changes.pop("practice", None)
        whose = changes.pop("former_contacts", None)
        former_contacts = FormerContacts(whose) if whose else None
        changed = change_patient(patient=patient, by=self.user, former_contacts=former_contacts, **changes)
        return Response(PatientOut(changed).data)


class ChangesRecord(StaffView):
    """A POST that changes the record of its address, by whoever may write there."""

    @cached_property
    def patient(self) -> Patient:
        return _of_staff(self.user, self.kwargs["pk"])

    def makes(self) -> None:
        check_may_write(self.user, self.patient.practice)


class ConfirmContacts(ChangesRecord):
    """Staff made sure that the record's contacts are the patient's own."""

    @answers(200, PatientOut, summary="Confirm that the contacts are the patient's own")
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        return Response(PatientOut(confirm_contacts(patient=self.patient, by=self.user)).data)


class MergeRecords(ChangesRecord):
    """Two records of one person become one."""

    @answers(
        200,
        PatientOut,
        request=MergeIn,
        summary="Merge another record into this one",
        refusals=["both_have_accounts", "same_record"],
    )
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        asked = read(MergeIn(data=request.data))
        stays = record_that_stays(asked["other"])
        merged_before = stays is not None and stays.pk == pk != asked["other"]
        if not merged_before:
            merge_records(
                kept=self.patient,
                other=_of_staff(self.user, asked["other"]),
                from_other=asked.get("from_other", []),
                by=self.user,
            )
        return Response(PatientOut(_of_staff(self.user, pk)).data)


class UnmergeRecords(ChangesRecord):
    """The last record that became part of this one is of its own again."""

    @answers(
        200,
        PatientOut,
        summary="Undo the last merge into this record, within 30 days",
        refusals=["nothing_to_undo"],
    )
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        unmerge_records(kept=self.patient, by=self.user)
        return Response(PatientOut(_of_staff(self.user, pk)).data)


class Accesses(StaffView):
    """Every live way to something of the record."""

    @answers(
        200,
        whole_list(AccessOut),
        operation_id="patients_accesses_list",
        summary="List who has access to a patient's record",
    )
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        patient = _of_staff(self.user, pk)
        set_clock(patient.practice)
        accesses = accesses_to(patient)
        return Response({"results": AccessOut(accesses, many=True).data})


class AccessDetail(StaffView):
    @answers(204, summary="End an access to a patient's record")
    def delete(self, request: Request, pk: uuid.UUID, access_id: uuid.UUID) -> Response:
        if not end_access(patient=_of_staff(self.user, pk), access_id=access_id, by=self.user):
            raise Http404
        return Response(status=204)


def _of_staff(user: User, pk: uuid.UUID) -> Patient:
    return get_object_or_404(Patient.objects.of_staff(user).select_related("practice"), pk=pk)


def check_may_write(user: User, practice: Practice) -> None:
    require_sharer(user, practice, _("Votre rôle permet de lire, pas d’écrire."))
