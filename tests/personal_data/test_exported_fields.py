"""Whoever adds a field to a patient's record decides whether the person gets it."""

from __future__ import annotations

import ast
from pathlib import Path

from patients.models import Patient
from personal_data import export_account

NOT_EXPORTED = {
    "search_text": "made of the other fields",
    "birth_date_attempts": "a counter against guessing",
    "merged_into": "which of the practice's records stays: the export has that one",
    "merged_at": "when staff made one record of two",
    "access_ended": "a question to staff; that an access ended is a Consent",
    **dict.fromkeys(
        [f"{contact}_{part}" for contact in ("email", "mobile") for part in ("given_by", "since", "of_minor")],
        "says who gave a contact, which is somebody else's data",
    ),
}


def test_every_field_of_a_record_is_exported_or_says_why_not() -> None:
    tree = ast.parse(Path(export_account.__file__).read_text())
    function = next(one for one in tree.body if isinstance(one, ast.FunctionDef) and one.name == "_patient")
    read = {
        node.attr
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "patient"
    }
    read = {"id" if name == "pk" else name.removesuffix("_id") for name in read}
    fields = {field.name for field in Patient._meta.concrete_fields}
    assert fields - read - set(NOT_EXPORTED) == set(), "add it to _patient in export_account.py, or to NOT_EXPORTED"
    assert set(NOT_EXPORTED) <= fields - read, "it is exported, or gone"
