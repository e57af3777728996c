import uuid

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

from schema.operations import AddConstraintNotValid


class Migration(migrations.Migration):
    safe = {
        "constraint auto_send_document_or_question": "the last release always names a document, and knows no question"
    }

    dependencies = [("documents", "0085_receiving")]

    operations = [
        migrations.CreateModel(
            name="RuleQuestion",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("label", models.CharField(max_length=120, verbose_name="document demandé")),
                ("details", models.TextField(blank=True, default="", max_length=1000, verbose_name="précisions")),
                (
                    "days_before",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="Until the end of that day; null: no limit",
                        null=True,
                        validators=[django.core.validators.MaxValueValidator(365)],
                        verbose_name="jours avant le rendez-vous",
                    ),
                ),
                ("rank", models.PositiveSmallIntegerField(default=0)),
                ("removed_at", models.DateTimeField(blank=True, help_text="What it asked stays", null=True)),
                (
                    "rule",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="questions",
                        to="documents.autosendrule",
                    ),
                ),
            ],
            options={"ordering": ["rank", "id"]},
        ),
        migrations.AlterField(
            model_name="autosend",
            name="document",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="auto_sends",
                to="documents.librarydocument",
            ),
        ),
        migrations.AddField(
            model_name="autosend",
            name="question",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="sendings",
                to="documents.rulequestion",
            ),
        ),
        migrations.AddField(
            model_name="documentrequest",
            name="auto_send",
            field=models.OneToOneField(
                blank=True,
                help_text="Of a rule",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="request",
                to="documents.autosend",
            ),
        ),
        AddConstraintNotValid(
            model_name="autosend",
            constraint=models.CheckConstraint(
                condition=models.Q(("document__isnull", False), ("question", None))
                | models.Q(("document", None), ("question__isnull", False)),
                name="auto_send_document_or_question",
            ),
        ),
    ]
