from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("files", "0003_kept_pages")]

    operations = [
        migrations.AddField(
            model_name="storedfile",
            name="practice_id",
            field=models.UUIDField(
                blank=True,
                help_text="Null: of an account's export, or written by the previous release",
                null=True,
            ),
        ),
    ]
