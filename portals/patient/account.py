"""The patient's own account: contacts, language, devices, activity; other sign-in matters are allauth's pages."""

from __future__ import annotations

import uuid
from typing import cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.device_cookie import asks_to_remember, device_of, keep_device
from accounts.language import change_language
from accounts.mobile import ask_for_mobile
from accounts.models import User
from accounts.sole_control import after_recent_sign_in
from patients.models import RecordTie, Relative
from patients.own_contacts import prove_new_mobile
from patients.relatives import forget_relative
from portals.activity_words import activity_page
from portals.answers import done, not_done
from portals.clock import set_own_clock
from portals.code_form import CodeForm
from portals.contact_fields import MobileField
from portals.device_list import devices_of, forget_one
from portals.form_errors import refusals_in
from portals.language_form import LanguageForm
from practices.activity import activity_of

NEW_MOBILE = "new_mobile"


class MobileForm(forms.Form):
    mobile = MobileField(
        label=gettext_lazy("Votre nouveau numéro de mobile"),
        error_messages={"required": gettext_lazy("Saisissez votre nouveau numéro de mobile.")},
        widget=forms.TelInput(attrs={"autocomplete": "tel"}),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def my_account(request: HttpRequest) -> HttpResponse:
    user = cast("User", request.user)
    form = LanguageForm(request.POST or None, initial={"language": user.language})
    if request.method == "POST" and form.is_valid():
        change_language(user=user, language=form.cleaned_data["language"])
        with override(user.language):
            messages.success(request, _("Votre langue est enregistrée."))
        return done("patient:account")
    set_own_clock(user)
    context = {
        "form": form,
        "relatives": Relative.objects.of(user),
        "devices": devices_of(request, user),
        "suspended": RecordTie.objects.suspended().filter(user=user).select_related("patient__practice"),
        "section": "account",
    }
    return render(request, "patient/account.html", context, status=400 if form.errors else 200)


@require_POST
def forget_device(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    forget_one(request, cast("User", request.user), pk)
    return done("patient:account")


@require_safe
def activity(request: HttpRequest) -> HttpResponse:
    user = cast("User", request.user)
    set_own_clock(user)
    events = activity_of(user, records=RecordTie.objects.filter(user=user).values_list("patient", flat=True))
    page = activity_page(events, request.GET.get("before"))
    return render(request, "patient/activity.html", {"activity": page, "section": "account"})


@after_recent_sign_in
@require_http_methods(["GET", "HEAD", "POST"])
def change_mobile(request: HttpRequest) -> HttpResponse:
    """Enter the new number first, then the code sent to it."""
    user = cast("User", request.user)
    form = MobileForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            ask_for_mobile(user=user, mobile=form.cleaned_data["mobile"])
            request.session[NEW_MOBILE] = form.cleaned_data["mobile"]
            return done("patient:mobile-code")
    status = 400 if form.errors else 200
    return render(request, "patient/mobile.html", {"form": form, "section": "account"}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def new_mobile_code(request: HttpRequest) -> HttpResponse:
    user = cast("User", request.user)
    mobile = request.session.get(NEW_MOBILE)
    if not mobile:
        return not_done("patient:mobile")
    known = device_of(request, user)
    is_remembered = known is not None and known.code_given
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if prove_new_mobile(user=user, mobile=mobile, digits=form.cleaned_data["code"]):
            del request.session[NEW_MOBILE]
            messages.success(request, _("Votre numéro de mobile est changé."))
            response = done("patient:account")
            if is_remembered or asks_to_remember(request):  # another mobile makes every device new again
                keep_device(request, response, user)
            return response
        form.refuse()
    context = {
        "form": form,
        "mobile": mobile,
        "is_remembered": is_remembered,
        "remember": asks_to_remember(request),
        "section": "account",
    }
    return render(request, "patient/mobile_code.html", context, status=400 if form.errors else 200)


@require_POST
def remove_relative(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    relative = get_object_or_404(Relative.objects.of(cast("User", request.user)), pk=pk)
    forget_relative(relative=relative)
    messages.success(
        request,
        _("%(name)s n’est plus proposé(e) à la réservation. Ses rendez-vous et documents restent.")
        % {"name": relative.full_name},
    )
    return done("patient:account")
