"""The database."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from docshare.settings.installation import DATA_DIR, env

DATABASES = {"default": env.db_url("DATABASE_URL", default=f"sqlite:///{quote(str(DATA_DIR / 'docshare.sqlite3'))}")}
SQLITE_PATH = None  # set for a database in a file
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    if not str(DATABASES["default"]["NAME"]).startswith((":memory:", "file:")):
        SQLITE_PATH = Path(DATABASES["default"]["NAME"])
    # A transaction takes the write lock when it begins, so that writers wait instead of failing half-way.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 10,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", 60)
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
