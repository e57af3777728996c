from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.contrib.staticfiles.apps import StaticFilesConfig


class DocshareConfig(AppConfig):
    name = "docshare"

    def ready(self) -> None:
        from django.db.backends.signals import connection_created

        from docshare import checks, embedded, model_names, telemetry

        connection_created.connect(embedded.keep_secrets, dispatch_uid="docshare.keep_secrets")
        checks.refuse_unfit_production()
        model_names.name_models()
        telemetry.begin()


class ServedFilesConfig(StaticFilesConfig):
    """Leaves out files of packages that no page uses, which saves copying, hashing and compressing them."""

    ignore_patterns = [
        *StaticFilesConfig.ignore_patterns,
        *("legacy", "types", "image_decoders", "web", "redoc"),  # folders of pdfjs-dist, signature_pad, the sidecar
        *("rest_framework", "django_htmx", "ext", "scss"),  # of packages; the last two of htmx.org and the font
        *("pdf.mjs*", "pdf.worker.mjs*", "pdf.renderer.mjs*", "pdf.sandbox.*", "pdf_viewer.*"),
        *("bootstrap-*", "bootstrap.css*", "bootstrap.rtl.*", "bootstrap*.js*"),
        *("signature_pad.js*", "signature_pad.umd.*", "htmx.amd.*", "htmx.cjs.*", "htmx.esm.*", "htmx.js", "*.d.ts"),
    ]


class OperatorAdminConfig(AdminConfig):
    default_site = "docshare.operator_site.OperatorSite"
