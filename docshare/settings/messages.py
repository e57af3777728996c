"""Emails, SMS, webhooks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from docshare.email_provider import is_provider, provider_settings
from docshare.settings.installation import DATA_DIR, PRODUCTION, PUBLIC_ADDRESS, env
from docshare.sms_settings import countries, hour_and_day

OUTBOX_DIR = DATA_DIR / "outbox"
# smtp://user:password@host:port, smtps://…, smtp+tls://…; empty: files in OUTBOX_DIR.
EMAIL_URL = env.str("EMAIL_URL", "")
# http(s)://… (a gateway that accepts JSON: notifications/channels/http_gateway.py), or an apprise URL; empty: files.
SMS_URL = env.str("SMS_URL", "")
SMS_TOKEN = env.str("SMS_TOKEN", "")  # sent as a bearer token to an HTTP gateway
SMS_HEADERS = env.json("SMS_HEADERS", default={})
SMS_BODY = env.json("SMS_BODY", default={"to": "{to}", "text": "{text}"})
SMS_ID = env.str("SMS_ID", "id")
# Its delivery reports, to /reports/sms/: whsec_… signs them; the paths of the message's id and status in their JSON.
SMS_REPORT_SECRET = env.str("SMS_REPORT_SECRET", "")
SMS_REPORT_ID = env.str("SMS_REPORT_ID", "id")
SMS_REPORT_STATUS = env.str("SMS_REPORT_STATUS", "status")
# How many SMS an hour and a day at most, and to which countries (ISO 3166): docs/decisions/0020. The last two are the
# defaults of a practice (SmsPolicy).
SMS_PER_ACCOUNT = hour_and_day(env, "SMS_PER_ACCOUNT", (10, 30))  # caused by a user who is not staff
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
    # seconds for each answer of the server; four of them fit in a lease (notifications/delivery.py)
    EMAIL_TIMEOUT = 10
else:
    EMAIL_BACKEND = "notifications.channels.outbox.OutboxEmailBackend"
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", f"docshare <no-reply@{PUBLIC_ADDRESS.hostname or 'localhost'}>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
# Documents shared one after the other for one appointment are announced together.
SHARE_NOTICE_DELAY = timedelta(seconds=env.int("SHARE_NOTICE_DELAY_SECONDS", 15))
# What staff do on a page can be undone for so long; until then no message of it leaves. 0: nothing can be undone.
UNDO_FOR = timedelta(seconds=env.int("UNDO_SECONDS", 30))

# Webhooks may use plain HTTP, and addresses of this machine or its network, except in production.
WEBHOOKS_MAY_STAY_INSIDE = env.bool("WEBHOOKS_MAY_STAY_INSIDE", not PRODUCTION)
