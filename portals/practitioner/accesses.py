"""*Qui a accès*: end an access, confirm contacts, refuse a holder."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from appointments.authorisation import check_may_end_access, refuse_holder
from appointments.models import Appointment, HolderExclusion
from documents.sharing.accesses import accesses_to, end_access, restore_holder_access
from notifications.wording import of
from patients.models import ContactProposal, Patient, RecordTie
from patients.own_contacts import settle_proposal
from patients.records import confirm_contacts
from portals.answers import done, not_done, refusals_shown
from portals.practitioner.access_words import AccessWords, access_words, effects_of_ending
from portals.practitioner.confirmation import Question, ask
from portals.practitioner.staff import appointment_of, patient_of, staff_only
from practices.models import SHARING_ROLES, Practice


def accesses_of(patient: Patient, *, ties: Sequence[RecordTie] | None = None) -> list[AccessWords]:
    """`ties`: as for accesses_to."""
    return [access_words(access) for access in accesses_to(patient, ties=ties)]


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def end(request: HttpRequest, user: User, pk: uuid.UUID, access_id: uuid.UUID) -> HttpResponse:
    """Asks first: only new proofs restore an access that was ended."""
    patient = patient_of(user, pk)
    if request.method != "POST":
        return _ask_to_end(request, user, patient, access_id)
    if end_access(patient=patient, access_id=access_id, by=user):
        messages.success(
            request,
            _("L’accès est retiré. Avant de partager de nouveau, confirmez ou corrigez les coordonnées."),
        )
    else:
        messages.info(request, _("Cet accès n’existait plus."))
        return not_done(_page_before(request, user, patient))
    return done(_page_before(request, user, patient))


def _ask_to_end(request: HttpRequest, user: User, patient: Patient, access_id: uuid.UUID) -> HttpResponse:
    check_may_end_access(patient.practice, user)
    access = next((one for one in accesses_to(patient) if one.id == access_id), None)
    if access is None:
        messages.info(request, _("Cet accès n’existait plus."))
        return not_done("practitioner:patient", pk=patient.pk)
    words = access_words(access)
    question = Question(
        heading=_("Retirer l’accès %(of_who)s ?") % {"of_who": of(words.who)},
        ends=[
            f"{words.title}. {words.stands_on}",
            effects_of_ending(access, patient),
            _("Les documents restent au cabinet, et l’historique garde ce retrait."),
        ],
        button=_("Retirer l’accès"),
        back=reverse("practitioner:patient", args=[patient.pk]),
        section="patients",
    )
    return ask(request, user, question, practice=patient.practice)


@staff_only
@require_POST
def readmit(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Staff restore the access that they had ended of somebody who booked for a minor."""
    practices = Practice.objects.of(user, *SHARING_ROLES)
    theirs = HolderExclusion.objects.filter(patient__practice__in=practices)
    tie = get_object_or_404(theirs.select_related("patient__practice", "holder"), pk=pk)
    if restore_holder_access(patient=tie.patient, holder=tie.holder, by=user):
        messages.success(
            request, _("L’accès est rendu à %(name)s. Les liens fermés le restent.") % {"name": tie.holder}
        )
    else:
        messages.info(request, _("Cet accès avait déjà été rendu."))
        return not_done(_page_before(request, user, tie.patient))
    return done(_page_before(request, user, tie.patient))


@staff_only
@require_POST
def confirm(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Staff confirm that the record's contacts are the patient's own."""
    patient = patient_of(user, pk)
    confirm_contacts(patient=patient, by=user)
    messages.success(request, _("Les coordonnées sont confirmées : ce sont celles du patient."))
    return done(_page_before(request, user, patient))


@staff_only
@require_POST
def refuse(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    with refusals_shown(request, level=messages.INFO) as refusal:
        refuse_holder(appointment=appointment_of(user, pk), by=user)
        messages.success(
            request, _("C’est refusé : la personne qui a pris le rendez-vous n’en recevra aucun document.")
        )
    return refusal.redirect("practitioner:share", pk=pk)


@staff_only
@require_POST
def proposal(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Staff accept or refuse a contact that the patient changed in their account."""
    practices = Practice.objects.of(user, *SHARING_ROLES)
    its_proposal = get_object_or_404(ContactProposal.objects.filter(patient__practice__in=practices), pk=pk)
    take = bool(request.POST.get("take"))
    settle_proposal(proposal=its_proposal, take=take, by=user)
    sentence = (
        _("Les coordonnées sont reprises dans la fiche.") if take else _("Les coordonnées ne sont pas reprises.")
    )
    messages.success(request, sentence)
    return done("practitioner:patient", pk=its_proposal.patient_id)


def _page_before(request: HttpRequest, user: User, patient: Patient) -> str:
    """The address of the appointment or the share page from which the button was pressed, else of the record."""
    page = "practitioner:share" if request.POST.get("share") else "practitioner:appointment"
    try:
        asked = uuid.UUID(request.POST.get("appointment") or request.POST.get("share") or "")
    except ValueError:
        asked = None
    appointment = Appointment.objects.of_staff(user).filter(pk=asked, patient=patient).first() if asked else None
    return reverse(page, args=[appointment.pk]) if appointment else reverse("practitioner:patient", args=[patient.pk])
