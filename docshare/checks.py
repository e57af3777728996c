"""What only suits the embedded default stops the start in production, with a sentence that says what to set.

At every start (web, worker, beat, command), not only in `manage.py check`: a wrong setting serves no request.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

SHORTEST_SECRET = 32  # characters


def refuse_unfit_production() -> None:
    """Raise ImproperlyConfigured with every sentence at once."""
    faults = list(unfit_for_production()) if settings.PRODUCTION else []
    if faults:
        raise ImproperlyConfigured("docshare does not start in production like this:\n- " + "\n- ".join(faults))


def unfit_for_production() -> Iterator[str]:
    if settings.DEBUG:
        yield "DEBUG is on, and shows the insides of the site to everybody. Unset DEBUG."
    for name in ("SECRET_KEY", "SIGNING_PASSPHRASE"):  # settings.py has refused missing ones already
        if len(getattr(settings, name)) < SHORTEST_SECRET:
            yield f"{name} is too short. Set {name} (or {name}_FILE) to {SHORTEST_SECRET} random characters or more."
    if urlsplit(settings.PUBLIC_URL).scheme != "https":
        yield f"PUBLIC_URL is {settings.PUBLIC_URL}. Set PUBLIC_URL to the site's address, beginning with https://."
    if not settings.ALLOWED_HOSTS or "*" in settings.ALLOWED_HOSTS:
        yield "ALLOWED_HOSTS lets any host name in. Set ALLOWED_HOSTS to the site's host name."
    elif urlsplit(settings.PUBLIC_URL).hostname not in settings.ALLOWED_HOSTS:
        yield "ALLOWED_HOSTS does not hold the host name of PUBLIC_URL. Add it to ALLOWED_HOSTS."
    if settings.DATABASES["default"]["ENGINE"] != "django.db.backends.postgresql":
        yield "The database is not PostgreSQL. Set DATABASE_URL to postgres://user:password@host/name."
    for name, what in NEEDED.items():
        if not getattr(settings, name):
            yield f"{name} is not set. Set {name} to {what}."


NEEDED = {
    "REDIS_URL": "redis://host:6379/0 (queue, cache, rate limits)",
    "EMAIL_URL": "smtp+tls://user:password@host:587",
    "SMS_URL": "the SMS gateway: https://… or an apprise URL",
}
