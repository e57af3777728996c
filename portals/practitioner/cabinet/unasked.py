"""Whether patients may send documents without being asked. Administrators only."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.models import User
from portals.answers import done
from portals.form_errors import refusals_in
from portals.practitioner.practices import administered_practice
from portals.practitioner.staff import frame, staff_only
from practices.unasked import take_unasked


class UnaskedForm(forms.Form):
    takes = forms.BooleanField(
        label=gettext_lazy("Les patients peuvent envoyer un document sans qu’il soit demandé"), required=False
    )


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def unasked(request: HttpRequest, user: User) -> HttpResponse:
    practice = administered_practice(request, user)
    form = UnaskedForm(request.POST or None, initial={"takes": practice.takes_unasked})
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            take_unasked(practice=practice, takes=form.cleaned_data["takes"], by=user)
            messages.success(request, _("Le réglage est enregistré. Ce qui a été reçu reste."))
            return done("practitioner:unasked")
    context = frame(request, user, "settings", practice=practice, form=form)
    return render(request, "practitioner/cabinet/unasked.html", context, status=400 if form.errors else 200)
