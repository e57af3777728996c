"""Settings, from environment variables alone. Any variable `X` can be given as a file by `X_FILE` (secrets).

With no variable set, this is the embedded default: SQLite, files and a private Valkey inside `DATA_DIR`.
`DOCSHARE_ENV=production` refuses whatever only suits the embedded default (see docshare/checks.py).
"""

from __future__ import annotations

import os
import re
import socket
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import django_stubs_ext
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from whitenoise.compress import Compressor

from docshare.document_storage import document_storage
from docshare.email_provider import is_provider, provider_settings
from docshare.embedded import former_local_secrets, local_secret, refuse_second_installation, valkey_socket
from docshare.environment import Environment
from docshare.private_files import make_database_private, make_private
from docshare.sms_settings import countries, hour_and_day

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment()
refuse_second_installation(os.environ)

PRODUCTION = env.str("DOCSHARE_ENV", "embedded") == "production"
DEBUG = env.bool("DEBUG", False)
DATA_DIR = Path(env.str("DATA_DIR", str(BASE_DIR / "data"))).resolve()
make_private(DATA_DIR)
PORT = env.int("PORT", 8000)
PUBLIC_URL = env.str("PUBLIC_URL", f"http://localhost:{PORT}").rstrip("/")
_public = urlsplit(PUBLIC_URL)
SECURE = _public.scheme == "https"


def _secret(name: str) -> str:
    """A secret of the installation: from the environment; in the embedded default made once, kept in DATA_DIR."""
    value = str(env.str(name, ""))
    if value:
        return value
    if PRODUCTION:
        raise ImproperlyConfigured(
            f"{name} is not set. Set {name}, or {name}_FILE to the path of a file that holds it, and start again."
        )
    return local_secret(DATA_DIR, name)


def _fallbacks(name: str, given: str, separators: str) -> list[str]:
    """Former values of the secret `name`, which still open what they sealed (`manage.py rotate_keys`): one a line."""
    former = given or ("" if PRODUCTION else former_local_secrets(DATA_DIR, name))
    return [one.strip() for one in re.split(f"[{separators}]", former) if one.strip()]


SECRET_KEY = _secret("SECRET_KEY")
SECRET_KEY_FALLBACKS = _fallbacks("SECRET_KEY", env.str("SECRET_KEY_FALLBACKS", ""), "\n,")
# Encrypts the private keys of practitioners' signing certificates at rest.
SIGNING_PASSPHRASE = _secret("SIGNING_PASSPHRASE")
# By lines alone: a passphrase may hold a comma.
SIGNING_PASSPHRASE_FALLBACKS = _fallbacks("SIGNING_PASSPHRASE", env.str("SIGNING_PASSPHRASE_FALLBACKS", ""), "\n")

ALLOWED_HOSTS = env.list(
    "ALLOWED_HOSTS", default=[_public.hostname or "localhost", "localhost", "127.0.0.1", "[::1]"]
)
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

INSTALLED_APPS = [
    "docshare.apps.DocshareConfig",
    "portals",
    "documents",
    "appointments",
    "patients",
    "signing",
    "webhooks",
    "files",
    "practices",
    "accounts",
    "notifications",
    "audit",
    "jobs",
    "sealing",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",  # its indexes
    "whitenoise.runserver_nostatic",
    "docshare.apps.ServedFilesConfig",
    "csp",
    "django_htmx",
    "anymail",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_prose_editor",  # static files alone
]

MIDDLEWARE = [
    "docshare.request_ids.RequestIdMiddleware",
    "docshare.telemetry.spans.TraceRequestsMiddleware",
    "docshare.health.requests.MeasureRequestsMiddleware",
    "portals.refusals.CountRefusalsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.sessions.SessionLimitsMiddleware",
    "practices.second_factor.StaffSecondFactorMiddleware",
    "accounts.language.AccountLanguageMiddleware",
    "portals.clock.ClockMiddleware",
    "accounts.middleware.LoginRequiredMiddleware",
    "accounts.middleware.NoStoreMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "portals.public.errors.FindingsMiddleware",
    "portals.kept_answers.KeptAnswersMiddleware",
]

ROOT_URLCONF = "docshare.urls"
WSGI_APPLICATION = "docshare.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portals.context.session",
            ],
        },
    },
]

# --- Database -----------------------------------------------------------------------------------------------

