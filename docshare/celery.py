"""The Celery application. Tasks are nudges: the database holds what is to be done (design, section 5)."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "docshare.settings")

app = Celery("docshare")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
