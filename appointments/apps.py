from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AppointmentsConfig(AppConfig):
    name = "appointments"
    verbose_name = _("Rendez-vous")

    def ready(self) -> None:
        from appointments.exclusions import keep_exclusions
        from patients.signals import identity_corrected

        identity_corrected.connect(keep_exclusions, dispatch_uid="appointments.keep_exclusions")
