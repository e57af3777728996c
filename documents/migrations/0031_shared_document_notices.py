from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("documents", "0030_stored_file_sha256")]

    operations = [
        migrations.AddField(
            model_name="shareddocument",
            name="notices",
            field=models.JSONField(
                blank=True, default=list, help_text="What intake noticed or changed: codes of documents.notices"
            ),
        ),
    ]
