"""Description, unit and (if computed) default of each setting. Read by tools/settings_table.py."""

from __future__ import annotations

from typing import NamedTuple


class Setting(NamedTuple):
    """`default`: only where the code's own is computed."""

    what: str
    unit: str = ""
    default: str = ""


HOUR_AND_DAY = "SMS an hour, SMS a day"

GROUPS: dict[str, dict[str, Setting]] = {
    "The site": {
        "DOCSHARE_ENV": Setting("`production`, or the trial"),
        "PUBLIC_URL": Setting(
            "The site's address, `https://…` in production; links in messages begin with it",
            "URL",
            "`http://localhost:$PORT`",
        ),
        "ALLOWED_HOSTS": Setting(
            "Host names that the site answers to; in production with that of `PUBLIC_URL`, and without `*`",
            "names, commas",
            "host of `PUBLIC_URL`, localhost",
        ),
        "DATA_DIR": Setting("Where the site keeps its files; the trial writes nowhere else", "path", "`./data`"),
        "STATIC_ROOT": Setting("Where static files are collected and served from", "path", "`./.static`"),
        "DEBUG": Setting("Django's error pages with the insides of the site; refused in production", "true, false"),
        "LOG_FORMAT": Setting("`plain` or `json`; in production always `json`, one object a line"),
        "METRICS_TOKEN": Setting(
            "Bearer token for `/metrics`, 32 characters or more; without it `/metrics` answers this machine alone"
        ),
        "REPLICA_NAME": Setting("What this web server is called in `/metrics`", "", "host name and port"),
        "SENTRY_DSN": Setting(
            "Crashes go to this server of Sentry's protocol: kinds and places, nothing of a person", "URL"
        ),
        "OTEL_EXPORTER_OTLP_ENDPOINT": Setting(
            "Spans of requests and tasks go to this OpenTelemetry collector (OTLP, JSON over HTTP)", "URL"
        ),
        "OTEL_EXPORTER_OTLP_HEADERS": Setting("What is sent along with them: `name=value`", "commas"),
    },
    "Legal pages": {
        "PUBLISHER": Setting(
            "Who publishes the site: name, legal form and number, address, telephone, e-mail", "lines, semicolons"
        ),
        "PUBLICATION_DIRECTOR": Setting("The natural person who answers for what is published"),
        "HOSTING_PROVIDER": Setting("Who hosts the site: name, address, telephone", "lines, semicolons"),
        "LEGAL_EMAIL": Setting("Where people write about the site, their data and its accessibility", "e-mail"),
        "DATA_PROTECTION_OFFICER": Setting("Name and address of the publisher's data protection officer, if any"),
        "ACCESSIBILITY": Setting(
            "What an audit of accessibility (RGAA) found: `none`, `partial` or `full` conformity"
        ),
    },
    "Secrets": {
        "SECRET_KEY": Setting(
            "32 random characters or more: sessions, links, sealed texts",
            "",
            "made once, in `DATA_DIR`; needed in production",
        ),
        "SECRET_KEY_FALLBACKS": Setting("Former values of `SECRET_KEY`, accepted during a key change", "one a line"),
        "SIGNING_PASSPHRASE": Setting(
            "32 random characters or more: encrypts practitioners' private keys",
            "",
            "made once, in `DATA_DIR`; needed in production",
        ),
        "SIGNING_PASSPHRASE_FALLBACKS": Setting(
            "Former values of `SIGNING_PASSPHRASE`, accepted during a key change", "one a line"
        ),
    },
    "Database and queue": {
        "DATABASE_URL": Setting(
            "`postgres://user:password@host/name`; by a local socket `postgres://user@:5432//run/postgresql/name`",
            "URL",
            "SQLite in `DATA_DIR`; needed in production",
        ),
        "CONN_MAX_AGE": Setting("How long a connection to PostgreSQL is used again", "seconds"),
        "REDIS_URL": Setting(
            "`redis://:password@host:6379/0`: queue, cache, rate limits",
            "URL",
            "a private Valkey; needed in production",
        ),
    },
    "Documents": {
        "STORAGE_URL": Setting(
            "`s3://bucket?endpoint=https://…&region=…` (decision 11), or `file:///path` on a shared volume",
            "URL",
            "files in `DATA_DIR`",
        ),
        "S3_ACCESS_KEY": Setting("Access key of the bucket, unless `STORAGE_URL` holds it"),
        "S3_SECRET_KEY": Setting("Secret key of the bucket, unless `STORAGE_URL` holds it"),
        "NEW_STORAGE_URL": Setting(
            "Where `manage.py move_storage` copies every file to; read by that command alone", "URL"
        ),
        "DOCUMENT_SERVING": Setting(
            "How documents are sent: `direct` by the web process, `accel` by nginx, `presigned` by the bucket",
            "",
            "`direct`; `presigned` with a bucket",
        ),
        "CLAMD_URL": Setting(
            "The virus scanner that each upload is shown to: `tcp://host:3310` or `unix:///run/clamav/clamd.ctl`; "
            "without it nothing is scanned",
            "URL",
        ),
        "SANDBOX_CONCURRENCY": Setting("Documents that each process parses at the same time", "documents"),
        "SANDBOX_OPEN_PLACES": Setting(
            "Documents that anybody may have verified at the same time, over all web processes", "documents"
        ),
    },
    "Signing": {
        "TSA_URL": Setting("A time-stamp authority (RFC 3161); signatures then carry a trusted time", "URL"),
        "TSA_ROOTS": Setting(
            "Roots of the time-stamp authority, for `B-LT` and `B-LTA`; without them `/verify/` trusts no time of it",
            "PEM",
        ),
        "SIGNATURE_LEVEL": Setting(
            "`B-B`, `B-T`, `B-LT` or `B-LTA` (PAdES); the last two embed proofs for the years to come",
            "",
            "`B-B`; `B-T` with `TSA_URL`",
        ),
        "PKI_HOSTS_INSIDE": Setting(
            "Hosts of your own network that certificates may name for their revocation lists and OCSP, at `B-LT` and "
            "`B-LTA`; others are asked on public addresses alone",
            "names, commas",
        ),
        "SIGNING_ROOTS": Setting("Authorities of imported certificates that `/verify/` is to confirm", "PEM"),
        "PKCS11_MODULE": Setting("Library of a security module (PKCS#11) that holds signing keys", "path"),
        "PKCS11_PIN": Setting("PIN of the security module"),
        "CSC_URL": Setting("A remote signing service (Cloud Signature Consortium API 1.0.4)", "URL"),
        "CSC_TOKEN": Setting("Bearer token for the signing service"),
        "CSC_PIN": Setting("PIN of the credentials there"),
    },
    "Emails": {
        "EMAIL_URL": Setting(
            "`smtp+tls://user:password@host:587`; or a provider: `anymail+brevo://KEY@`, "
            "`anymail+mailjet://KEY:SECRET@`, `anymail+postmark://TOKEN@`, `anymail+mailgun://KEY@domain?region=eu` "
            "(with Brevo, turn off the tracking of links in its settings)",
            "URL",
            "files in `DATA_DIR/outbox`; needed in production",
        ),
        "DEFAULT_FROM_EMAIL": Setting(
            "Who messages come from: `Cabinet <adresse@domaine>`", "", "`no-reply@` host of `PUBLIC_URL`"
        ),
        "EMAIL_WEBHOOK_SECRET": Setting(
            "`user:password` with which the provider reports deliveries, bounces and complaints to "
            "`PUBLIC_URL/reports/email/`; the password of 16 characters or more"
        ),
        "EMAIL_WEBHOOK_KEY": Setting("Mailgun's signing key, in place of `EMAIL_WEBHOOK_SECRET`"),
        "SHARE_NOTICE_DELAY_SECONDS": Setting(
            "How long the notice of a document waits for others of the same appointment, to announce them together",
            "seconds",
        ),
        "UNDO_SECONDS": Setting(
            "How long staff can undo what they share, take back, move or cancel on a page; until then no message of "
            "it leaves. 0: not at all",
            "seconds",
        ),
    },
    "SMS": {
        "SMS_URL": Setting(
            "`https://…`, a gateway that takes JSON; or an apprise URL, `{to}` in it being the number",
            "URL",
            "files in `DATA_DIR/outbox`; needed in production",
        ),
        "SMS_TOKEN": Setting("Bearer token for the gateway"),
        "SMS_HEADERS": Setting("Headers for the gateway", "JSON object"),
        "SMS_BODY": Setting("What is posted to the gateway, `{id}` in it being our id", "JSON object"),
        "SMS_ID": Setting("Where the gateway's answer has its id: `messages.0.id`"),
        "SMS_REPORT_SECRET": Setting(
            "`whsec_…`, which signs delivery reports to `PUBLIC_URL/reports/sms/` "
            "([Standard Webhooks](https://www.standardwebhooks.com/))"
        ),
        "SMS_REPORT_ID": Setting("Where the JSON of a report has the id of the message"),
        "SMS_REPORT_STATUS": Setting("Where the JSON of a report has the status"),
        "SMS_PER_ACCOUNT": Setting("SMS at most, caused by the account of somebody who is no staff", HOUR_AND_DAY),
        "SMS_PER_STAFF": Setting("SMS at most, caused by an account of staff", HOUR_AND_DAY),
        "SMS_PER_NUMBER": Setting("SMS at most, to one number", HOUR_AND_DAY),
        "SMS_PER_PRACTICE": Setting(
            "SMS of one practice at most; a practice may set its own on its settings page", HOUR_AND_DAY
        ),
        "SMS_COUNTRIES": Setting(
            "Where SMS go: `FR,BE,CH`; a practice may set its own",
            "ISO 3166, commas",
            "France and its territories, EU, CH, MC, GB",
        ),
    },
    "Signing in": {
        "SIGN_IN_TRIES": Setting(
            "Wrong passwords or second factors of one account from one address, in five minutes", "tries"
        ),
        "SIGN_IN_TRIES_OF_AN_ADDRESS": Setting(
            "The same from one address (or IPv6 /64), whatever the account, in a minute", "tries"
        ),
        "SIGN_IN_TRIES_OF_A_DEVICE": Setting(
            "The same from a device that the account knows, in five minutes", "tries"
        ),
        "SIGN_IN_TRIES_AN_HOUR": Setting(
            "The same of one account from all unknown devices, in an hour; known devices and passkeys go on", "tries"
        ),
        "CODES_AN_HOUR": Setting("Codes by SMS for one person and purpose, in an hour", "codes"),
        "SESSION_IDLE_SECONDS": Setting(
            "After so long without use, one signs in again (after twelve hours in any case)", "seconds"
        ),
        "STAFF_SECOND_FACTOR": Setting("Whether staff need a second factor; in production always", "true, false"),
    },
    "Proxies and webhooks": {
        "TRUSTED_PROXY_COUNT": Setting(
            "How many proxies of yours set `X-Forwarded-For` and `X-Forwarded-Proto`", "proxies"
        ),
        "SECURE_SSL_REDIRECT": Setting(
            "Lead plain HTTP to https: true where the proxy does not do so", "true, false"
        ),
        "WEBHOOKS_MAY_STAY_INSIDE": Setting(
            "Whether webhooks and followed calendars of a practice may be plain HTTP, and lead to this machine or "
            "its network",
            "true, false",
            "`true`; `false` in production",
        ),
    },
    "Backups": {
        "BACKUP_RECIPIENT": Setting(
            "Public key of [age](https://age-encryption.org) that backups are encrypted to "
            "(`deploy/make_backup_key.py` makes a pair)",
            "keys, commas",
        ),
        "BACKUP_AT": Setting("With containers: when a backup is made each day", "hh:mm, UTC"),
        "BACKUP_KEEP": Setting("With containers: how many backups to keep", "backups"),
    },
    "Processes": {
        "DEMO": Setting("`0`: `make run` loads no demo practice", "", "`1`"),
        "PORT": Setting("Port of a web process"),
        "BIND": Setting(
            "Address and port of a web process",
            "",
            "`127.0.0.1:$PORT`; every address in production",
        ),
        "WEB_CONCURRENCY": Setting("Processes of one web server", "processes"),
        "WEB_THREADS": Setting("Threads of each of them: requests at the same time", "threads"),
        "PROMETHEUS_MULTIPROC_DIR": Setting(
            "Folder of the counters that `/metrics` adds up", "path", "a new folder in `TMPDIR`"
        ),
        "WORKER_NAME": Setting(
            "Celery's name of the worker that `deploy/healthy.py worker` checks", "", "`celery@` host name"
        ),
    },
}

