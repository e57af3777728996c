"""The triggers by which the database itself refuses to change the trail, its seals and the digests of its days."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection

# By the kind of database and by table: as the migrations make them.
GUARDS = {
    "sqlite": {
        "audit_auditevent": {"audit_no_update", "audit_no_delete"},
        "audit_auditseal": {"audit_seal_no_update", "audit_seal_no_delete"},
        "audit_dailyseal": {"audit_day_no_update", "audit_day_no_delete"},
    },
    "postgresql": {
        "audit_auditevent": {"audit_append_only", "audit_no_truncate"},
        "audit_auditseal": {"audit_seal_append_only", "audit_seal_no_truncate"},
        "audit_dailyseal": {"audit_day_append_only", "audit_day_no_truncate"},
    },
}
PRESENT = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s",
    "postgresql": "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND tgenabled <> 'D'",
}


def trail_is_guarded() -> Iterator[str]:
    """Whoever can write SQL could otherwise change the trail, if not unnoticed: its chain shows that."""
    for table, triggers in GUARDS[connection.vendor].items():
        with connection.cursor() as cursor:
            cursor.execute(PRESENT[connection.vendor], [table])
            present = {name for (name,) in cursor.fetchall()}
        for name in sorted(triggers - present):
            yield (
                f"trigger {name} of {table} is missing: the database does not refuse changes any more. Run manage.py "
                "migrate if migrations are due; if none is, somebody removed it. Compare the trail with an anchor "
                "that is stored elsewhere (fsck --anchor)."
            )
