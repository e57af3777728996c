from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AppointmentsConfig(AppConfig):
    name = "appointments"
    verbose_name = _("Rendez-vous")

    def ready(self) -> None:
        from django.db.models.signals import pre_delete

        from appointments import signals
        from appointments.after_suspension import call_off_past_messages
        from appointments.exclusions import keep_exclusions
        from appointments.models import VisitReason
        from appointments.opening_hours import delete_hours_reserved_for
        from appointments.quiet_hours import time_of_attempt
        from appointments.waiting import (
            end_of_appointments,
            follow_appointments,
            withdraw_offers,
            withdraw_offers_to_account,
        )
        from notifications.delivery import RULES_OF_TIME
        from patients.signals import account_contact_changed, contacts_changed, identity_corrected
        from practices.signals import suspension_lifted

        RULES_OF_TIME.append(time_of_attempt)
        signals.changed.connect(follow_appointments, dispatch_uid="appointments.waiting_changed")
        signals.deleting.connect(end_of_appointments, dispatch_uid="appointments.waiting_deleting")
        contacts_changed.connect(withdraw_offers, dispatch_uid="appointments.withdraw_offers")
        account_contact_changed.connect(
            withdraw_offers_to_account, dispatch_uid="appointments.withdraw_offers_to_account"
        )
        identity_corrected.connect(keep_exclusions, dispatch_uid="appointments.keep_exclusions")
        suspension_lifted.connect(call_off_past_messages, dispatch_uid="appointments.call_off_past_messages")
        pre_delete.connect(
            delete_hours_reserved_for, sender=VisitReason, dispatch_uid="appointments.delete_hours_reserved_for"
        )
