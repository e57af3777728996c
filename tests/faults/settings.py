"""The site's settings with a faster clock: waits, leases and intervals are FAULTS_PACE times shorter.

FAULTS_PACE=1 is the clock of a real installation.
"""

from docshare.settings import *  # noqa: F403
from docshare.settings import CELERY_BEAT_SCHEDULE, CELERY_BROKER_TRANSPORT_OPTIONS, INSTALLED_APPS, STORAGES
from tests.faults.pace import PACE

INSTALLED_APPS = [*INSTALLED_APPS, "tests.faults.pace.PaceConfig"]
# Pages that refuse are drawn without the manifest of collected files.
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
EMAIL_TIMEOUT: float = 10 / PACE  # type: ignore[no-redef]
CELERY_BEAT_SCHEDULE = {
    name: {**entry, "schedule": entry["schedule"] / PACE}  # type: ignore[operator]
    for name, entry in CELERY_BEAT_SCHEDULE.items()
}
CELERY_BROKER_TRANSPORT_OPTIONS = {
    **CELERY_BROKER_TRANSPORT_OPTIONS,
    "visibility_timeout": round(600 / PACE),
    "unacked_restore_interval": round(10 / PACE),
}
