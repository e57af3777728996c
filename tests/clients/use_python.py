"""The tasks with the client of openapi-python-client. Its first argument: see given.ts."""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from datetime import date, datetime
from io import BytesIO
from typing import TypeVar
from urllib.parse import parse_qs, urlsplit

from docshare_client import AuthenticatedClient, Client
from docshare_client.api.appointments import (
    appointments_cancel_create,
    appointments_create,
    appointments_destroy,
    appointments_documents_create,
    appointments_history_list,
    appointments_recipient_retrieve,
)
from docshare_client.api.auto_send_rules import (
    auto_send_rules_create,
    auto_send_rules_destroy,
    auto_send_rules_partial_update,
)
from docshare_client.api.documents import documents_content_retrieve, documents_destroy
from docshare_client.api.library import (
    library_create,
    library_destroy,
    library_file_update,
    library_files_create,
)
from docshare_client.api.patients import patients_create, patients_list, patients_partial_update
from docshare_client.api.verify import verify_create
from docshare_client.models import (
    AppointmentInRequest,
    AppointmentOut,
    AppointmentStatusEnum,
    ChannelEnum,
    ErrorsOut,
    HistoryOutPage,
    LibraryDocumentOut,
    LibraryFileChangeRequest,
    LibraryFileInRequest,
    LibraryTextInRequest,
    MomentEnum,
    PatchedPatientChangeInRequest,
    PatchedRuleInRequest,
    PatientInRequest,
    PatientOut,
    PatientOutPage,
    RecipientOut,
    RecipientStateEnum,
    RuleInRequest,
    RuleOut,
    SharedDocumentOut,
    ShareInRequest,
    VerifyInRequest,
    VerifyOut,
)
from docshare_client.types import UNSET, File, Unset

T = TypeVar("T")
given: dict[str, str] = json.loads(sys.argv[1])


def a(kind: type[T], answer: object) -> T:
    assert isinstance(answer, kind), answer
    return answer


def as_(token: str) -> AuthenticatedClient:
    return AuthenticatedClient(base_url=given["url"], token=token)


def file() -> File:
    document = BytesIO(base64.b64decode(given["document"]))
    return File(payload=document, file_name="ordonnance.pdf", mime_type="application/pdf")


client, administrator = as_(given["token"]), as_(given["administrator"])

refused = patients_list.sync_detailed(client=as_("wrong"))
assert refused.status_code == 401
assert a(ErrorsOut, refused.parsed).errors[0].code == "authentication_failed"

seen = []
cursor: str | Unset = UNSET
while True:
    page = a(PatientOutPage, patients_list.sync(client=client, page_size=2, cursor=cursor))
    seen += [patient.id for patient in page.results]
    if page.next_ is None:
        break
    cursor = parse_qs(urlsplit(page.next_).query)["cursor"][0]
assert len(seen) == len(set(seen)) > 2

record = PatientInRequest(
    first_name="Ada",
    last_name="Python",
    birth_date=date(1985, 12, 10),
    email="ada.python@courriel.example",
    mobile="+33612340003",
)
patient = a(PatientOut, patients_create.sync(client=client, body=record, idempotency_key="python-patient"))
found = a(PatientOutPage, patients_list.sync(client=client, search="python"))
assert [one.id for one in found.results] == [patient.id]
change = PatchedPatientChangeInRequest(first_name="Adèle")
mended = a(PatientOut, patients_partial_update.sync(patient.id, client=client, body=change))
assert (mended.first_name, mended.mobile) == ("Adèle", "+33612340003")

start = datetime.fromisoformat(given["start"])
booking = AppointmentInRequest.from_dict(
    {
        "agenda": given["agenda"],
        "visit_reason": given["visit_reason"],
        "start": given["start"],
        "patient": str(patient.id),
    }
)
appointment = a(AppointmentOut, appointments_create.sync(client=client, body=booking))
assert appointment.start == start
recipient = a(RecipientOut, appointments_recipient_retrieve.sync(appointment.id, client=client))
assert recipient.state is RecipientStateEnum.READY

share = ShareInRequest(file=file(), category="prescription", title="Ordonnance", sign=True, page=1, x=0.5, y=0.8)
shared = appointments_documents_create.sync(appointment.id, client=client, body=share)
document = a(SharedDocumentOut, shared)
assert document.signed
content = a(File, documents_content_retrieve.sync(document.id, client=client)).payload.read()
assert hashlib.sha256(content).hexdigest() == document.sha256
asked = VerifyInRequest(file=File(payload=BytesIO(content), file_name="a.pdf"))
assert a(VerifyOut, verify_create.sync(client=Client(base_url=given["url"]), body=asked)).known
history = a(HistoryOutPage, appointments_history_list.sync(appointment.id, client=client, page_size=1))
assert len(history.results) == 1

text = LibraryTextInRequest(title="Venue", category="information", body="<p>Bonjour {{ patient_name }}</p>")
leaflet = a(LibraryDocumentOut, library_create.sync(client=administrator, body=text))
imported = LibraryFileInRequest(file=file(), title="Plan")
plan = a(LibraryDocumentOut, library_files_create.sync(client=administrator, body=imported))
newer = library_file_update.sync(plan.id, client=administrator, body=LibraryFileChangeRequest(file=file()))
assert a(LibraryDocumentOut, newer).version == 2
content_of_rule = RuleInRequest(
    name="Avant la venue",
    documents=[leaflet.id, plan.id],
    moment=MomentEnum.BEFORE,
    offset_hours=24,
    channels=[ChannelEnum.EMAIL],
)
rule = a(RuleOut, auto_send_rules_create.sync(client=administrator, body=content_of_rule))
off = PatchedRuleInRequest(active=False)
changed = a(RuleOut, auto_send_rules_partial_update.sync(rule.id, client=administrator, body=off))
assert (changed.active, changed.moment, changed.offset_hours) == (False, MomentEnum.BEFORE, 24)
assert auto_send_rules_destroy.sync_detailed(rule.id, client=administrator).status_code == 204
for one in (leaflet, plan):
    assert library_destroy.sync_detailed(one.id, client=administrator).status_code == 204

assert documents_destroy.sync_detailed(document.id, client=client).status_code == 204
cancelled = a(AppointmentOut, appointments_cancel_create.sync(appointment.id, client=client))
assert cancelled.status is AppointmentStatusEnum.CANCELLED
assert appointments_destroy.sync_detailed(appointment.id, client=client).status_code == 204
