"""Wiring of the site: settings, urls, Celery, system checks, demo data. Nobody imports this package."""

from .celery import app as celery_app

__all__ = ["celery_app"]
