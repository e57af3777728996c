"""Judges the signatures of a PDF, in the sandbox. Imports no Django.

Used when a document is stored, when anybody verifies a file, and right after signing.

Two passes. The first judges every filled signature field by itself, document time-stamps too. The second uses these
results to judge the changes after each signature. Whatever exception a document causes in a library becomes an
answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from asn1crypto import x509 as asn1_x509
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.crypt import PdfKeyNotAvailableError
from pyhanko.pdf_utils.reader import PdfFileReader

from signing.pdf import asn1_lengths, evidence, hex_strings, machine_faults, trust, values
from signing.pdf.changes import changes_after
from signing.pdf.cms_judgement import worst
from signing.pdf.field_facts import FieldFact
from signing.pdf.field_judgement import JudgedField, certificates_in_store, judge_field, unreadable
from signing.pdf.filled_fields import FilledField, NoSignature, TooManyFields, filled_fields
from signing.pdf.one_pass import Hashed
from signing.pdf.pades import level_of
from signing.pdf.review import Came
from signing.pdf.trust import Trust, Trusted

hex_strings.use()
asn1_lengths.use()
CHUNK = 1 << 20
MAX_SIGNATURES = 50  # no medical document has more; each costs a hash of the whole file
Answer = dict[str, Any]


def verify_file(
    path: str,
    roots: list[bytes],
    strict: bool = False,
    hashed: Hashed | None = None,
    time_roots: Sequence[bytes] = (),
) -> Answer:
    """Each filled signature field of the file, oldest first, judged against `roots` (DER), time-stamps against
    `time_roots`, too. `strict`: refuse damage and hybrid cross-references. `hashed`: the digest that this process
    just computed over the file, if any.

    Answers `{"signatures", "time_stamps"}`, each a list with the keys of `_answer`, or `{"refused"}`: "password",
    "unreadable", "too_complex".
    """
    try:
        with open(path, "rb") as file:
            reader = opened(file, strict=strict)
            if strict and reader.xrefs.hybrid_xrefs_present:
                # strict validators refuse files that readers may understand differently
                return {"refused": "unreadable"}
            fields = signatures_of(reader)
            if len(fields) > MAX_SIGNATURES:
                return {"refused": "too_complex"}
            trusted = Trusted.of(roots, time_roots)
            judged = _judged(reader, fields, trusted, hashed)
            facts = _facts(judged)
            answers = [_answer(each, facts, trusted) for each in judged]
            return {
                "signatures": [signature for signature in answers if not signature["is_time_stamp"]],
                "time_stamps": [signature for signature in answers if signature["is_time_stamp"]],
            }
    except MemoryError:
        raise
    except PdfKeyNotAvailableError:
        return {"refused": "password"}
    except TooManyFields:
        return {"refused": "too_complex"}
    except Exception as error:
        if machine_faults.is_machine_fault(error):
            raise
        return {"refused": "unreadable"}  # any kind, on damaged files


def opened(file: BinaryIO, *, strict: bool = False) -> PdfFileReader:
    """A reader of the file, decrypted if its user password is empty."""
    reader = PdfFileReader(file, strict=strict)
    if reader.encrypted:
        reader.decrypt("")
    return reader


@dataclass(frozen=True)
class Unreadable:
    """A filled field whose value is no signature, or that can't be read."""

    name: str
    judged: JudgedField
    is_time_stamp: bool = False
    signed_revision: int = -1


def signatures_of(reader: PdfFileReader) -> list[FilledField | Unreadable]:
    """Each filled signature field, oldest first; a field that can't be parsed does not hide the others. Raises
    TooManyFields."""
    fields: list[FilledField | Unreadable] = []
    for name, field, value in filled_fields(reader):
        is_time_stamp = str(value.get("/Type", "")) == "/DocTimeStamp"
        try:
            fields.append(FilledField(reader, field, value, name))
        except MemoryError:
            raise
        except NoSignature:
            fields.append(Unreadable(name, unreadable("not_valid"), is_time_stamp))
        except Exception:
            fields.append(Unreadable(name, unreadable("not_judged"), is_time_stamp))
    return sorted(fields, key=lambda each: each.signed_revision)


@dataclass(frozen=True)
class _Found:
    """One field after the first pass."""

    field: FilledField | Unreadable
    judged: JudgedField
    trust: Trust

    @property
    def fact(self) -> FieldFact:
        name = self.field.fq_name if isinstance(self.field, FilledField) else self.field.name
        return FieldFact(
            name=name,
            revision=self.field.signed_revision,
            is_time_stamp=self.field.is_time_stamp,
            judgement=self.judged.judgement,
            confirmed=self.judged.is_valid and self.trust.is_trusted,
        )


