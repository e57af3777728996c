from django.db import migrations, models

from schema.operations import AddIndexBesideWrites


class Migration(migrations.Migration):
    atomic = False  # batches, and CREATE INDEX CONCURRENTLY

    dependencies = [("files", "0010_practice_of_files")]

    operations = [
        AddIndexBesideWrites(
            model_name="storedfile",
            index=models.Index(fields=["practice_id", "created_at"], name="stored_file_of"),
        ),
    ]
