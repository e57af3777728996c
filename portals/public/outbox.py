"""`/outbox/`: shows the emails and SMS that the embedded default wrote to files.

They contain links and codes: the page does not exist in production, or where messages really leave.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.parser import BytesParser
from pathlib import Path

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

LATEST = 100
EMAIL, SMS = ".eml", ".sms.json"


@dataclass(frozen=True)
class Written:
    """One file of the outbox."""

    channel: str
    sent_at: datetime
    to: str
    subject: str
    text: str


@login_not_required
@require_safe
def outbox(request: HttpRequest) -> HttpResponse:
    if settings.PRODUCTION or settings.EMAIL_URL or settings.SMS_URL:
        raise Http404
    folder = Path(settings.OUTBOX_DIR)
    names = sorted((path.name for path in folder.glob("[0-9]*") if path.name.endswith((EMAIL, SMS))), reverse=True)
    messages = [read(folder / name) for name in names[:LATEST]]
    return render(request, "public/outbox.html", {"messages_sent": messages, "folder": folder})


def read(path: Path) -> Written:
    """The file names begin with the time of sending (UTC), so they sort by it."""
    sent_at = datetime.strptime(path.name.partition("-")[0], "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=UTC)
    if path.name.endswith(SMS):
        sms = json.loads(path.read_text())
        return Written("sms", sent_at, sms["to"], "", sms["text"])
    mail = BytesParser(policy=policy.default).parsebytes(path.read_bytes())
    body = mail.get_body(("plain",))
    return Written("email", sent_at, str(mail["To"]), str(mail["Subject"]), body.get_content() if body else "")
