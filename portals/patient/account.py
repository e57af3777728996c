"""The patient's own account: contacts, language; sign-in matters are allauth's pages."""

from __future__ import annotations

import uuid
from typing import cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override
from django.views.decorators.http import require_http_methods, require_POST

from accounts.language import change_language
from accounts.models import User
from patients.models import Relative
from patients.relatives import forget_relative


class LanguageForm(forms.Form):
    language = forms.ChoiceField(
        label=gettext_lazy("Langue"),
        choices=[("fr", "Français"), ("en", "English")],
        widget=forms.Select(attrs={"class": "form-select"}),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def my_account(request: HttpRequest) -> HttpResponse:
    user = cast("User", request.user)
    form = LanguageForm(request.POST or None, initial={"language": user.language})
    if request.method == "POST" and form.is_valid():
        change_language(user=user, language=form.cleaned_data["language"])
        with override(user.language):
            messages.success(request, _("Votre langue est enregistrée."))
        return redirect("patient:account")
    relatives = Relative.objects.of(user)
    return render(request, "patient/account.html", {"form": form, "relatives": relatives, "section": "account"})


@require_POST
def remove_relative(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    relative = get_object_or_404(Relative.objects.of(cast("User", request.user)), pk=pk)
    forget_relative(relative=relative)
    messages.success(
        request,
        _("%(name)s n’est plus proposé(e) à la réservation. Ses rendez-vous et documents restent.")
        % {"name": relative.full_name},
    )
    return redirect("patient:account")
