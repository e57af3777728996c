import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("documents", "0110_undoing_a_batch"),
        ("questionnaires", "0002_one_draft"),
    ]

    operations = [
        migrations.AddField(
            model_name="rulequestion",
            name="questionnaire",
            field=models.ForeignKey(
                blank=True,
                help_text="To answer, in its newest version; null: files are asked for",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="questionnaires.questionnaire",
            ),
        ),
    ]
