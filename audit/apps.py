from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class AuditConfig(AppConfig):
    name = "audit"
    verbose_name = _("Historique")

    def ready(self) -> None:
        autodiscover_modules("events")  # each room declares what it records