DATABASES = {"default": env.db_url("DATABASE_URL", default=f"sqlite:///{quote(str(DATA_DIR / 'docshare.sqlite3'))}")}
SQLITE_PATH = None  # of a database in a file
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    if not str(DATABASES["default"]["NAME"]).startswith((":memory:", "file:")):
        SQLITE_PATH = Path(DATABASES["default"]["NAME"])
        make_database_private(SQLITE_PATH)
    # Writers queue instead of failing half-way: a transaction takes the write lock when it begins.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 10,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", 60)
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

# --- Queue, cache --------------------------------------------------------------------------------------------

VALKEY_SOCKET = valkey_socket(DATA_DIR)
REDIS_URL = env.str("REDIS_URL", "")
CACHE_URL = REDIS_URL or f"unix://{quote(str(VALKEY_SOCKET))}?db=0"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": CACHE_URL,
        "KEY_PREFIX": "docshare",
        # One that hangs is as one that is away. redis-py would wait 5 s, and a request asks it several times.
        "OPTIONS": {"socket_timeout": 1},
    }
}

CELERY_BROKER_URL = REDIS_URL or f"redis+socket://{quote(str(VALKEY_SOCKET))}?virtual_host=0"
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,  # above the longest task
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
    "socket_timeout": 10,
    "socket_connect_timeout": 2,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 270
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
# A lost broker must not hold up a doctor: the sweep finds what a nudge did not announce.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "queue" / "beat-schedule")
Path(CELERY_BEAT_SCHEDULE_FILENAME).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
CELERY_BEAT_SCHEDULE = {
    "deliver-due-messages": {"task": "notifications.tasks.sweep", "schedule": timedelta(seconds=10)},
    "send-auto-sends": {"task": "documents.tasks.send_auto_sends", "schedule": timedelta(seconds=10)},
    "remind-of-unread-documents": {"task": "documents.tasks.remind_of_unread", "schedule": timedelta(minutes=10)},
    "send-reminders": {"task": "appointments.tasks.send_reminders", "schedule": timedelta(seconds=60)},
    "note-failed-messages": {"task": "appointments.tasks.note_failures", "schedule": timedelta(seconds=60)},
    "show-that-a-worker-works": {"task": "jobs.tasks.heartbeat", "schedule": timedelta(seconds=10)},
    "ask-whether-others-answer": {"task": "docshare.tasks.ask_others", "schedule": timedelta(seconds=60)},
    "tell-webhooks": {"task": "webhooks.tasks.tell_webhooks", "schedule": timedelta(seconds=10)},
    "seal-second-factors": {"task": "accounts.tasks.seal_second_factors", "schedule": timedelta(hours=1)},
    "forget-ended-counts": {"task": "accounts.tasks.forget_ended_counts", "schedule": timedelta(hours=1)},
    "forget-old-tellings": {"task": "webhooks.tasks.forget_old_tellings", "schedule": timedelta(hours=24)},
    "seal-audit-trail": {"task": "audit.tasks.seal", "schedule": timedelta(seconds=10)},
    "fill-search-texts": {"task": "patients.tasks.fill_search_texts", "schedule": timedelta(minutes=10)},
    # What the last release writes beside this version: it does not know whose these contacts are.
    "note-givers": {"task": "patients.tasks.note_givers", "schedule": timedelta(seconds=30)},
    "note-contacts-of-links": {"task": "documents.tasks.note_contacts_of_links", "schedule": timedelta(seconds=30)},
    "note-audit-anchor": {"task": "audit.tasks.note_anchor", "schedule": timedelta(hours=24)},
    "remove-orphan-files": {"task": "files.tasks.sweep_orphans", "schedule": timedelta(hours=24)},
    "forget-old-answers": {"task": "portals.tasks.forget_old_answers", "schedule": timedelta(hours=1)},
    "renew-revocation-lists": {"task": "signing.tasks.renew_revocation_lists", "schedule": timedelta(hours=1)},
    "watch-certificates": {"task": "signing.tasks.watch_certificates", "schedule": timedelta(hours=6)},
    "remove-stale-uploads": {"task": "files.tasks.sweep_stale_uploads", "schedule": timedelta(hours=1)},
}

# --- Files ---------------------------------------------------------------------------------------------------

