"""Tokens are scrubbed from logs (docs/security-cases.md, 14)."""

from __future__ import annotations

import logging
import sys

import pytest

from appointments.models import Appointment
from docshare.logs import ScrubbingFormatter, scrub
from documents.models import DocumentLink
from documents.sending.links import link_url
from patients.invitations import invitation_for, invitation_url
from patients.models import Patient

TOKEN = "Vd3k9sLq-2bXo_7TzR4mWc"
SHORT = f"Vd3k9sLq-2bXo_7TzR4mWc.{TOKEN}"


@pytest.mark.parametrize(
    "line",
    [
        f'127.0.0.1 - - "GET /d/{TOKEN} HTTP/1.1" 200',
        f"Not Found: /invitation/{TOKEN}/",
        f"Internal Server Error: /account/password/reset/key/3-{TOKEN}/",
        f"GET https://documents.example/d/{TOKEN}?lang=fr",
        f'"GET /documents/ HTTP/1.1" 200 "http://localhost/invitation/{TOKEN}"',
        f"/search?token={TOKEN}",
        f'"GET /d/{SHORT} HTTP/1.1" 200',
    ],
)
def test_a_token_is_not_written_down(line: str) -> None:
    assert TOKEN not in scrub(line)


@pytest.mark.parametrize(
    "line",
    [
        "GET /api/v1/appointments/5f3a2b1c-0d9e-4f8a-b7c6-123456789abc/documents/ HTTP/1.1",
        "/static/js/share-4c1f9e2a7b3d.js",
        'File "/srv/docshare/notifications/delivery.py", line 12',
    ],
)
def test_what_names_nobody_stays_readable(line: str) -> None:
    assert scrub(line) == line


@pytest.mark.django_db
def test_the_addresses_that_let_one_in_are_not_written_down(marie: Patient, appointment: Appointment) -> None:
    invitation = invitation_url(invitation_for(patient=marie, by=None))
    link = link_url(DocumentLink.objects.create(appointment=appointment))
    for address in (invitation, link):
        token = max(address.split("/"), key=len)
        line = scrub(f"GET {address} HTTP/1.1")
        assert token not in line
        assert token.partition(".")[2] not in line


def test_a_traceback_is_scrubbed_too() -> None:
    try:
        raise ValueError(f"no such page: /d/{TOKEN}")
    except ValueError:
        record = logging.LogRecord("site", logging.ERROR, __file__, 1, "Failed", (), sys.exc_info())
    assert TOKEN not in ScrubbingFormatter().format(record)
