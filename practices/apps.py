from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PracticesConfig(AppConfig):
    name = "practices"
    verbose_name = _("Cabinets")

    def ready(self) -> None:
        from notifications.models import WAITING_PRACTICES
        from practices.suspension import suspended_ids

        WAITING_PRACTICES.append(suspended_ids)
