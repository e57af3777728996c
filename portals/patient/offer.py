"""An earlier time that is offered to a patient of the waiting list: a page with the time, and three answers.

Opening the page does nothing: mail scanners open pages. An answer needs the patient's birth date.
"""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from appointments.models import OfferState, SlotOffer
from appointments.offers import accept, find_offer, is_open, prove, refuse
from portals.answers import done
from portals.clock import set_clock
from portals.form_errors import refusals_in
from portals.message_language import speak
from portals.patient.forms import BirthDateForm

NO_REFERRER = "no-referrer"  # the address gives access, so other sites must not receive it


# With no-referrer, browsers send `Origin: null`, which Django refuses; the unguessable address and the birth date
# authorise the request.
@csrf_exempt
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def offer(request: HttpRequest, token: str) -> HttpResponse:
    its_offer = find_offer(token)
    if its_offer is None:
        return _page(request, None, BirthDateForm(), status=404)
    speak(request, its_offer.entry.patient.language)
    set_clock(its_offer.entry.practice)
    form = BirthDateForm(request.POST or None)
    if not is_open(its_offer):
        return _page(request, its_offer, form, status=200 if its_offer.state == OfferState.ACCEPTED else 410)
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            prove(its_offer, birth_date=form.cleaned_data["birth_date"])
            if request.POST.get("answer") == "accept":
                accept(its_offer)
            else:
                refuse(its_offer, leave=request.POST.get("answer") == "leave")
            response = done("patient:offer", token=token)
            response["Referrer-Policy"] = NO_REFERRER
            return response
        its_offer = find_offer(token) or its_offer
    status = 410 if not is_open(its_offer) else 400 if form.errors else 200
    return _page(request, its_offer, form, status=status)


def _page(request: HttpRequest, its_offer: SlotOffer | None, form: BirthDateForm, *, status: int) -> HttpResponse:
    context = {
        "offer": its_offer,
        "practice": its_offer.entry.practice if its_offer else None,
        "is_open": its_offer is not None and is_open(its_offer),
        "form": form,
    }
    response = render(request, "patient/offer.html", context, status=status)
    response["Referrer-Policy"] = NO_REFERRER
    return response
