from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    name = "documents"
    verbose_name = "Documents"

    def ready(self) -> None:
        from appointments.signals import changed, deleting
        from documents.sharing import call_off_what_was_withdrawn, take_back_everything

        changed.connect(call_off_what_was_withdrawn, dispatch_uid="documents.call_off_what_was_withdrawn")
        deleting.connect(take_back_everything, dispatch_uid="documents.take_back_everything")
