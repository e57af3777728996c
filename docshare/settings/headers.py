"""Security headers of every answer."""

from __future__ import annotations

from csp.constants import NONE, SELF

from docshare.settings.installation import SECURE, env
from docshare.settings.sign_in import ALLAUTH_TRUSTED_PROXY_COUNT
from docshare.settings.storage import DOCUMENT_SERVING, DOCUMENT_STORE

SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", False)
# Clients inside the network use plain HTTP to a web process; nginx allows it to nobody else.
SECURE_REDIRECT_EXEMPT = [r"^metrics$", r"^healthz$", r"^healthz/system$", r"^readyz$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ALLAUTH_TRUSTED_PROXY_COUNT else None
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE
SECURE_HSTS_PRELOAD = SECURE
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "blob:", "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "worker-src": [SELF],
        "manifest-src": [SELF],
        # Reading is a POST that redirects to the file, and browsers check this directive for the target, too.
        "form-action": [SELF, DOCUMENT_STORE.public_origin] if DOCUMENT_SERVING == "presigned" else [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
