"""Who receives the documents of an appointment, and what staff can do at once: missing contacts, the booker."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from appointments.authorisation import authorise_holder, withdraw_authorisation
from appointments.models import Appointment
from appointments.recipients import resolve
from documents.models import SharedDocument
from documents.models.shared import AudienceChoice
from documents.sharing.accesses import accesses_to
from documents.sharing.uploads import check_may_share
from notifications.wording import of
from patients.ownership import CONTACTS
from patients.records import change_patient, confirm_contacts
from portals.answers import done, not_done, refusals_shown
from portals.contact_hints import hint_at_misspelling
from portals.form_errors import refusals_in
from portals.practitioner.access_changes import effects_of_saving
from portals.practitioner.confirmation import Question, ask
from portals.practitioner.forms import ContactsForm
from portals.practitioner.share import share_context
from portals.practitioner.staff import appointment_of, staff_only
from practices.roles import may_share


@staff_only
@require_POST
def complete_contacts(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Adds the contacts that the record lacks."""
    appointment = appointment_of(user, pk)
    missing = list(resolve(appointment).missing)
    form = ContactsForm(request.POST, only=missing, patient=appointment.patient)
    if not may_share(user, appointment.practice):
        return not_done("practitioner:appointment", pk=pk)
    if form.is_valid():
        with refusals_in(form):
            sentence = _enter_contacts(appointment, form, user)
            messages.success(request, sentence)
            hint_at_misspelling(request, form.cleaned_data.get("email"))
            return done("practitioner:share", pk=pk)
    context = share_context(request, appointment, user, contacts_form=form, form=form)
    return render(request, "practitioner/share.html", context, status=400)


@transaction.atomic
def _enter_contacts(appointment: Appointment, form: ContactsForm, by: User) -> str:
    """Returns what it did, as a sentence. Contacts that waited to be confirmed are confirmed if staff type them
    again. Raises what change_patient raises."""
    accesses = accesses_to(appointment.patient)
    before = {name: getattr(appointment.patient, name) for name in CONTACTS}
    changed = change_patient(patient=appointment.patient, by=by, within=appointment.pk, **form.changes())
    if before == {name: getattr(changed, name) for name in CONTACTS}:
        confirm_contacts(patient=changed, by=by, within=appointment.pk)
    return effects_of_saving(accesses, accesses_to(changed))


@staff_only
@require_POST
def authorise(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    with refusals_shown(request, level=messages.INFO) as refusal:
        authorise_holder(appointment=appointment_of(user, pk), by=user)
    return refusal.redirect("practitioner:share", pk=pk)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Asks first: this also calls off messages that have not left."""
    appointment = appointment_of(user, pk)
    if request.method != "POST":
        return _ask_to_withdraw(request, user, appointment)
    withdraw_authorisation(appointment=appointment, by=user)
    messages.success(
        request, _("L’autorisation est retirée : la personne qui a pris le rendez-vous ne voit plus ces documents.")
    )
    return done("practitioner:appointment", pk=pk)


def _ask_to_withdraw(request: HttpRequest, user: User, appointment: Appointment) -> HttpResponse:
    check_may_share(appointment, user)
    seen = SharedDocument.objects.filter(appointment=appointment, audience=AudienceChoice.HOLDER).count()
    facts = {"holder": appointment.holder, "of_name": of(appointment.patient.full_name), "count": seen}
    question = Question(
        heading=_("Retirer l’autorisation donnée à %(holder)s ?") % facts,
        ends=[
            ngettext(
                "%(holder)s ne verra plus le document %(of_name)s partagé pour ce rendez-vous.",
                "%(holder)s ne verra plus les %(count)s documents %(of_name)s partagés pour ce rendez-vous.",
                seen,
            )
            % facts
            if seen
            else _("%(holder)s ne recevra aucun document %(of_name)s pour ce rendez-vous.") % facts,
            _("Les messages qui ne sont pas encore partis sont annulés. Les documents restent au cabinet."),
        ],
        button=_("Retirer l’autorisation"),
        back=reverse("practitioner:appointment", args=[appointment.pk]),
    )
    return ask(request, user, question, practice=appointment.practice)
