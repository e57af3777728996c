"""Authentication of callers: a bearer token (RFC 6750), or the session of a signed-in browser with CSRF."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.authentication import SessionAuthentication as DrfSessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.models import ApiToken, User
from accounts.tokens import find_token
from portals.api.throttling import WrongTokens


class BearerTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>`."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        if self.secret(request) is None:
            return None
        token = self.find(request)
        if token is None:
            # Only after the token proved wrong: one program with an old token must not lock out its whole practice,
            # which shares an address.
            WrongTokens(request).count_one()
            raise AuthenticationFailed(_("Ce jeton n’est pas valable : il est faux, a expiré ou a été révoqué."))
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="docshare"'

    def find(self, request: Request) -> ApiToken | None:
        secret = self.secret(request)
        return find_token(secret) if secret is not None else None

    @staticmethod
    def secret(request: Request) -> str | None:
        """The bearer token of the request; None if it has none."""
        kind, _, secret = request.headers.get("Authorization", "").partition(" ")
        return secret.strip() if kind.lower() == "bearer" else None


class OptionalTokenAuthentication(BearerTokenAuthentication):
    """For operations open to all: an invalid token counts as no token."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        token = self.find(request)
        return (token.user, token) if token else None


class SessionAuthentication(DrfSessionAuthentication):
    """The session cookie; changes need the CSRF token."""

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="docshare"'


class BearerScheme(OpenApiAuthenticationExtension):
    target_class = BearerTokenAuthentication
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


class SessionScheme(OpenApiAuthenticationExtension):
    target_class = SessionAuthentication
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}
