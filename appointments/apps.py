from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AppointmentsConfig(AppConfig):
    name = "appointments"
    verbose_name = _("Rendez-vous")

    def ready(self) -> None:
        from django.db.models.signals import pre_delete

        from appointments.exclusions import keep_exclusions
        from appointments.models import VisitReason
        from appointments.opening_hours import close_hours_kept_for
        from patients.signals import identity_corrected

        identity_corrected.connect(keep_exclusions, dispatch_uid="appointments.keep_exclusions")
        pre_delete.connect(close_hours_kept_for, sender=VisitReason, dispatch_uid="appointments.close_hours_kept_for")
