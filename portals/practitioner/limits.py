"""A practice's limits on booking online and on SMS. Administrators only."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.models import User
from appointments.limits import set_booking_limits, set_sms_limits
from appointments.models import BookingPolicy
from notifications.models import SmsPolicy
from notifications.sms_numbers import COUNTRIES
from portals.answers import done
from portals.form_fields import WholeNumberField
from portals.practitioner.practices import administered_practice
from portals.practitioner.staff import frame, staff_only


class BookingLimitsForm(forms.ModelForm[BookingPolicy]):
    most_upcoming = WholeNumberField(label=gettext_lazy("Rendez-vous à venir au plus, par compte"), least=1, most=500)
    most_per_person = WholeNumberField(
        label=gettext_lazy("Rendez-vous à venir au plus, par personne et par agenda"), least=1, most=100
    )
    most_a_day = WholeNumberField(
        label=gettext_lazy("Réservations au plus en un jour, par compte"),
        help_text=gettext_lazy("Les réservations annulées comptent aussi."),
        least=1,
        most=500,
    )

    class Meta:
        model = BookingPolicy
        fields = ["most_upcoming", "most_per_person", "most_a_day"]


class CountriesField(forms.CharField):
    """Country codes, as people write them: FR, BE, CH."""

    def prepare_value(self, value: object) -> object:
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        codes = [code for code in re.split(r"[\s,;]+", str(super().to_python(value) or "").upper()) if code]
        unknown = sorted({code for code in codes if code not in COUNTRIES})
        if unknown:
            sentence = _("Ces codes de pays n’existent pas : %(codes)s. Exemple : FR, BE, CH.")
            raise ValidationError(sentence % {"codes": ", ".join(unknown[:5])})
        return list(dict.fromkeys(codes))


class SmsLimitsForm(forms.ModelForm[SmsPolicy]):
    an_hour = WholeNumberField(label=gettext_lazy("SMS au plus en une heure"), least=1, most=10_000)
    a_day = WholeNumberField(label=gettext_lazy("SMS au plus en un jour"), least=1, most=50_000)
    countries = CountriesField(
        label=gettext_lazy("Pays où partent des SMS"),
        help_text=gettext_lazy(
            "Codes de deux lettres, séparés par des virgules. Chaque pays de plus coûte, et tente les fraudeurs."
        ),
        max_length=2000,
        widget=forms.Textarea(attrs={"class": "form-control", "rows": 3, "spellcheck": "false"}),
        error_messages={
            "required": gettext_lazy("Donnez au moins un pays. Exemple : FR."),
            "max_length": gettext_lazy(
                "Ce texte est trop long. Donnez des codes de pays de deux lettres, une fois chacun."
            ),
        },
    )

    class Meta:
        model = SmsPolicy
        fields = ["an_hour", "a_day", "countries"]


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def limits(request: HttpRequest, user: User) -> HttpResponse:
    """Two forms, each with its button."""
    practice = administered_practice(request, user)
    about_sms = "sms" in request.POST
    sent = request.POST if request.method == "POST" else None
    booking = BookingLimitsForm(None if about_sms else sent, instance=BookingPolicy.of(practice))
    sms = SmsLimitsForm(sent if about_sms else None, instance=SmsPolicy.of(practice.pk))
    if about_sms and sms.is_valid():
        set_sms_limits(practice=practice, policy=sms.instance, by=user)
    elif sent is not None and not about_sms and booking.is_valid():
        set_booking_limits(policy=booking.instance, by=user)
    else:
        wrong = sms if sms.errors else booking
        context = frame(request, user, "settings", practice=practice, form=wrong, booking=booking, sms=sms)
        return render(request, "practitioner/limits.html", context, status=400 if wrong.errors else 200)
    messages.success(request, _("Les limites sont enregistrées."))
    return done("practitioner:limits")