def facts_of(reader: PdfFileReader, trusted: Trusted) -> Mapping[str, FieldFact]:
    """The first pass alone: every filled field judged for itself, by name."""
    return _facts(_judged(reader, signatures_of(reader), trusted, None))


def _judged(
    reader: PdfFileReader,
    fields: Sequence[FilledField | Unreadable],
    trusted: Trusted,
    hashed: Hashed | None,
) -> list[_Found]:
    elsewhere = [*certificates_in_store(reader), *trusted.ders]
    return [_first_pass(each, elsewhere, trusted, hashed) for each in fields]


def _first_pass(
    field: FilledField | Unreadable, elsewhere: Sequence[bytes], trusted: Trusted, hashed: Hashed | None
) -> _Found:
    judged = field.judged if isinstance(field, Unreadable) else judge_field(field, elsewhere, trusted, hashed)
    return _Found(field, judged, _trust(judged, field.is_time_stamp, trusted))


def _trust(judged: JudgedField, is_time_stamp: bool, trusted: Trusted) -> Trust:
    """Whether the signer is trusted; never for a signature that is invalid or can't be judged."""
    if not judged.is_valid or judged.certificate is None:
        return trust.NONE
    if is_time_stamp:
        return trusted.time(judged.certificate, judged.others)
    result = trusted.signer(judged.certificate, judged.others)
    if result.code == "expired" and judged.time_trusted:
        # The time is proved: the certificate expired only after it.
        result = trusted.signer(judged.certificate, judged.others, at=judged.stamped_at)
    return Trust("weak") if result.is_trusted and judged.weak else result


def _facts(judged_fields: Sequence[_Found]) -> Mapping[str, FieldFact]:
    """The facts by field name. If two fields share a name, each gets the worse result."""
    facts: dict[str, FieldFact] = {}
    for fact in (each.fact for each in judged_fields):
        same = facts.get(fact.name)
        facts[fact.name] = fact if same is None else FieldFact(
            name=fact.name,
            revision=max(fact.revision, same.revision),
            is_time_stamp=fact.is_time_stamp and same.is_time_stamp,
            judgement=worst([fact.judgement, same.judgement]),
            confirmed=fact.confirmed and same.confirmed,
        )  # fmt: skip
    return facts


def _answer(found: _Found, facts: Mapping[str, FieldFact], trusted: Trusted) -> Answer:
    """The answer about one field, in JSON values."""
    judged, field = found.judged, found.field
    came_after = _second_pass(field, facts)
    return {
        "certificate": judged.certificate.sha256.hex() if judged.certificate else "",
        "signer": _name(judged.certificate.subject if judged.certificate else None),
        "number": _attribute(judged.certificate.subject if judged.certificate else None, "serial_number"),
        "issuer": _name(judged.certificate.issuer if judged.certificate else judged.issuer),
        "signed_at": judged.signed_at.isoformat() if judged.signed_at else None,
        "timestamped_at": judged.stamped_at.isoformat() if judged.stamped_at else None,
        "time_trusted": judged.time_trusted,
        "root": found.trust.root,
        "named_root": "" if found.trust.root else trusted.falsely_named_by(judged.certificate),
        "level": level_of(field, judged, facts, trusted.ders) if isinstance(field, FilledField) else "",
        "judgement": judged.judgement,
        "valid": judged.is_valid,
        "trusted": found.trust.is_trusted,
        "trust": found.trust.code,
        "came_after": came_after,
        "covers_whole_document": came_after in ("nothing", "validation"),
        "is_time_stamp": field.is_time_stamp,
        "evidence": _evidence(field) if judged.is_valid else "",
    }


def _evidence(field: FilledField | Unreadable) -> str:
    """The text that a seal of this software has in its dictionary; empty without one."""
    value = values.entry(field.sig_object, evidence.KEY) if isinstance(field, FilledField) else None
    return str(value) if isinstance(value, generic.TextStringObject) and len(value) <= evidence.LONGEST else ""


def _second_pass(field: FilledField | Unreadable, facts: Mapping[str, FieldFact]) -> Came:
    return "other" if isinstance(field, Unreadable) else changes_after(field, facts)


def _name(name: asn1_x509.Name | None) -> str:
    """The common name, or else the whole name."""
    return _attribute(name, "common_name") or (_human(name) if name is not None else "")


def _attribute(name: asn1_x509.Name | None, key: str) -> str:
    try:
        value = name.native.get(key, "") if name is not None else ""
    except (ValueError, TypeError, KeyError):
        return ""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _human(name: asn1_x509.Name) -> str:
    try:
        return str(name.human_friendly)
    except (ValueError, TypeError, KeyError):
        return ""
