"""Pictures and texts of pages are kept once they are made.

PostgreSQL deletes them with their file by itself: a page that is kept while its file is being deleted is unknown to
whoever deletes, and would stop the deletion at its end. SQLite has one writer at a time.
"""

from __future__ import annotations

import uuid
from typing import Any

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import sealing.columns


def delete_with_file(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    schema_editor.execute(
        "ALTER TABLE files_keptpage ADD CONSTRAINT kept_page_of_file FOREIGN KEY (file_id)"
        " REFERENCES documents_storedfile (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED"
    )


class Migration(migrations.Migration):

    dependencies = [("files", "0002_kept_under_older_rules")]
    safe = {"SQL constraint": "the table is made here: it has no row, and the last release writes none"}

    operations = [
        migrations.CreateModel(
            name="KeptPage",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("number", models.PositiveIntegerField(help_text="Of the page, from 1")),
                ("width", models.PositiveIntegerField(help_text="Pixels of a picture; 0: the text")),
                ("drawing", models.PositiveSmallIntegerField(help_text="Which version of the code made it")),
                (
                    "content",
                    sealing.columns.SealedTextField(
                        help_text="A picture in base64, or the text; sealed, as no document is in the database"
                    ),
                ),
                ("made_at", models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
                (
                    "file",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="files.storedfile",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("file", "number", "width"), name="kept_page_once")],
            },
        ),
        migrations.RunPython(delete_with_file, migrations.RunPython.noop),
    ]
