"""The Celery application. Tasks are nudges: the database holds what is to be done (design, section 5)."""

import os

from celery import Celery
from celery.signals import worker_shutting_down

from notifications.turns import leave

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "docshare.settings")

app = Celery("docshare")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# Threads cannot be ended: a task's time limits do nothing with them, and SIGTERM would wait for a whole batch.
worker_shutting_down.connect(leave)
