"""The site's settings with a DATA_DIR for this run, so that tests never touch a running installation.

With DOCSHARE_STACK, the folder of a running `make stack`, uses its settings: browser tests (tests/e2e) go there.
"""

import json
import os
import tempfile
from pathlib import Path

STACK = os.environ.get("DOCSHARE_STACK", "")
if STACK:
    _of_the_stack = json.loads((Path(STACK) / "environment.json").read_text())
    os.environ.update({name: value for name, value in _of_the_stack.items() if name != "DJANGO_SETTINGS_MODULE"})
else:
    os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="docshare-test-")
_worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
if os.environ.get("REDIS_URL"):  # a separate logical database for each test process
    _base = (
        os.environ["REDIS_URL"].rsplit("/", 1)[0]
        if os.environ["REDIS_URL"].count("/") > 2
        else os.environ["REDIS_URL"]
    )
    os.environ["REDIS_URL"] = f"{_base}/{int(_worker.removeprefix('gw')) + 1}"

os.environ.setdefault("UNDO_SECONDS", "0")  # messages leave at once; tests about undoing have their own time

from deploy.texts import compile_texts  # noqa: E402

compile_texts()  # tests read pages in both languages

from docshare.embedded import prepare  # noqa: E402

prepare()

from docshare.settings import *  # noqa: E402, F403

if STACK:  # with its own database and passwords
    PRODUCTION = False  # where the demo practice is not refused
    DATABASES["default"]["TEST"] = {"NAME": DATABASES["default"]["NAME"]}  # noqa: F405
else:
    if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":  # noqa: F405
        # A file, as in production: an in-memory database has other locks, without waiting.
        # It begins as a copy of a migrated one (tests/migrated.py).
        DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "tests.sqlite3"), "MIGRATE": False}  # noqa: F405
    if DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":  # noqa: F405
        # No test is about a loss of power; tests that commit would wait for the disk thousands of times.
        DATABASES["default"]["OPTIONS"] = {"options": "-c synchronous_commit=off"}  # noqa: F405
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast, because tests sign in often
# pytest-django serves static files only with this very name.
INSTALLED_APPS[INSTALLED_APPS.index("docshare.apps.ServedFilesConfig")] = "django.contrib.staticfiles"  # noqa: F405
_static = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
STORAGES = {**STORAGES, "staticfiles": _static}  # noqa: F405
STATIC_ROOT = DATA_DIR / "static"  # noqa: F405
STATIC_ROOT.mkdir(exist_ok=True)
