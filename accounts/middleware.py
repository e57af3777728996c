"""Login required by default, and no caching of pages."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.middleware import LoginRequiredMiddleware as DjangoLoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _

from accounts.return_pages import SAFE, return_page

SESSION_ENDED = "Session-Ended"  # a header of ours
GetResponse = Callable[[HttpRequest], HttpResponse]


class LoginRequiredMiddleware(DjangoLoginRequiredMiddleware):
    """Django's own; public views are marked with `login_not_required`.

    After signing in, the user returns to the page with the button, never to an address that only accepts POST. A
    script gets a 401 with SESSION_ENDED, and covers its page (js/session.js).
    """

    def handle_no_permission(  # type: ignore[override]  # never raises, where Django's may
        self, request: HttpRequest, view_func: Callable[..., HttpResponseBase]
    ) -> HttpResponse:
        if asked_by_script(request):
            sentence = _("Votre session est terminée. Reconnectez-vous : rien de cette page n’est perdu.")
            response = HttpResponse(sentence, status=401, content_type="text/plain; charset=utf-8")
            response[SESSION_ENDED] = "1"
            return response
        if request.method not in SAFE:
            messages.warning(
                request,
                _(
                    "Votre session est terminée, et ce que vous avez demandé n’a pas été fait. Connectez-vous pour "
                    "revenir à la page."
                ),
            )
        return redirect_to_login(return_page(request), resolve_url(settings.LOGIN_URL))


def asked_by_script(request: HttpRequest) -> bool:
    """Whether a page's script reads the answer (Fetch Metadata; in older browsers, a header of our scripts)."""
    headers = request.headers
    return headers.get("Sec-Fetch-Dest") == "empty" or "X-Requested-With" in headers or "HX-Request" in headers


class NoStoreMiddleware:
    """`Cache-Control: no-store` on every answer of ours: pages hold health data (ASVS 14.3.2)."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not response.has_header("Cache-Control"):
            add_never_cache_headers(response)
        return response
