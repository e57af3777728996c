"""Exports all data about a person (GDPR, articles 15 and 20): one FHIR R4 Bundle, and the documents.

Names are FHIR's if FHIR has one, else plain words. Data about other people are left out: a relative is "a relative",
staff who read are a role, staff who shared are named, as the patient's own pages name them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from audit.trail import record
from documents.models import ReceivedDocument, SharedDocument
from files import storage
from files.models import StoredFile
from files.names import download_name, shortened
from personal_data import export_account, export_activity, export_care
from personal_data.folder import as_json, copy_private, publish, write_manifest, write_private
from personal_data.people import Asked, Person
from personal_data.snapshot import snapshot

FORMAT = 1
LONGEST = 220  # bytes of a name: file systems allow 255
SNAPSHOTS = 3  # a document taken back while its bytes are copied requires another snapshot
Resource = dict[str, Any]


class DocumentsLost(Exception):
    """Documents are missing or changed in the storage. The message is a sentence for the operator."""


@dataclass(frozen=True)
class Gathered:
    """`documents`: path in the export -> the bytes that belong there."""

    person: Person
    resources: list[Resource]
    documents: dict[str, StoredFile]

    def counts(self) -> Counter[str]:
        return Counter(one["resourceType"] for one in self.resources)


def gather(asked: Asked) -> Gathered:
    """Collect the data in one snapshot. Raises people.NobodyFound."""
    with snapshot():
        person = asked.find()
        documents: list[SharedDocument | ReceivedDocument] = list(export_care.documents_of(person))
        documents += export_care.received_of(person)
        paths = {one.pk: _path(number, one) for number, one in enumerate(documents, start=1)}
        with translation.override(_language(person)):
            resources = [
                *export_account.resources(person),
                *export_care.resources(person, paths),
                *export_activity.resources(person),
            ]
    return Gathered(person, resources, {paths[one.pk]: one.file for one in documents})


def export(asked: Asked, target: Path) -> Gathered:
    """Write the export to `target`, a folder or a zip, and record it in the trail of the account and of each record.

    Raises people.NobodyFound, folder.CannotWrite, DocumentsLost.
    """
    done: list[Gathered] = []

    def write(folder: Path) -> None:
        done.append(_write(asked, folder))

    publish(target, write, last=lambda: _note(done[-1].person))
    return done[-1]


def _write(asked: Asked, folder: Path) -> Gathered:
    copied: dict[str, Path] = {}
    for _attempt in range(SNAPSHOTS):
        gathered = gather(asked)
        if _copy(gathered, folder.parent / "bytes", copied):
            break
    else:
        raise DocumentsLost("Documents are being taken back all the time: run the command again later.")
    for path, stored in gathered.documents.items():
        with copied[stored.key].open("rb") as source:  # several documents may share one file of the library
            copy_private(source, folder / path)
    entries = [{"fullUrl": f"urn:uuid:{one['id']}", "resource": one} for one in gathered.resources]
    write_private(folder / "bundle.json", as_json({"resourceType": "Bundle", "type": "collection", "entry": entries}))
    with translation.override(_language(gathered.person)):
        write_private(folder / _("LISEZMOI.txt"), _readme().encode())
    write_manifest(folder, {"format": FORMAT, "resources": dict(gathered.counts())})
    return gathered


def _copy(gathered: Gathered, folder: Path, copied: dict[str, Path]) -> bool:
    """Copy the bytes that are not copied yet. False if a document was deleted meanwhile."""
    for stored in gathered.documents.values():
        if stored.key in copied:
            continue
        target = folder / stored.pk.hex
        try:
            with storage.open_(stored) as source:
                digest = copy_private(source, target)
        except StoredFile.DoesNotExist:
            return False
        except (FileNotFoundError, storage.BytesChanged) as error:
            raise DocumentsLost(f"File {stored.pk} can't be exported: {storage.why_not(error)}.") from error
        if digest != stored.sha256:
            raise DocumentsLost(f"File {stored.pk} can't be exported: {storage.CHANGED}.")
        copied[stored.key] = target
    return True


@transaction.atomic
def _note(person: Person) -> None:
    if person.account:
        record("account.exported", by=None, on=person.account)
    for one in person.records:
        record("patient.exported", by=None, on=one, practice=one.practice_id)


def _path(number: int, document: SharedDocument | ReceivedDocument) -> str:
    title = document.title if isinstance(document, SharedDocument) else document.name
    name = download_name(title, document.file.media_type)
    return f"documents/{number:03d}-{shortened(name, most=LONGEST)}"


def _language(person: Person) -> str:
    return person.account.language if person.account else person.records[0].language


def _readme() -> str:
    return _(
        "Ce dossier contient ce que docshare garde de vous (RGPD, articles 15 et 20).\n\n"
        "documents/ : les documents qui vous concernent, tels qu’ils ont été partagés ou envoyés.\n"
        "bundle.json : le reste, lisible par un logiciel (HL7 FHIR R4) : vos fiches, vos rendez-vous, vos accords, "
        "les messages qui vous ont été envoyés, et qui a consulté vos documents.\n"
        "manifest.json : la liste des fichiers, avec leur empreinte SHA-256.\n\n"
        "Ce qui concerne d’autres personnes n’y est pas. Ces données sont personnelles : gardez-les à l’abri.\n"
    )
