"""Paths of an installation on Debian. Standard library only, like all of deploy/debian."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]  # the checkout, /srv/docshare
PYTHON = ROOT / ".venv" / "bin" / "python"
USER = "docshare"  # also the name of its group, database and database role

SETTINGS = Path("/etc/docshare")
ENVIRONMENT = SETTINGS / "environment"
NGINX = SETTINGS / "nginx"
SECRETS = SETTINGS / "secrets"
CERTIFICATE = SECRETS / "tls_certificate"
KEY = SECRETS / "tls_key"

DATA = Path("/var/lib/docshare")
BACKUPS = Path("/var/backups/docshare")

UNITS = Path("/etc/systemd/system")
REDIS = Path("/etc/redis/redis-docshare.conf")
REDIS_UNIT = "redis-server@docshare.service"
CLAMD = Path("/etc/clamav/clamd.conf")
SYSUSERS = Path("/etc/sysusers.d/docshare.conf")
TMPFILES = Path("/etc/tmpfiles.d/docshare.conf")
COMMAND = Path("/usr/local/bin/docsharectl")
