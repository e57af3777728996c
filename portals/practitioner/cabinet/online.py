"""To whom online booking is open, and whether searches find the practice. Administrators only."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.models import User
from appointments.public_practices import with_a_page
from portals.answers import done
from portals.form_errors import refusals_in
from portals.practice_address import page_path
from portals.practitioner.practices import administered_practice
from portals.practitioner.staff import frame, staff_only
from practices.listing import set_listed
from practices.models import BookingOpenTo, Practice
from practices.opening import open_booking_to


class OpeningForm(forms.Form):
    open_to = forms.ChoiceField(
        label=gettext_lazy("Qui peut prendre rendez-vous en ligne ?"),
        help_text=gettext_lazy(
            "Un patient est connu si son compte est relié à une fiche du cabinet, ou s’il y a déjà pris rendez-vous."
        ),
        choices=BookingOpenTo.choices,
        widget=forms.RadioSelect,
        error_messages={
            name: gettext_lazy("Choisissez à qui la réservation est ouverte.")
            for name in ("required", "invalid_choice")
        },
    )
    listed = forms.BooleanField(
        label=gettext_lazy("Le cabinet figure dans la recherche de ce site et dans les moteurs de recherche"),
        required=False,
    )


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def online_booking(request: HttpRequest, user: User) -> HttpResponse:
    practice = administered_practice(request, user)
    form = OpeningForm(request.POST or None, initial=_initial(practice))
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            with transaction.atomic():
                open_booking_to(practice=practice, whom=BookingOpenTo(form.cleaned_data["open_to"]), by=user)
                set_listed(practice=practice, listed=form.cleaned_data["listed"], by=user)
            messages.success(request, _("Le réglage est enregistré. Les rendez-vous déjà pris restent."))
            return done("practitioner:online-booking")
    practice.refresh_from_db(fields=["is_listed", "booking_open_to"])
    address = f"{settings.PUBLIC_URL}{page_path(practice)}"
    has_page = with_a_page().filter(pk=practice.pk).exists()
    context = frame(request, user, "settings", practice=practice, form=form, address=address, has_page=has_page)
    return render(request, "practitioner/cabinet/online.html", context, status=400 if form.errors else 200)


def _initial(practice: Practice) -> dict[str, object]:
    return {"open_to": practice.booking_open_to, "listed": practice.is_listed}
