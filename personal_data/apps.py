from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PersonalDataConfig(AppConfig):
    name = "personal_data"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = _("Données personnelles")
