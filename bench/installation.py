"""Starts Django for a measurement, on the installation that DATA_DIR names."""

from __future__ import annotations

import os


def set_up() -> None:
    """Create what an installation needs in DATA_DIR, as manage.py does, then load Django's registry of models."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "docshare.settings")
    import django

    from docshare.embedded import prepare

    prepare()
    django.setup()
