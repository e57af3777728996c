"""SQLite's REPLACE deletes a row without asking the triggers that refuse to delete it."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

SAME = {
    ("audit", "audit_auditevent"): "id = NEW.id",
    ("audit_seal", "audit_auditseal"): (
        "position = NEW.position OR event_id = NEW.event_id OR (chain = NEW.chain AND number = NEW.number)"
    ),
    ("audit_day", "audit_dailyseal"): "day = NEW.day OR position = NEW.position",
}


def refuse_replacements(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "sqlite":
        for (name, table), same in SAME.items():
            schema_editor.execute(f"""
                CREATE TRIGGER {name}_no_replace BEFORE INSERT ON {table}
                WHEN EXISTS (SELECT 1 FROM {table} WHERE {same})
                BEGIN SELECT RAISE(ABORT, 'The audit trail is append-only.'); END
            """)


def allow_replacements(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "sqlite":
        for name, _table in SAME:
            schema_editor.execute(f"DROP TRIGGER {name}_no_replace")


class Migration(migrations.Migration):
    dependencies = [("audit", "0022_seals_refuse_changes_again")]
    operations = [migrations.RunPython(refuse_replacements, allow_replacements)]
