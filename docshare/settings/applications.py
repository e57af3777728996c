"""Applications, middleware, templates."""

from __future__ import annotations

from docshare.settings.installation import BASE_DIR

# Our own, from the top down (docs/developing.md).
ROOMS = [
    "portals",
    "personal_data",
    "imports",
    "documents",
    "questionnaires",
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
]
INSTALLED_APPS = [
    "docshare.apps.DocshareConfig",
    *ROOMS,
    "docshare.apps.OperatorAdminConfig",
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
    "portals.indexing.NoIndexMiddleware",
    "docshare.request_ids.RequestIdMiddleware",
    "docshare.telemetry.spans.TraceRequestsMiddleware",
    "docshare.health.requests.MeasureRequestsMiddleware",
    "portals.refusals.CountRefusalsMiddleware",
    "portals.compression.CompressTextsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.sessions.SessionLimitsMiddleware",
    "portals.held_once.HeldOnceMiddleware",
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
    "portals.stored_pages.StoredPagesMiddleware",
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
                "portals.practitioner.account_frame.account_frame",
            ],
            "builtins": ["portals.templatetags.addresses"],
            "libraries": {"i18n": "portals.templatetags.texts"},
        },
    },
]
SILENCED_SYSTEM_CHECKS = ["templates.W003"]  # two libraries named i18n: the second stands in for the first
