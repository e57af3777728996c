"""The triggers by which the database itself refuses to change the trail, its seals and the digests of its days."""

from __future__ import annotations

import re
from collections.abc import Iterator

from django.db import connection

REFUSES = "BEGIN SELECT RAISE(ABORT, 'The audit trail is append-only.'); END"
CALLS = "EXECUTE FUNCTION audit_refuse()"
SAME_SEAL = "position = NEW.position OR event_id = NEW.event_id OR (chain = NEW.chain AND number = NEW.number)"
Guards = dict[str, dict[str, str]]  # by table and name: what the database says of a trigger, without its name


def _on_sqlite(prefix: str, table: str, same: str) -> dict[str, str]:
    replaces = f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same})"  # noqa: S608  # compared, never run
    return {
        f"{prefix}_no_update": f"BEFORE UPDATE ON {table} {REFUSES}",
        f"{prefix}_no_delete": f"BEFORE DELETE ON {table} {REFUSES}",
        f"{prefix}_no_replace": f"BEFORE INSERT ON {table} {replaces} {REFUSES}",
    }


def _on_postgresql(prefix: str, table: str) -> dict[str, str]:
    return {
        f"{prefix}_append_only": f"BEFORE DELETE OR UPDATE ON {table} FOR EACH ROW {CALLS}",
        f"{prefix}_no_truncate": f"BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {CALLS}",
    }


# By the kind of database: as the migrations make them.
GUARDS: dict[str, Guards] = {
    "sqlite": {
        "audit_auditevent": _on_sqlite("audit", "audit_auditevent", "id = NEW.id"),
        "audit_auditseal": _on_sqlite("audit_seal", "audit_auditseal", SAME_SEAL),
        "audit_dailyseal": _on_sqlite("audit_day", "audit_dailyseal", "day = NEW.day OR position = NEW.position"),
    },
    "postgresql": {
        "audit_auditevent": _on_postgresql("audit", "audit_auditevent"),
        "audit_auditseal": _on_postgresql("audit_seal", "audit_auditseal"),
        "audit_dailyseal": _on_postgresql("audit_day", "audit_dailyseal"),
    },
}
# 'O', 'A': it fires for ordinary sessions, whatever they set.
PRESENT = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s",
    "postgresql": (
        "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger "
        "WHERE tgrelid = %s::regclass AND tgenabled IN ('O', 'A') AND NOT tgisinternal"
    ),
}


def trail_is_guarded() -> Iterator[str]:
    """Whoever can write SQL could otherwise change the trail, if not unnoticed: its chain shows that."""
    for table, triggers in GUARDS[connection.vendor].items():
        with connection.cursor() as cursor:
            cursor.execute(PRESENT[connection.vendor], [table])
            present = {name: _said(sql) for name, sql in cursor.fetchall()}
        for name, said in sorted(triggers.items()):
            if present.get(name) == said:
                continue
            yield (
                f"trigger {name} of {table} is missing, turned off or another: the database does not refuse changes "
                "any more. Run manage.py migrate if migrations are due; if none is, somebody removed it. Compare the "
                "trail with an anchor that is stored elsewhere (fsck --anchor)."
            )


def _said(sql: str) -> str:
    """What a trigger does, as in GUARDS: without its name, quotes, schema and line breaks."""
    words = " ".join(re.sub(r'"|\bpublic\.', "", sql).split())
    return "BEFORE" + words.partition(" BEFORE")[2]
