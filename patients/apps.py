from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PatientsConfig(AppConfig):
    name = "patients"
    verbose_name = _("Patients")

    def ready(self) -> None:
        from allauth.account.signals import email_changed

        from patients.own_contacts import follow_email

        email_changed.connect(follow_email, dispatch_uid="patients.follow_email")
