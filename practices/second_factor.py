"""The second factor that an installation may require of all staff."""

from __future__ import annotations

from collections.abc import Callable

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.sessions import SECOND_FACTORS
from practices.roles import is_staff_of_any

GetResponse = Callable[[HttpRequest], HttpResponse]


class StaffSecondFactorMiddleware:
    """If staff need a second factor, those without one only reach the pages to set it up."""

    OPEN = ("/account/", "/static/", "/healthz", "/readyz")

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not settings.STAFF_SECOND_FACTOR or not request.user.is_authenticated:
            return self.get_response(request)
        user = request.user
        if request.path.startswith(self.OPEN) or not (user.is_staff or is_staff_of_any(user)):
            return self.get_response(request)
        if is_mfa_enabled(user, SECOND_FACTORS):
            return self.get_response(request)
        if request.path.startswith("/api/"):
            sentence = _("Ce compte doit d’abord activer une double authentification, dans « Sécurité ».")
            errors = [{"code": "second_factor_required", "detail": sentence, "attr": None}]
            return JsonResponse({"type": "client_error", "errors": errors}, status=403)
        return redirect(reverse("mfa_activate_totp"))
