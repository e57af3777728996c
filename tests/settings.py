"""The site's settings with a DATA_DIR of this run's own, so that tests never touch a running installation."""

import os
import tempfile

os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="docshare-test-")
_worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
if os.environ.get("REDIS_URL"):  # a logical database of its own for each test process
    _base = (
        os.environ["REDIS_URL"].rsplit("/", 1)[0]
        if os.environ["REDIS_URL"].count("/") > 2
        else os.environ["REDIS_URL"]
    )
    os.environ["REDIS_URL"] = f"{_base}/{int(_worker.removeprefix('gw')) + 1}"

from deploy.texts import compile_texts  # noqa: E402

compile_texts()  # pages are tested in both languages

from docshare.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # signing in a hundred times, quickly
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}  # noqa: F405
STATIC_ROOT = DATA_DIR / "static"  # noqa: F405
STATIC_ROOT.mkdir()
