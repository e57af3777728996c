"""Automatic documents on the appointment's page: what was and will be sent; send now, again, never, or after all."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from appointments.models import Appointment
from documents.models import AutoSend, DocumentLink
from documents.sending.autosend import do_not_send, plan_again, send_again, send_now
from documents.sending.links import revoke_link
from portals.answers import done, not_done
from portals.practitioner.confirmation import Question, ask
from portals.practitioner.staff import staff_only
from practices.models import Practice


def auto_sends_of(found: Appointment) -> QuerySet[AutoSend]:
    """Prefetches what their lines on the panel show (_auto_send_line.html)."""
    sendings = found.auto_sends.select_related("document", "question", "request", "rule", "shared", "link")
    return sendings.prefetch_related("shared__messages").order_by("due_at", "document__title")


@staff_only
@require_POST
def send(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    found = _sending(user, pk)
    if not send_now(sending=found, by=user):
        messages.error(request, _("Personne ne peut encore recevoir : complétez d’abord les coordonnées."))
        return not_done("practitioner:appointment", pk=found.appointment_id)
    return done("practitioner:appointment", pk=found.appointment_id)


@staff_only
@require_POST
def send_once_more(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    found = _sending(user, pk)
    if send_again(sending=found, by=user):
        messages.info(request, _("Le message attend son envoi, avec les mêmes documents."))
    else:
        messages.error(
            request, _("Le destinataire n’est plus le même, ou n’a plus de coordonnées : partagez le document.")
        )
        return not_done("practitioner:appointment", pk=found.appointment_id)
    return done("practitioner:appointment", pk=found.appointment_id)


@staff_only
@require_POST
def stop(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    found = _sending(user, pk)
    do_not_send(sending=found, by=user)
    messages.success(
        request,
        _("« %(title)s » ne sera pas envoyé. Vous pouvez le prévoir de nouveau.") % {"title": found.title},
    )
    return done("practitioner:appointment", pk=found.appointment_id)


@staff_only
@require_POST
def resume(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    found = _sending(user, pk)
    if plan_again(sending=found, by=user):
        messages.success(request, _("« %(title)s » est prévu de nouveau.") % {"title": found.title})
    else:
        messages.error(request, _("La règle n’envoie plus ce document pour ce rendez-vous : partagez-le."))
        return not_done("practitioner:appointment", pk=found.appointment_id)
    return done("practitioner:appointment", pk=found.appointment_id)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def close_link(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Closes the link without account; the documents stay in the account, if there is one. Asks first."""
    links = DocumentLink.objects.select_related("appointment__practice")
    found = get_object_or_404(links, pk=pk, appointment__practice__in=Practice.objects.of(user))
    if request.method != "POST":
        question = Question(
            heading=_("Fermer ce lien ?"),
            ends=[
                _("Le message déjà envoyé n’ouvrira plus rien, et ce lien ne se rouvre pas."),
                _("Les documents restent au cabinet, et dans le compte de la personne si elle en a un."),
            ],
            button=_("Fermer ce lien"),
            back=reverse("practitioner:appointment", args=[found.appointment_id]),
        )
        return ask(request, user, question, practice=found.appointment.practice)
    revoke_link(link=found, by=user)
    messages.success(request, _("Le lien est fermé : plus personne n’entre par lui."))
    return done("practitioner:appointment", pk=found.appointment_id)


def _sending(user: User, pk: uuid.UUID) -> AutoSend:
    return get_object_or_404(
        AutoSend.objects.select_related("document", "question"),
        pk=pk,
        appointment__practice__in=Practice.objects.of(user),
    )