STORAGE_URL = env.str("STORAGE_URL", "")  # docshare/document_storage.py says which there are
DOCUMENTS_DIR = DATA_DIR / "files"
# On the store's own file system, so that keeping a document is a rename and not a copy.
FILE_UPLOAD_TEMP_DIR = str(DATA_DIR / "uploads")
Path(FILE_UPLOAD_TEMP_DIR).mkdir(mode=0o700, parents=True, exist_ok=True)
FILE_UPLOAD_HANDLERS = ["files.upload_handlers.BoundedTemporaryFileUploadHandler"]
FILE_UPLOAD_PERMISSIONS = 0o600
DATA_UPLOAD_MAX_NUMBER_FILES = 40
DATA_UPLOAD_MAX_NUMBER_FIELDS = 400
# How bytes leave: "direct" (this process), "accel" (nginx X-Accel-Redirect), "presigned" (S3).
DOCUMENT_SERVING = env.str("DOCUMENT_SERVING", "presigned" if STORAGE_URL.startswith("s3:") else "direct")
# Modules that the fork server of the sandbox loads once, for all of its children.
SANDBOX_PRELOADED = ["documents.preload"]
SANDBOX_CONCURRENCY = env.int("SANDBOX_CONCURRENCY", 4)  # children at once, of each process
# Open verifications at once, over all web processes of this DATA_DIR (files/open_work.py).
SANDBOX_OPEN_PLACES = env.int("SANDBOX_OPEN_PLACES", 2)
# The virus scanner that every upload goes through: tcp://host:3310 or unix:///run/clamav/clamd.ctl; empty: none.
CLAMD_URL = env.str("CLAMD_URL", "")
# Public keys of age, with commas, that `manage.py backup` encrypts to; empty: it does not.
BACKUP_RECIPIENT = env.str("BACKUP_RECIPIENT", "")

_documents = document_storage(
    STORAGE_URL or DOCUMENTS_DIR.as_uri(),
    access_key=env.str("S3_ACCESS_KEY", ""),
    secret_key=env.str("S3_SECRET_KEY", ""),
)

STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(DATA_DIR / "unused")},
    },
    "documents": _documents.backend,
    "staticfiles": {"BACKEND": "docshare.static_files.StaticFilesStorage"},
}
if _documents.presigning:
    STORAGES["documents-presigned"] = _documents.presigning

STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", str(BASE_DIR / ".static")))
_NODE = BASE_DIR / "node_modules"
STATICFILES_DIRS = [
    BASE_DIR / "static",
    ("vendor/bootstrap", _NODE / "bootstrap" / "dist"),
    ("vendor/htmx", _NODE / "htmx.org" / "dist"),
    ("vendor/pdfjs", _NODE / "pdfjs-dist"),
    ("vendor/signature_pad", _NODE / "signature_pad" / "dist"),
    ("vendor/atkinson", _NODE / "@fontsource-variable" / "atkinson-hyperlegible-next"),
]
ICONS_DIR = _NODE / "bootstrap-icons" / "icons"
_FONTS = _NODE / "@embedpdf" / "fonts-latin" / "fonts"
_OTHER_SCRIPTS = {
    "Arabic": _NODE / "@embedpdf" / "fonts-arabic" / "fonts" / "NotoNaskhArabic-Regular.ttf",
    "Hebrew": _NODE / "@embedpdf" / "fonts-hebrew" / "fonts" / "NotoSansHebrew-Regular.ttf",
} | {
    name: _NODE / "@expo-google-fonts" / package / "400Regular" / f"NotoSans{name}_400Regular.ttf"
    for name, package in (
        *((name, f"noto-sans-{name.lower()}") for name in ("Armenian", "Georgian", "Thai", "Lao", "Khmer")),
        *((name, f"noto-sans-{name.lower()}") for name in ("Devanagari", "Bengali", "Tamil", "Sinhala", "Ethiopic")),
        ("Symbols", "noto-sans-symbols"),
        ("Symbols2", "noto-sans-symbols-2"),
    )
}
_EAST_ASIAN = {  # Noto Sans Hans has all but Hangul
    "Chinese": _NODE / "@embedpdf" / "fonts-sc" / "fonts" / "NotoSansHans-Regular.otf",
    "Korean": _NODE / "@embedpdf" / "fonts-kr" / "fonts" / "NotoSansKR-Regular.otf",
}
PAPER_FONTS = (  # of written documents; a letter is set in the first that has it. Noto Sans: Latin, Greek, Cyrillic.
    {name: _FONTS / f"NotoSans-{name}.ttf" for name in ("Regular", "Bold", "Italic", "BoldItalic")}
    | _OTHER_SCRIPTS
    | _EAST_ASIAN
)
# The stamp draws whatever written documents draw.
STAMP_FONTS = tuple(path for name, path in PAPER_FONTS.items() if name not in ("Bold", "Italic", "BoldItalic"))
# Beside what is compressed already: source maps, which only developers ask for, and small tables of pdf.js.
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = [*Compressor.SKIP_COMPRESS_EXTENSIONS, "map", "bcmap", "pfb", "icc"]
WHITENOISE_MIMETYPES = {".mjs": "text/javascript", ".wasm": "application/wasm"}

