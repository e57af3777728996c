"""`manage.py export_audit --from --to`: the trail as JSON lines, for an inspection.

One object for each line, oldest first: the keys of audit.chain.with_places. An export stored elsewhere is an anchor:
`manage.py fsck --anchor <position>:<digest>`.
"""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db.models import Q

from audit.chain import with_places
from audit.models import AuditEvent
from docshare.management.period import add_period
from practices.activity import concerning
from practices.models import Practice

BATCH = 1000


class Command(BaseCommand):
    help = "Prints the audit trail between two moments as JSON lines."

    def add_arguments(self, parser: CommandParser) -> None:
        add_period(parser)
        help_text = "only what concerns this practice, its members' sign-ins included"
        parser.add_argument("--practice", type=uuid.UUID, help=help_text)

    def handle(self, *args: Any, **options: Any) -> None:
        lines = AuditEvent.objects.during(options["start"], options["end"])
        if options["practice"]:
            practice = Practice.objects.filter(pk=options["practice"]).first()
            lines = lines.filter(concerning(practice) if practice else Q(practice_id=options["practice"]))
        for row in with_places(lines.iterator(chunk_size=BATCH)):
            self.stdout.write(json.dumps(row, sort_keys=True))
