"""WSGI entry point (gunicorn, gthread workers)."""

import os

from django.core.wsgi import get_wsgi_application

from docshare.embedded import prepare

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "docshare.settings")
prepare()

application = get_wsgi_application()