# --- Signing -------------------------------------------------------------------------------------------------

TSA_URL = env.str("TSA_URL", "")  # a time-stamp authority (RFC 3161)
TSA_ROOTS = env.str("TSA_ROOTS", "")  # PEM: what its certificate leads to
SIGNING_ROOTS = env.str("SIGNING_ROOTS", "")  # PEM: authorities whose certificates are confirmed beside our own
# Keys elsewhere (manage.py signing_key): a security module's library and PIN, or a remote signing service.
PKCS11_MODULE = env.str("PKCS11_MODULE", "")
PKCS11_PIN = env.str("PKCS11_PIN", "")
CSC_URL = env.str("CSC_URL", "")
CSC_TOKEN = env.str("CSC_TOKEN", "")
CSC_PIN = env.str("CSC_PIN", "")
# PAdES (ETSI EN 319 142-1): B-B, B-T (with trusted time), B-LT (with proofs for later), B-LTA (those time-stamped).
SIGNATURE_LEVEL = env.str("SIGNATURE_LEVEL", "B-T" if TSA_URL else "B-B")
# B-LT and B-LTA ask the addresses that certificates name, on public hosts alone, and on these of our own network.
PKI_HOSTS_INSIDE = env.list("PKI_HOSTS_INSIDE", default=[])

# --- Messages ------------------------------------------------------------------------------------------------

OUTBOX_DIR = DATA_DIR / "outbox"
# smtp://user:password@host:port, smtps://…, smtp+tls://…; empty: files in OUTBOX_DIR.
EMAIL_URL = env.str("EMAIL_URL", "")
# http(s)://… (a gateway that takes JSON: notifications/channels/http_gateway.py), or an apprise URL; empty: files.
SMS_URL = env.str("SMS_URL", "")
SMS_TOKEN = env.str("SMS_TOKEN", "")  # sent as a bearer token to an HTTP gateway
SMS_HEADERS = env.json("SMS_HEADERS", default={})
SMS_BODY = env.json("SMS_BODY", default={"to": "{to}", "text": "{text}"})
SMS_ID = env.str("SMS_ID", "id")
# Its delivery reports, to /reports/sms/: whsec_… signs them; where their JSON has the message's id and its status.
SMS_REPORT_SECRET = env.str("SMS_REPORT_SECRET", "")
SMS_REPORT_ID = env.str("SMS_REPORT_ID", "id")
SMS_REPORT_STATUS = env.str("SMS_REPORT_STATUS", "status")
# How many SMS an hour and a day at most, and to which countries (ISO 3166): docs/decisions/0045. The last two are the
# defaults of a practice (SmsPolicy).
SMS_PER_ACCOUNT = hour_and_day(env, "SMS_PER_ACCOUNT", (10, 30))  # caused by somebody who is no staff
SMS_PER_STAFF = hour_and_day(env, "SMS_PER_STAFF", (200, 1000))
SMS_PER_NUMBER = hour_and_day(env, "SMS_PER_NUMBER", (10, 30))
SMS_PER_PRACTICE = hour_and_day(env, "SMS_PER_PRACTICE", (500, 2000))
SMS_COUNTRIES = countries(env, "SMS_COUNTRIES")
# Or a provider: anymail+brevo://KEY@ … (docshare/email_provider.py).
EMAIL_PROVIDER = ""
EMAIL_WEBHOOK_SECRET = env.str("EMAIL_WEBHOOK_SECRET", "")  # user:password that a provider sends with its reports
ANYMAIL: dict[str, Any] = {}
if is_provider(EMAIL_URL):
    vars().update(
        provider_settings(
            EMAIL_URL, webhook_secret=EMAIL_WEBHOOK_SECRET, webhook_key=env.str("EMAIL_WEBHOOK_KEY", "")
        )
    )
