"""On SQLite, 0020 made the table of seals anew to add a column, and its triggers went with the former one."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

SQLITE = [
    f"""
    CREATE TRIGGER IF NOT EXISTS audit_seal_no_{verb} BEFORE {verb.upper()} ON audit_auditseal
    BEGIN SELECT RAISE(ABORT, 'The audit trail is append-only.'); END
    """
    for verb in ("update", "delete")
]


def refuse_changes(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "sqlite":
        for statement in SQLITE:
            schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("audit", "0021_places_in_chains")]
    operations = [migrations.RunPython(refuse_changes, migrations.RunPython.noop)]
