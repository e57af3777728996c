from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("documents", "0004_written_documents")]

    operations = [
        migrations.AddIndex(
            model_name="storedfile",
            index=models.Index(fields=["sha256"], name="stored_file_sha256"),
        ),
    ]
