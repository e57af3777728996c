from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    name = "documents"
    verbose_name = "Documents"

    def ready(self) -> None:
        from appointments.signals import booked, changed, deleting
        from documents.planning import follow_changed, plan_booked
        from documents.sharing import call_off_what_was_withdrawn, take_back_everything

        booked.connect(plan_booked, dispatch_uid="documents.plan_booked")
        changed.connect(follow_changed, dispatch_uid="documents.follow_changed")
        changed.connect(call_off_what_was_withdrawn, dispatch_uid="documents.call_off_what_was_withdrawn")
        deleting.connect(take_back_everything, dispatch_uid="documents.take_back_everything")
