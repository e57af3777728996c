from django.db import migrations

from schema.operations import FillPractice


class Migration(migrations.Migration):
    atomic = False  # batches

    dependencies = [
        ("documents", "0154_no_index_of_all_failed_sendings"),
        ("files", "0011_index_of_a_practices_files"),
        ("personal_data", "0002_practice_export"),
    ]

    operations = [
        FillPractice(
            "files.StoredFile",
            "shared_documents__practice",
            "library_version__document__practice",
            "received_document__practice",
            "practice_export__practice",
        ),
    ]