elif EMAIL_URL:
    _email = env.email_url_config(EMAIL_URL)
    if _email["EMAIL_BACKEND"] == "django.core.mail.backends.smtp.EmailBackend":
        _email["EMAIL_BACKEND"] = "notifications.channels.smtp.EmailBackend"
    vars().update(_email)
    EMAIL_TIMEOUT = 10  # for each answer of the server; four of them fit in a lease (notifications/delivery.py)
else:
    EMAIL_BACKEND = "notifications.channels.outbox.OutboxEmailBackend"
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", f"docshare <no-reply@{_public.hostname or 'localhost'}>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
# Documents shared one after the other for one appointment are announced together.
SHARE_NOTICE_DELAY = timedelta(seconds=env.int("SHARE_NOTICE_DELAY_SECONDS", 15))

# A practice's webhooks may be plain HTTP, and lead to this machine or its network: not in production.
WEBHOOKS_MAY_STAY_INSIDE = env.bool("WEBHOOKS_MAY_STAY_INSIDE", not PRODUCTION)

# --- Language and time ---------------------------------------------------------------------------------------

LANGUAGE_CODE = "fr"
LANGUAGES = [("fr", _("Français")), ("en", _("Anglais"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True
TIME_ZONE = "Europe/Paris"
FORMAT_MODULE_PATH = ["docshare.formats"]
PHONENUMBER_REGION = "FR"

# --- Sign-in -------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_FORMS = {
    "reset_password": "accounts.forms.ProvedAddressResetForm",
    "reset_password_from_key": "accounts.forms.ResetKeyForm",
    "change_password": "accounts.forms.ChangePasswordForm",
}
MFA_FORMS = {
    "authenticate": "accounts.factor_forms.AuthenticateForm",
    "reauthenticate": "accounts.factor_forms.ReauthenticateForm",
}
USERSESSIONS_ADAPTER = "accounts.adapter.SessionsAdapter"
ACCOUNT_CHANGE_EMAIL = True  # one address; the new one is proved before it counts, the old one is told
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_RATE_LIMITS = {
    # Wrong passwords and factors are counted in the database, each device and address apart (accounts/tries.py).
    "login": None,
    "login_failed": None,
    "change_password": None,
    "reauthenticate": None,
    # The one who has the mailbox has a link by then: more messages are a nuisance.
    "reset_password": "20/m/ip,5/h/key",
}
# Wrong passwords of one account, from one address and from all unknown devices; from a known device; from an address.
SIGN_IN_TRIES = env.int("SIGN_IN_TRIES", 5)  # in five minutes
SIGN_IN_TRIES_AN_HOUR = env.int("SIGN_IN_TRIES_AN_HOUR", 100)
SIGN_IN_TRIES_OF_A_DEVICE = env.int("SIGN_IN_TRIES_OF_A_DEVICE", 10)  # in five minutes
SIGN_IN_TRIES_OF_AN_ADDRESS = env.int("SIGN_IN_TRIES_OF_AN_ADDRESS", 10)  # in a minute, whatever the account
CODES_AN_HOUR = env.int("CODES_AN_HOUR", 5)  # by SMS, for one person and purpose
# A passkey cannot be guessed: a bound would only let strangers in the waiting room shut out the doctor beside them.
MFA_RATE_LIMITS = {"webauthn_login": None}
MFA_ADAPTER = "accounts.factor_secrets.FactorAdapter"  # secrets of second factors are sealed at rest
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not SECURE and not PRODUCTION
STAFF_SECOND_FACTOR = PRODUCTION or env.bool("STAFF_SECOND_FACTOR", False)  # in production: no opt-out
USERSESSIONS_TRACK_ACTIVITY = False
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", 0)
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "accounts.passwords.ContextWordsValidator"},
]

SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SESSION_COOKIE_NAME = "__Host-session" if SECURE else "session"
SESSION_COOKIE_SECURE = SECURE
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_IDLE_SECONDS = env.int("SESSION_IDLE_SECONDS", 3600)
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
DEVICE_COOKIE_NAME = "__Host-device" if SECURE else "device"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"  # no cookie of its own
CSRF_COOKIE_NAME = "__Host-csrf" if SECURE else "csrf"
CSRF_COOKIE_SECURE = SECURE
CSRF_COOKIE_HTTPONLY = False  # upload.js sends it as a header
CSRF_FAILURE_VIEW = "portals.public.errors.csrf_failure"

# --- Headers -------------------------------------------------------------------------------------------------

SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", False)
# What asks from inside speaks plain HTTP to a web process; nginx lets nobody else do so.
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
        # Reading is a POST that leads to the file: browsers hold this against where it leads, too.
        "form-action": [SELF, _documents.public_origin] if DOCUMENT_SERVING == "presigned" else [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# --- API -----------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "portals.api.authentication.BearerTokenAuthentication",
        "portals.api.authentication.SessionAuthentication",
    ],
    # DRF views opt out of the login middleware: the door says it again.
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": [
        "portals.api.parsers.JSONParser",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "portals.api.negotiation.Unrefusing",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "portals.api.pagination.NewestFirst",
    "EXCEPTION_HANDLER": "portals.api.errors.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "COERCE_DECIMAL_TO_STRING": False,
    # Who calls is read from X-Forwarded-For as far as our own proxies wrote it, else it could be made up.
    "NUM_PROXIES": ALLAUTH_TRUSTED_PROXY_COUNT,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "docshare",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVERS": [{"url": PUBLIC_URL}],
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "AppointmentKindEnum": "appointments.models.AppointmentKind",
        "AppointmentStatusEnum": "appointments.models.AppointmentStatus",
        "BookedForEnum": "appointments.models.BookedFor",
        "RecipientStateEnum": [(state, state) for state in ("ready", "missing_contact", "needs_authorisation")],
        "AudienceEnum": "documents.models.shared.AudienceChoice",
        "AutoSendStateEnum": "documents.models.AutoSendState",
        "MomentEnum": "documents.models.autosend.Moment",
        "ChannelEnum": "notifications.models.Channel",
        "NotificationStateEnum": "notifications.models.MessageState",
        "ErrorTypeEnum": [(kind, kind) for kind in ("validation_error", "client_error", "server_error")],
        "AccessKindEnum": [(kind, kind) for kind in ("account", "link", "invitation", "holder")],
    },
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,  # labels of screens, in whatever language the document is asked for
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "portals.api.schema.finish",
        "portals.api.webhooks.tell_events",
    ],
}

# --- Logs (never a name, an address, a title or a token: docs/decisions) ----------------------------------------

# One JSON object a line in production; elsewhere lines for a person.
LOG_FORMAT = "json" if PRODUCTION else env.str("LOG_FORMAT", "plain")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {
            "()": "docshare.logs.ScrubbingFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
            "datefmt": "%Y-%m-%dT%H:%M:%S%z",
        },
        "json": {"()": "docshare.logs.JsonFormatter"},
    },
    "filters": {"refusals": {"()": "docshare.logs.RefusalsAreNoErrors"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django.request": {"filters": ["refusals"]},
        "pyhanko": {"level": "ERROR"},
        "pyhanko_certvalidator": {"level": "CRITICAL"},
        "fontTools": {"level": "ERROR"},
        "pikepdf": {"level": "WARNING"},
        "weasyprint": {"level": "ERROR"},  # its warnings quote the text
    },
}

# --- Crashes and spans, to servers of yours (docshare/telemetry); empty: nowhere --------------------------------

SENTRY_DSN = env.str("SENTRY_DSN", "")  # https://KEY@HOST/PROJECT
OTEL_EXPORTER_OTLP_ENDPOINT = env.str("OTEL_EXPORTER_OTLP_ENDPOINT", "")  # http://HOST:4318
OTEL_EXPORTER_OTLP_HEADERS = env.str("OTEL_EXPORTER_OTLP_HEADERS", "")  # name=value,name=value

# --- Metrics ----------------------------------------------------------------------------------------------------

METRICS_TOKEN = env.str("METRICS_TOKEN", "")  # empty: /metrics answers to this machine alone
# What each web process calls itself in its numbers, to be told from the others behind one address.
REPLICA_NAME = env.str("REPLICA_NAME", f"{socket.gethostname()}:{PORT}")
