from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("documents", "0150_practice_of_auto_sends")]

    operations = [
        migrations.AddField(
            model_name="documentlink",
            name="practice",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                help_text="Its parent's; null: written by the previous release",
                null=True,
                on_delete=models.deletion.DO_NOTHING,
                related_name="+",
                to="practices.practice",
            ),
        ),
    ]
