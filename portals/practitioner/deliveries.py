"""Deliveries of shared documents: whom they reached, whom they did not reach and why, and what to do."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from appointments.notices import settle, with_their_appointments
from appointments.recipients import RecipientState, resolve
from documents.models import AutoSend, SharedDocument
from documents.models.autosend import AutoSendState
from documents.models.shared import AudienceChoice, read_messages
from documents.sharing import delivery_search
from documents.sharing.access import visible_as_staff
from documents.sharing.chasing import ChaseResult, chase, correct_and_chase
from documents.sharing.deliveries import notices_that_failed
from documents.sharing.delivery_search import DeliverySearch, Shown
from patients.records import check_may_edit
from portals.answers import done, not_done
from portals.contact_hints import hint_at_misspelling
from portals.form_errors import refusals_in
from portals.practitioner.calendar_words import waiting_calendars
from portals.practitioner.delivery_filter import DeliveryFilterForm
from portals.practitioner.forms import ContactsForm
from portals.practitioner.practices import practice_of
from portals.practitioner.staff import frame, staff_only
from practices.models import SHARING_ROLES, Practice

SHOWN = 30  # documents
BLOCKED_SHOWN = 15  # of each other list
COUNTED = 1000  # documents; more are “plus de 1 000”


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def deliveries(request: HttpRequest, user: User) -> HttpResponse:
    """Deliveries that need attention, or those that somebody looks for. The words of a search are a POST: a name does
    not belong in an address. Without words, the address holds the rest."""
    practice = practice_of(request, user)
    asked = request.POST if request.method == "POST" else request.GET.copy()
    if request.method != "POST":
        asked.pop("q", None)
    form = DeliveryFilterForm(asked, practice=practice, user=user)
    search = form.search() if form.is_valid() else None
    if request.method == "POST" and search and not form.cleaned_data["q"].strip():
        return not_done(f"{reverse('practitioner:deliveries')}?{form.query()}".rstrip("?"))
    context = frame(request, user, "deliveries", form=form, **_found(request, user, practice, form, search))
    return render(request, "practitioner/deliveries.html", context, status=200 if search else 400)


def _found(
    request: HttpRequest, user: User, practice: Practice, form: DeliveryFilterForm, search: DeliverySearch | None
) -> dict[str, Any]:
    if search is None:
        return {"documents": [], "is_filtered": True}
    found = delivery_search.documents(user, practice, search)
    sent = request.POST if request.method == "POST" else request.GET
    page, has_more = _page_of(found, sent.get("after"), user)
    is_whole = not has_more and "after" not in sent
    counted = len(page) if is_whole else found.order_by()[: COUNTED + 1].count()
    blocked = delivery_search.blocked(user, practice, search)
    proposals = delivery_search.proposals(user, practice, search)
    notices = delivery_search.notices(user, practice, search)
    late = delivery_search.late(user, practice, search)
    unsigned = delivery_search.unsigned(user, practice, search)
    beside: dict[str, Any] = {
        "blocked": _blocked(blocked),
        "late": list(late[:BLOCKED_SHOWN]),
        "unsigned": list(unsigned[:BLOCKED_SHOWN]),
        "proposals": list(proposals[:BLOCKED_SHOWN]),
        "calendars": [] if search.narrows or search.is_of_documents else waiting_calendars(practice),
        "notices": with_their_appointments(list(notices[:BLOCKED_SHOWN])),
    }
    full = (
        ("blocked", blocked),
        ("proposals", proposals),
        ("notices", notices),
        ("late", late),
        ("unsigned", unsigned),
    )
    return {
        "documents": page,
        "counted": min(counted, COUNTED),
        "counted_more": counted > COUNTED,
        "next_after": page[-1].pk if has_more else None,
        "search": search,
        "everything": search.shown is Shown.ALL,
        "is_filtered": search.narrows or search.shown not in (Shown.TO_DO, Shown.ALL),
        "query": form.query(),
        **beside,
        "more_than_shown": [rows.order_by().count() for name, rows in full if len(beside[name]) == BLOCKED_SHOWN],
        "other_lists": any(beside.values()),
        "shares_in": set(Practice.objects.ids_of(user, *SHARING_ROLES)),
    }


def _page_of(found: QuerySet[SharedDocument], after: str | None, user: User) -> tuple[list[SharedDocument], bool]:
    """Newest first, by keyset: the page after the document `after`, though it may have left the list since."""
    try:
        last = visible_as_staff(user).filter(pk=uuid.UUID(after)).first() if after else None
    except ValueError:
        last = None
    if last is not None:
        found = found.filter(shared_at__lte=last.shared_at).exclude(shared_at=last.shared_at, pk__gte=last.pk)
    found = found.select_related("patient", "holder", "authorisation", "appointment__practice", "consent")
    page = list(found.order_by("-shared_at", "-id")[: SHOWN + 1])
    read_messages(page[:SHOWN])
    return page[:SHOWN], len(page) > SHOWN


def _blocked(sendings: QuerySet[AutoSend]) -> list[dict[str, Any]]:
    related = sendings.select_related(
        "document", "question", "appointment__patient__practice", "appointment__practice", "appointment__holder"
    )
    return [{"sending": one, "reason": _why(one)} for one in related[:BLOCKED_SHOWN]]


def _why(sending: AutoSend) -> str:
    if sending.state == AutoSendState.FAILED:
        return _("Ce document n’a pas pu être envoyé : ouvrez le rendez-vous pour réessayer.")
    recipient = resolve(sending.appointment)
    if recipient.state is RecipientState.NEEDS_AUTHORISATION:
        return _("Une autorisation manque : décidez qui peut recevoir les documents de ce rendez-vous.")
    return _("Aucune coordonnée du destinataire n’est connue : complétez la fiche.")


@staff_only
@require_POST
def settle_notice(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """“It is seen to”: staff called the patient, for example."""
    practice = practice_of(request, user)
    message = get_object_or_404(notices_that_failed(user, practice), pk=pk)
    settle(message=message, practice=practice, by=user)
    messages.success(request, _("C’est noté : ce message n’est plus à traiter."))
    return done("practitioner:deliveries")


@staff_only
@require_POST
def chase_document(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    document = get_object_or_404(visible_as_staff(user), pk=pk)
    chased, back = chase(document=document, by=user), back_to(request.POST.get("back"), document)
    _say(request, chased)
    return not_done(back) if chased in (ChaseResult.REFUSED, ChaseResult.NOBODY) else done(back)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def correct(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Corrects wrong contacts and sends the message again: one form, one button."""
    visible = visible_as_staff(user).select_related("patient__practice", "holder", "authorisation", "appointment")
    document = get_object_or_404(visible, pk=pk, audience=AudienceChoice.PATIENT)
    check_may_edit(document.patient.practice, user)
    back = request.POST.get("back") or request.GET.get("back", "")
    initial = {"email": document.patient.email, "mobile": document.patient.mobile}
    form = ContactsForm(request.POST or None, initial=initial, only=["email", "mobile"], patient=document.patient)
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            corrected = correct_and_chase(
                document=document,
                email=form.cleaned_data["email"],
                mobile=form.cleaned_data["mobile"],
                former_contacts=form.changes()["former_contacts"],
                by=user,
            )
            _say(request, corrected)
            hint_at_misspelling(request, form.cleaned_data["email"])
            return done(back_to(back, document))
    context = frame(
        request,
        user,
        "deliveries",
        practice=document.patient.practice,
        document=document,
        form=form,
        back=back,
        back_to=back_to(back, document),
    )
    return render(request, "practitioner/correct.html", context, status=400 if form.errors else 200)


