"""The kinds of documents that every installation starts with; the administration changes them."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

CATEGORIES = [
    ("prescription", "Ordonnance", "Prescription"),
    ("report", "Compte rendu", "Medical report"),
    ("results", "Résultats d’examens", "Test results"),
    ("imaging", "Imagerie", "Imaging"),
    ("certificate", "Certificat", "Certificate"),
    ("letter", "Courrier", "Letter"),
    ("invoice", "Facture, devis", "Invoice or quote"),
    ("information", "Information", "Information"),
    ("consent", "Consentement", "Consent form"),
    ("other", "Autre", "Other"),
]


def add_categories(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    model = apps.get_model("documents", "Category")
    for position, (code, french, english) in enumerate(CATEGORIES):
        model.objects.get_or_create(
            code=code, defaults={"label_fr": french, "label_en": english, "position": position}
        )


class Migration(migrations.Migration):
    dependencies = [("documents", "0001_initial")]
    operations = [migrations.RunPython(add_categories, migrations.RunPython.noop)]
