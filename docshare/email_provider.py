"""Parses EMAIL_URL for an e-mail provider that django-anymail supports.

    anymail+brevo://API_KEY@
    anymail+mailjet://API_KEY:SECRET_KEY@
    anymail+postmark://SERVER_TOKEN@
    anymail+mailgun://API_KEY@SENDER_DOMAIN?region=eu

`?api_url=https://…` sets another address of the provider's API. Reports come back to /reports/email/: signed by
Mailgun (EMAIL_WEBHOOK_KEY); for the others, their settings page has a user and password in that address
(EMAIL_WEBHOOK_SECRET, "user:password").
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

SCHEME = "anymail+"
CREDENTIALS = {  # the parts before the @, in order
    "brevo": ("BREVO_API_KEY",),
    "mailjet": ("MAILJET_API_KEY", "MAILJET_SECRET_KEY"),
    "postmark": ("POSTMARK_SERVER_TOKEN",),
    "mailgun": ("MAILGUN_API_KEY",),
}
MAILGUN_IN_EUROPE = "https://api.eu.mailgun.net/v3"
TIMEOUT = (5, 15)  # seconds to connect, to answer


def is_provider(url: str) -> bool:
    return url.startswith(SCHEME)


def provider_settings(url: str, *, webhook_secret: str, webhook_key: str) -> dict[str, Any]:
    """EMAIL_PROVIDER, EMAIL_BACKEND and ANYMAIL. Raises ImproperlyConfigured, without the secret in its message."""
    address = urlsplit(url)
    name = address.scheme.removeprefix(SCHEME)
    if name not in CREDENTIALS:
        known = ", ".join(f"{SCHEME}{scheme}" for scheme in sorted(CREDENTIALS))
        raise ImproperlyConfigured(f"EMAIL_URL names a provider that is not known. Known are: {known}.")
    credentials = [unquote(part) for part in (address.username, address.password) if part]
    wanted = CREDENTIALS[name]
    if len(credentials) != len(wanted):
        raise ImproperlyConfigured(f"EMAIL_URL must hold {' and '.join(wanted)}: see docshare/email_provider.py.")
    anymail: dict[str, Any] = dict(zip(wanted, credentials, strict=True))
    parameters = {key: values[-1] for key, values in parse_qs(address.query).items()}
    if name == "mailgun":
        if address.hostname:
            anymail["MAILGUN_SENDER_DOMAIN"] = address.hostname
        if parameters.get("region") == "eu":
            anymail["MAILGUN_API_URL"] = MAILGUN_IN_EUROPE
        if webhook_key:
            anymail["MAILGUN_WEBHOOK_SIGNING_KEY"] = webhook_key
    if "api_url" in parameters:
        anymail[f"{name.upper()}_API_URL"] = parameters["api_url"]
    if name != "brevo":  # no tracking: it would reveal links to the provider (Brevo: turn it off in its settings)
        anymail[f"{name.upper()}_SEND_DEFAULTS"] = {"track_clicks": False, "track_opens": False}
    return {
        "EMAIL_PROVIDER": name,
        "EMAIL_BACKEND": f"anymail.backends.{name}.EmailBackend",
        "ANYMAIL": {**anymail, "REQUESTS_TIMEOUT": TIMEOUT, "WEBHOOK_SECRET": webhook_secret or None},
    }