def back_to(asked: str | None, document: SharedDocument) -> str:
    """The page that held the button: one of three, whatever the address says."""
    if asked == "deliveries":
        return reverse("practitioner:deliveries")
    if asked == "share":
        return reverse("practitioner:share", args=[document.appointment_id])
    return reverse("practitioner:appointment", args=[document.appointment_id])


def _say(request: HttpRequest, chased: ChaseResult) -> None:
    match chased:
        case ChaseResult.SENT:
            messages.info(
                request, _("Le message attend son envoi : le suivi dira s’il est parti, remis ou de nouveau refusé.")
            )
        case ChaseResult.WAITING:
            messages.info(request, _("Un envoi est déjà en cours : rien n’est envoyé en double."))
        case ChaseResult.RECENT:
            messages.info(request, _("Un message est parti il y a moins d’une heure : rien n’est envoyé en double."))
        case ChaseResult.REFUSED:
            messages.error(
                request, _("Ces coordonnées ont été refusées : corrigez-les d’abord, le message partira alors.")
            )
        case ChaseResult.READ:
            messages.info(request, _("Le document vient d’être lu : rien n’est envoyé."))
        case ChaseResult.NOBODY:
            messages.error(
                request,
                _(
                    "Personne ne peut recevoir ce message : complétez la fiche, ou "
                    "autorisez la personne qui a pris le rendez-vous."
                ),
            )
