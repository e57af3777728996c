"""Columns of the practices' chains, and their digest of each day, as append-only as the trail."""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

SQLITE = [
    f"""
    CREATE TRIGGER audit_day_no_{verb} BEFORE {verb.upper()} ON audit_dailyseal
    BEGIN SELECT RAISE(ABORT, 'The audit trail is append-only.'); END
    """
    for verb in ("update", "delete")
]
POSTGRESQL = [
    f"""
    CREATE TRIGGER audit_day_{name} BEFORE {verbs} ON audit_dailyseal
    FOR EACH {each} EXECUTE FUNCTION audit_refuse()
    """
    for name, verbs, each in (
        ("append_only", "UPDATE OR DELETE", "ROW"),
        ("no_truncate", "TRUNCATE", "STATEMENT"),
    )
]
UNDO = {
    "sqlite": ["DROP TRIGGER audit_day_no_update", "DROP TRIGGER audit_day_no_delete"],
    "postgresql": [
        "DROP TRIGGER audit_day_append_only ON audit_dailyseal",
        "DROP TRIGGER audit_day_no_truncate ON audit_dailyseal",
    ],
}


def refuse_changes(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in {"sqlite": SQLITE, "postgresql": POSTGRESQL}[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def allow_changes(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in UNDO[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("audit", "0010_seals")]
    operations = [
        migrations.AddField(
            model_name="auditseal",
            name="chain",
            field=models.UUIDField(
                blank=True,
                help_text="The practice; zeros: none; null: sealed by the previous release, in the one chain alone",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="auditseal",
            name="number",
            field=models.BigIntegerField(blank=True, help_text="Its place in that chain, from 1", null=True),
        ),
        migrations.AddField(
            model_name="auditseal",
            name="chain_digest",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="As digest, over the digest before in that chain",
                max_length=64,
            ),
        ),
        migrations.CreateModel(
            name="DailySeal",
            fields=[
                ("day", models.DateField(help_text="In UTC", primary_key=True, serialize=False)),
                ("position", models.BigIntegerField(help_text="Of the newest seal that it covers", unique=True)),
                ("digest", models.CharField(help_text="audit.days.digest_of_day", max_length=64)),
            ],
            options={"verbose_name": "scellé du jour", "verbose_name_plural": "scellés du jour"},
        ),
        migrations.RunPython(refuse_changes, allow_changes),
    ]
