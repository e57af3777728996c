from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PracticesConfig(AppConfig):
    name = "practices"
    verbose_name = _("Cabinets")

    def ready(self) -> None:
        from accounts.models import User
        from notifications.models import WAITING_PRACTICES
        from practices.held import forget_after_changes_of
        from practices.models import Membership, Practice
        from practices.suspension import suspended_ids

        WAITING_PRACTICES.append(suspended_ids)
        forget_after_changes_of(Membership, Practice, User)
