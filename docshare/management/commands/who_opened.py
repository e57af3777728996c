"""`manage.py who_opened <document> --from --to`: lists who read a document in that period, from the audit trail.

Works for deleted documents, too, because the trail stays. One line for each opening: when, who, how.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from accounts.models import User
from audit.models import AuditEvent
from docshare.management.period import add_period


class Command(BaseCommand):
    help = "Prints every opening of a document between two moments."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("document", type=uuid.UUID, help="its id, as in the API and in addresses")
        add_period(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        lines = list(AuditEvent.objects.openings_of(options["document"]).during(options["start"], options["end"]))
        people = User.objects.in_bulk([line.actor_id for line in lines if line.actor_id])
        for line in lines:
            how = "staff" if line.action == "document.consulted" else "recipient"
            self.stdout.write(
                "\t".join(
                    [
                        timezone.localtime(line.at, timezone.get_default_timezone()).isoformat(timespec="seconds"),
                        _who(line, people),
                        how,
                        str(line.detail.get("means", "")),
                    ]
                )
            )
        self.stderr.write(f"{len(lines)} openings.")


def _who(line: AuditEvent, people: dict[uuid.UUID, User]) -> str:
    if line.actor_id is None:
        return "whoever had the link"
    user = people.get(line.actor_id)
    return f"{user.email} ({user.pk})" if user else f"an account that is gone ({line.actor_id})"
