""" "Mon compte": who one is, and the ways to everything else of one's own account."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.identity import FIELDS, change_identity
from accounts.models import User
from accounts.sole_control import require_recent_sign_in
from portals.answers import done
from portals.form_errors import refusals_in
from portals.practitioner.staff import frame, staff_only
from practices.models import Practice, Role
from signing.certificates import retire_certificate


def _text(**attrs: str) -> forms.TextInput:
    return forms.TextInput(attrs={"class": "form-control", **attrs})


class IdentityForm(forms.Form):
    title = forms.CharField(
        label=gettext_lazy("Titre"),
        help_text=gettext_lazy("Dr, Pr…"),
        required=False,
        max_length=20,
        widget=_text(autocomplete="honorific-prefix"),
    )
    first_name = forms.CharField(
        label=gettext_lazy("Prénom"),
        max_length=100,
        widget=_text(autocomplete="given-name"),
        error_messages={"required": gettext_lazy("Saisissez le prénom.")},
    )
    last_name = forms.CharField(
        label=gettext_lazy("Nom"),
        max_length=100,
        widget=_text(autocomplete="family-name"),
        error_messages={"required": gettext_lazy("Saisissez le nom.")},
    )
    professional_number = forms.CharField(
        label=gettext_lazy("Numéro RPPS"),
        help_text=gettext_lazy("Pour un praticien : 11 chiffres."),
        required=False,
        max_length=100,
        widget=_text(autocomplete="off", inputmode="numeric"),
    )


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def my_account(request: HttpRequest, user: User) -> HttpResponse:
    """A practitioner's name and number stand in each signature: changing them needs a recent sign-in."""
    form = IdentityForm(request.POST or None, initial={name: getattr(user, name) for name in FIELDS})
    if request.method == "POST" and form.is_valid():
        if Practice.objects.of(user, Role.PRACTITIONER).exists():
            require_recent_sign_in(request)
        with refusals_in(form):
            if change_identity(user=user, **form.cleaned_data):
                retire_certificate(user=user)
            messages.success(request, _("Votre identité est enregistrée."))
            return done("practitioner:account")
    context = frame(request, user, "security", form=form)
    return render(request, "practitioner/my_account.html", context, status=400 if form.errors else 200)
