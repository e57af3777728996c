"""The code by SMS, between password and session, on a device that is new to the account."""

from __future__ import annotations

from allauth.account.internal.flows.login import record_authentication
from allauth.account.stages import LoginStageController
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.codes import check_code
from accounts.device_cookie import asks_to_remember, keep_device
from accounts.devices import CODE_PURPOSE, send_device_code
from accounts.models import User
from accounts.stages import NewDeviceStage
from accounts.tries import note_failure
from portals.answers import refusals_shown
from portals.code_form import CodeForm


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def device(request: HttpRequest) -> HttpResponse:
    stage = LoginStageController.enter(request, NewDeviceStage.key)
    if stage is None:
        return redirect(settings.LOGIN_URL)
    user: User = stage.login.user
    form = CodeForm(request.POST or None)
    if request.method == "POST" and "resend" in request.POST:
        return _send_again(request, user)
    if request.method == "POST" and form.is_valid():
        if check_code(purpose=CODE_PURPOSE, subject_id=user.pk, digits=form.cleaned_data["code"]):
            record_authentication(request, user, method="sms_code")
            response: HttpResponse = stage.exit()
            if asks_to_remember(request):
                keep_device(request, response, user)
            return response
        note_failure(request, what="sms_code", user=user)
        form.refuse()
    context = {
        "form": form,
        "remember": asks_to_remember(request),
        "mobile": user.mobile,
        "too_many": stage.state.get("too_many"),
        "refused": stage.state.get("refused"),
    }
    return render(request, "public/device.html", context, status=400 if form.errors else 200)


def _send_again(request: HttpRequest, user: User) -> HttpResponse:
    with refusals_shown(request):
        send_device_code(user)
        messages.info(request, _("Un code à six chiffres vient de vous être envoyé par SMS."))
    return redirect("device")
