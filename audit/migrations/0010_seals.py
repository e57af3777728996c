"""The chain of seals over the trail, as append-only as the trail itself."""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

SQLITE = [
    f"""
    CREATE TRIGGER audit_seal_no_{verb} BEFORE {verb.upper()} ON audit_auditseal
    BEGIN SELECT RAISE(ABORT, 'The audit trail is append-only.'); END
    """
    for verb in ("update", "delete")
]
POSTGRESQL = [
    f"""
    CREATE TRIGGER audit_seal_{name} BEFORE {verbs} ON audit_auditseal
    FOR EACH {each} EXECUTE FUNCTION audit_refuse()
    """
    for name, verbs, each in (
        ("append_only", "UPDATE OR DELETE", "ROW"),
        ("no_truncate", "TRUNCATE", "STATEMENT"),
    )
]
UNDO = {
    "sqlite": ["DROP TRIGGER audit_seal_no_update", "DROP TRIGGER audit_seal_no_delete"],
    "postgresql": [
        "DROP TRIGGER audit_seal_append_only ON audit_auditseal",
        "DROP TRIGGER audit_seal_no_truncate ON audit_auditseal",
    ],
}


def refuse_changes(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in {"sqlite": SQLITE, "postgresql": POSTGRESQL}[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def allow_changes(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in UNDO[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_no_truncate")]
    operations = [
        migrations.CreateModel(
            name="AuditSeal",
            fields=[
                ("position", models.BigIntegerField(primary_key=True, serialize=False)),
                ("event_id", models.BigIntegerField(unique=True)),
                (
                    "digest",
                    models.CharField(
                        help_text="SHA-256 over the digest before and the line, hexadecimal", max_length=64
                    ),
                ),
            ],
            options={
                "verbose_name": "scellé",
                "verbose_name_plural": "scellés",
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("position__gte", 1)), name="audit_seal_from_one")
                ],
            },
        ),
        migrations.RunPython(refuse_changes, allow_changes),
    ]