# Variables of deploy/nginx/nginx.conf.template: /etc/docshare/nginx on Debian, whose values are shown.
NGINX: dict[str, Setting] = {
    "SITE_HOST": Setting("Host name of the site"),
    "PUBLIC_URL": Setting("Where plain HTTP is led to", "URL"),
    "FILES_HOST": Setting("Host name at which browsers find the bucket (`DOCUMENT_SERVING=presigned`)"),
    "WEB_SERVERS": Setting("The web processes: `server` lines of an upstream"),
    "S3_SERVER": Setting("The S3 server behind `FILES_HOST`", "host:port"),
    "RESOLVER": Setting("Name server with which `S3_SERVER` is looked up", "address"),
    "HTTP_PORT": Setting("Where plain HTTP is answered", "port, or address:port"),
    "HTTPS_PORT": Setting("Where the site is answered", "port, or address:port"),
    "FILES_PORT": Setting("Where the bucket is answered", "port, or address:port"),
    **{f"{name}_PORT_IPV6": Setting("The same for IPv6", "address:port") for name in ("HTTP", "HTTPS", "FILES")},
    "HEALTH_PORT": Setting("Where `/healthz` of nginx itself is answered, on this machine alone", "port"),
    "TLS_CERTIFICATE": Setting("Certificate with its chain", "path of PEM", "set by the unit"),
    "TLS_KEY": Setting("Private key", "path of PEM", "set by the unit"),
    "ACME_DIR": Setting("Whose `.well-known/acme-challenge` is answered over plain HTTP", "path"),
    "DATA_DIR": Setting(
        "`DATA_DIR` of the site, whose files nginx sends (`DOCUMENT_SERVING=accel`)", "path", "set by the unit"
    ),
    "RUN_DIR": Setting("Where nginx buffers requests, and its configuration", "path", "set by the unit"),
    "ACCESS_LOG": Setting("Where the access log goes: a path, or `syslog:…`"),
}
