from django.apps import AppConfig


class DocshareConfig(AppConfig):
    name = "docshare"

    def ready(self) -> None:
        from docshare import checks

        checks.refuse_unfit_production()
