"""Refuses to start in production with settings that only suit the embedded default; a sentence says what to set.

Runs at every start (web, worker, beat, command), not only in `manage.py check`, so that no request is served with a
wrong setting.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Tags, register
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, ProgrammingError

from docshare.private_files import open_to_others
from docshare.telemetry import is_dsn, is_endpoint
from docshare.wrong_keys import wrong_keys
from files.clamd import Clamd
from files.confinement import protections
from signing.key_checks import silent_service, unusable_keys, wrong_key_settings
from signing.pdf.levels import wrong_level_settings
from webhooks.signatures import is_strong_key

SHORTEST_SECRET = 32  # characters


def refuse_unfit_production() -> None:
    """Raise ImproperlyConfigured with every sentence at once."""
    faults = list(unfit_for_production()) if settings.PRODUCTION else []
    if faults:
        raise ImproperlyConfigured("docshare does not start in production like this:\n- " + "\n- ".join(faults))


def unfit_for_production() -> Iterator[str]:
    if settings.DEBUG:
        yield "DEBUG is on, and shows the insides of the site to everybody. Unset DEBUG."
    for name in ("SECRET_KEY", "SIGNING_PASSPHRASE"):  # settings/installation.py has refused missing ones already
        if len(getattr(settings, name)) < SHORTEST_SECRET:
            yield f"{name} is too short. Set {name} (or {name}_FILE) to {SHORTEST_SECRET} random characters or more."
        if any(len(former) < SHORTEST_SECRET for former in getattr(settings, f"{name}_FALLBACKS")):
            yield f"A key in {name}_FALLBACKS is too short. Write former keys as they were, one a line."
    if urlsplit(settings.PUBLIC_URL).scheme != "https":
        yield f"PUBLIC_URL is {settings.PUBLIC_URL}. Set PUBLIC_URL to the site's address, beginning with https://."
    if not settings.ALLOWED_HOSTS or "*" in settings.ALLOWED_HOSTS:
        yield "ALLOWED_HOSTS lets any host name in. Set ALLOWED_HOSTS to the site's host name."
    elif urlsplit(settings.PUBLIC_URL).hostname not in settings.ALLOWED_HOSTS:
        yield "ALLOWED_HOSTS does not hold the host name of PUBLIC_URL. Add it to ALLOWED_HOSTS."
    if settings.DATABASES["default"]["ENGINE"] != "django.db.backends.postgresql":
        yield "The database is not PostgreSQL. Set DATABASE_URL to postgres://user:password@host/name."
    if settings.METRICS_TOKEN and len(settings.METRICS_TOKEN) < SHORTEST_SECRET:
        yield f"METRICS_TOKEN is too short. Set it to {SHORTEST_SECRET} random characters or more, or unset it."
    for name, value in NEEDED.items():
        if not getattr(settings, name):
            yield f"{name} is not set. Set {name} to {value}."
    on_s3 = settings.STORAGE_URL.startswith("s3:")
    fitting = {"direct", "presigned"} if on_s3 else {"direct", "accel"}
    if settings.DOCUMENT_SERVING not in fitting:
        where = "in a bucket" if on_s3 else "on a volume"
        yield f"Documents {where} cannot be served so. Set DOCUMENT_SERVING to {' or '.join(sorted(fitting))}."
    yield from wrong_scanner_address()
    yield from wrong_level_settings()
    yield from wrong_key_settings()
    yield from missing_fonts()
    yield from wrong_report_settings()
    yield from wrong_telemetry_settings()


def wrong_report_settings() -> Iterator[str]:
    """Require secrets that authenticate the reports of providers and gateways."""
    user, _colon, password = settings.EMAIL_WEBHOOK_SECRET.partition(":")
    knows = bool(user and len(password) >= 16) or "MAILGUN_WEBHOOK_SIGNING_KEY" in settings.ANYMAIL
    if settings.EMAIL_PROVIDER and not knows:
        yield (
            "The e-mail provider's reports could come from anybody, so bounces would never be known. Set "
            "EMAIL_WEBHOOK_SECRET to user:password, the password of 16 random characters or more, and have the "
            "provider send it to /reports/email/ (with Mailgun: EMAIL_WEBHOOK_KEY to its signing key)."
        )
    if settings.SMS_REPORT_SECRET and not is_strong_key(settings.SMS_REPORT_SECRET):
        yield "SMS_REPORT_SECRET is no key: set it to whsec_ and the base64 of 24 random bytes or more."
    if not isinstance(settings.SMS_HEADERS, dict):
        yield 'SMS_HEADERS is no JSON object. Example: {"X-API-Key": "…"}.'
    if "{to}" not in str(settings.SMS_BODY) or "{text}" not in str(settings.SMS_BODY):
        yield 'SMS_BODY must hold "{to}" and "{text}". Example: {"to": "{to}", "text": "{text}"}.'


def wrong_telemetry_settings() -> Iterator[str]:
    if settings.SENTRY_DSN and not is_dsn(settings.SENTRY_DSN):
        yield "SENTRY_DSN is no address of a project. Set it to https://KEY@HOST/PROJECT, or unset it."
    endpoint = settings.OTEL_EXPORTER_OTLP_ENDPOINT
    if endpoint and not is_endpoint(endpoint):
        yield f"OTEL_EXPORTER_OTLP_ENDPOINT is {endpoint}. Set it to http://HOST:4318, or unset it."


def missing_fonts() -> Iterator[str]:
    """Require the fonts: without them no stamp could be drawn, and each document would be reported as damaged."""
    missing = [str(path) for path in {*settings.STAMP_FONTS, *settings.PAPER_FONTS.values()} if not path.is_file()]
    if missing:
        yield f"Fonts of stamps and written documents are missing: {', '.join(sorted(missing))}. Run make runtime."


def wrong_scanner_address() -> Iterator[str]:
    if settings.CLAMD_URL:
        try:
            Clamd(settings.CLAMD_URL)
        except ValueError as error:
            yield str(error)


@register()
def scanner_address(**kwargs: Any) -> list[CheckMessage]:
    return [checks.Error(sentence, id="docshare.E001") for sentence in wrong_scanner_address()]


@register()
def report_settings(**kwargs: Any) -> list[CheckMessage]:
    return [checks.Error(sentence, id="docshare.E003") for sentence in wrong_report_settings()]


@register()
def telemetry_settings(**kwargs: Any) -> list[CheckMessage]:
    return [checks.Error(sentence, id="docshare.E007") for sentence in wrong_telemetry_settings()]


@register()
def signature_level(**kwargs: Any) -> list[CheckMessage]:
    return [checks.Error(sentence, id="docshare.E002") for sentence in wrong_level_settings()]


@register()
def stamp_fonts(**kwargs: Any) -> list[CheckMessage]:
    return [checks.Error(sentence, id="docshare.E006") for sentence in missing_fonts()]


@register()
def key_settings(**kwargs: Any) -> list[CheckMessage]:
    return [checks.Error(sentence, id="docshare.E004") for sentence in wrong_key_settings()]


@register(Tags.database)  # runs in `migrate`, which starts every deployment, and in `check --database default`
def keys_elsewhere(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    if "default" not in (databases or ()):
        return []
    unusable = [checks.Error(sentence, id="docshare.E005") for sentence in unusable_keys()]
    return [*unusable, *(checks.Warning(sentence, id="docshare.W002") for sentence in silent_service())]


@register(Tags.database)
def keys_of_this_installation(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    if "default" not in (databases or ()):
        return []
    try:
        return [checks.Error(sentence, id="docshare.E053") for sentence in wrong_keys()]
    except (OperationalError, ProgrammingError):  # no table yet, or one of an older version
        return []


@register(Tags.security, deploy=True)
def scanner_in_production(**kwargs: Any) -> list[CheckMessage]:
    if settings.CLAMD_URL:
        return []
    sentence = "Uploads are not scanned for viruses."
    hint = "Set CLAMD_URL to tcp://host:3310 or unix:///run/clamav/clamd.ctl (docs/decisions/0015)."
    return [checks.Warning(sentence, hint=hint, id="docshare.W001")]


@register(Tags.security, deploy=True)
def confined_children(**kwargs: Any) -> list[CheckMessage]:
    holes = protections().holes
    if not holes:
        return []
    could = " and ".join(holes)
    sentence = f"A document that takes over its parser could {could}: this kernel has {protections().sentence}."
    hint = "Use Linux 5.13 or newer with Landlock, or run web and worker as users of their own (docs/operating.md)."
    return [checks.Warning(sentence, hint=hint, id="docshare.W010")]


@register(Tags.security, deploy=True)
def private_files(**kwargs: Any) -> list[CheckMessage]:
    hint = "Make DATA_DIR belong to the user that docshare runs as, on a file system that has modes."
    return [
        checks.Warning(f"Other users of this machine may read {path}.", hint=hint, id="docshare.W011")
        for path in open_to_others(settings.DATA_DIR, settings.SQLITE_PATH)
    ]


NEEDED = {
    "REDIS_URL": "redis://host:6379/0 (queue, cache, rate limits)",
    "EMAIL_URL": "smtp+tls://user:password@host:587",
    "SMS_URL": "the SMS gateway: https://… or an apprise URL",
}
