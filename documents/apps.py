from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DocumentsConfig(AppConfig):
    name = "documents"
    verbose_name = _("Documents")

    def ready(self) -> None:
        from appointments.signals import booked, changed, deleting
        from documents.consents import following as consents_following
        from documents.receiving import following
        from documents.sending.after_suspension import cancel_past_sendings
        from documents.sending.planning import follow_changed, plan_booked
        from documents.sharing.accesses import follow_guardian, follow_proof
        from documents.sharing.corrections import (
            follow_account,
            follow_appointment,
            follow_authorisation,
            follow_birth_date,
            follow_contacts,
        )
        from documents.sharing.share import take_back_everything
        from documents.to_sign.preparing import withdraw_with_appointments
        from patients.signals import (
            account_contact_changed,
            birth_date_changed,
            contacts_changed,
            guardian_ended,
            guardian_proved,
        )
        from practices.signals import suspension_lifted

        booked.connect(plan_booked, dispatch_uid="documents.plan_booked")
        changed.connect(follow_changed, dispatch_uid="documents.follow_changed")
        changed.connect(follow_appointment, dispatch_uid="documents.follow_appointment")
        changed.connect(follow_authorisation, dispatch_uid="documents.follow_authorisation")
        account_contact_changed.connect(follow_account, dispatch_uid="documents.follow_account")
        guardian_proved.connect(follow_proof, dispatch_uid="documents.follow_proof")
        guardian_ended.connect(follow_guardian, dispatch_uid="documents.follow_guardian")
        contacts_changed.connect(follow_contacts, dispatch_uid="documents.follow_contacts")
        birth_date_changed.connect(follow_birth_date, dispatch_uid="documents.follow_birth_date")
        suspension_lifted.connect(cancel_past_sendings, dispatch_uid="documents.cancel_past_sendings")
        deleting.connect(withdraw_with_appointments, dispatch_uid="documents.withdraw_with_appointments")
        changed.connect(following.follow_appointment, dispatch_uid="documents.requests_follow_appointment")
        contacts_changed.connect(following.follow_contacts, dispatch_uid="documents.requests_follow_contacts")
        account_contact_changed.connect(following.follow_account, dispatch_uid="documents.requests_follow_account")
        changed.connect(consents_following.follow_appointment, dispatch_uid="documents.consents_follow_appointment")
        contacts_changed.connect(
            consents_following.follow_contacts, dispatch_uid="documents.consents_follow_contacts"
        )
        account_contact_changed.connect(
            consents_following.follow_account, dispatch_uid="documents.consents_follow_account"
        )
        deleting.connect(following.delete_with_appointments, dispatch_uid="documents.delete_received")
        deleting.connect(take_back_everything, dispatch_uid="documents.take_back_everything")
