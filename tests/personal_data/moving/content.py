"""What an archive has, for comparison; and other archives, made from it."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from personal_data.moving.layout import ABOUT, PEOPLE, SEAL, SUMS, TRAIL, seal
from personal_data.moving.people import id_here

NUMBERED = re.compile(r"\d+")


def entries_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as content:
        return {name: content.read(name) for name in content.namelist()}


def rows_of(entries: dict[str, bytes]) -> dict[str, list[dict[str, Any]]]:
    """Rows by label, those of practice.json included."""
    found = {
        name.removeprefix("rows/").removesuffix(".jsonl"): [json.loads(line) for line in text.splitlines()]
        for name, text in entries.items()
        if name.startswith("rows/")
    }
    return {**found, **json.loads(entries[ABOUT])["settings"]}


def write(path: Path, entries: dict[str, bytes], *, sums: bool = True, kinds: dict[str, int] | None = None) -> Path:
    """An archive of these entries, with sums and seal that fit. `kinds`: file modes of some."""
    if sums:
        rest = {name: text for name, text in entries.items() if name != SUMS}
        lines = (f"{hashlib.sha256(text).hexdigest()}  {name}\n" for name, text in rest.items())
        entries = {**rest, SUMS: "".join(lines).encode()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as content:
        for name, text in entries.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (kinds or {}).get(name, 0o100600) << 16
            content.writestr(entry, text)
        content.comment = b"0" * SEAL
    seal(path)
    return path


def with_row(entries: dict[str, bytes], label: str, change: Callable[[dict[str, Any]], None]) -> dict[str, bytes]:
    """The same archive, with its first row of this label changed."""
    about = json.loads(entries[ABOUT])
    if label in about["settings"]:
        change(about["settings"][label][0])
        return {**entries, ABOUT: json.dumps(about).encode()}
    name = f"rows/{label}.jsonl"
    first, *rest = entries[name].splitlines(keepends=True)
    row = json.loads(first)
    change(row)
    return {**entries, name: json.dumps(row).encode() + b"\n" + b"".join(rest)}


# What docs/decisions/0032 says that a move changes: by label and field, what it becomes.
STATES = {
    "documents.AutoSend": {"planned": "cancelled"},
    "appointments.Reminder": {"planned": "cancelled"},
    "notifications.Message": {"queued": "called_off"},
}
NOTED = {
    "documents.SharedDocument": ("reminded_at", "holder_ended_at"),
    "appointments.HolderAuthorisation": ("withdrawn_at",),
    "documents.AutoSend": ("retry_at",),
    "files.StoredFile": ("refused_as",),
}


def as_moved(rows: dict[str, list[dict[str, Any]]], practice: uuid.UUID, *, again: bool) -> dict[str, list[Any]]:
    """The rows as they are after the move. `again`: they are already, so only what has no meaning elsewhere goes."""
    people = {one["pk"] for one in rows[PEOPLE]}
    found: dict[str, list[Any]] = {}
    for label, those in rows.items():
        each = [_as_moved(label, one, again=again) for one in those]
        text = json.dumps([one for one in each if one], sort_keys=True)
        if not again:
            for pk in people:
                text = text.replace(pk, str(id_here(practice, uuid.UUID(pk))))
        found[label] = sorted(json.loads(text), key=lambda one: json.dumps(one, sort_keys=True))
    return found


def _as_moved(label: str, row: dict[str, Any], *, again: bool) -> dict[str, Any] | None:
    if label == TRAIL:
        return _line(row)
    fields = row.get("fields")
    if fields is None:
        return row
    if isinstance(row["pk"], int):
        row["pk"] = None
    state = fields.get("state")
    fields["state"] = STATES.get(label, {}).get(state, state)
    for name in NOTED.get(label, ()):
        fields[name] = "noted"
    match label:
        case "appointments.Agenda":
            fields["practitioner"] = None
        case "documents.AutoSendRule":
            fields["is_active"] = False
        case "notifications.Message":
            fields["about"] = fields["caused_by"] = None  # none of them has a meaning of its own elsewhere
    return row


def _line(row: dict[str, Any]) -> dict[str, Any] | None:
    """Without its number and place; None for what the move itself wrote."""
    if row["action"] in ("practice.imported", "practice.exported", "member.invited"):
        return None
    detail = {name: value for name, value in row["detail"].items() if name != "moved_from"}
    places = dict.fromkeys(("id", "position", "digest", "number", "chain_digest"))
    return {**row, "detail": detail, **places}
