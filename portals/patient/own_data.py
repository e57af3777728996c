"""All that is stored about oneself, as one archive; and closing one's account."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language_from_request, override
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from accounts.sole_control import after_recent_sign_in
from appointments.models import Appointment
from files.serving import respond
from personal_data.closing import close_account, is_staff_account
from personal_data.data_exports import export_of, note_download, request_export
from personal_data.models import DataExportState
from portals.answers import done, not_done, refusals_shown
from portals.clock import set_own_clock, today_on_page


@after_recent_sign_in
@require_http_methods(["GET", "HEAD", "POST"])
def my_data(request: HttpRequest) -> HttpResponse:
    user = cast("User", request.user)
    if request.method == "POST":
        request_export(by=user)
        messages.success(
            request, _("Votre archive se prépare. Un e-mail vous prévient quand elle est prête, en quelques minutes.")
        )
        return done("patient:my-data")
    set_own_clock(user)
    export = export_of(user)
    return render(request, "patient/my_data.html", {"archive": export, "section": "account"})


@require_POST
@after_recent_sign_in
def download_my_data(request: HttpRequest) -> HttpResponseBase:
    user = cast("User", request.user)
    set_own_clock(user)
    export = export_of(user)
    if export is None or export.state != DataExportState.READY or export.file is None:
        messages.error(request, _("Cette archive n’est plus disponible. Demandez-en une nouvelle."))
        return not_done("patient:my-data")
    note_download(by=user)
    title = _("mes-donnees-%(date)s") % {"date": today_on_page().isoformat()}
    return respond(export.file, title=title, request=request)


@after_recent_sign_in
@require_http_methods(["GET", "HEAD", "POST"])
def close_my_account(request: HttpRequest) -> HttpResponse:
    user = cast("User", request.user)
    if request.method == "POST":
        with refusals_shown(request) as closing:
            close_account(by=user)
            logout(request)
            with override(get_language_from_request(request)):  # the next page is no account's any more
                sentence = _("Votre compte est fermé. Vos cabinets gardent leurs dossiers, comme la loi le demande.")
                messages.success(request, sentence)
            return done("home")
        return closing.redirect("patient:account")
    set_own_clock(user)
    coming = Appointment.objects.filter(holder=user, status="booked", starts_at__gt=timezone.now())
    context = {"works": is_staff_account(user), "coming": coming.count(), "section": "account"}
    return render(request, "patient/close_account.html", context)
