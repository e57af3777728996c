from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    name = "documents"
    verbose_name = "Documents"

    def ready(self) -> None:
        from appointments.signals import deleting
        from documents.sharing import take_back_everything

        deleting.connect(take_back_everything, dispatch_uid="documents.take_back_everything")
