"""WSGI entry point (gunicorn, gthread workers)."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "docshare.settings")

application = get_wsgi_application()
