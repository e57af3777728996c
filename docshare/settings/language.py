"""Language and time."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from docshare.settings.installation import BASE_DIR

LANGUAGE_CODE = "fr"
LANGUAGES = [("fr", _("Français")), ("en", _("Anglais"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True
TIME_ZONE = "Europe/Paris"
FORMAT_MODULE_PATH = ["docshare.formats"]
PHONENUMBER_REGION = "FR"
