"""Signing and verifying hash a file once; the assumptions behind that."""

from __future__ import annotations

import dataclasses
import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bench.doctors import Authority
from signing.pdf.one_pass import Hashed, opened_to_grow
from signing.pdf.placement import Placement
from signing.pdf.verifying_child import Answer, verify_file
from tests.signing.conftest import Receive, Sign


def test_what_was_uploaded_can_not_be_written_to(tmp_path: Path) -> None:
    path = tmp_path / "letter.pdf"
    path.write_bytes(b"as it came")
    with opened_to_grow(str(path)) as file:
        file.seek(0, 2)
        file.write(b", and more")
        file.flush()
        file.seek(12)
        file.write(b"AND")  # after the original bytes
        file.flush()
    assert path.read_bytes() == b"as it came, AND more"
    file = opened_to_grow(str(path))
    file.seek(3)
    file.write(b"IT")
    with pytest.raises(OSError, match="not changed"):
        file.flush()
    file.raw.close()
    assert path.read_bytes() == b"as it came, AND more"


def test_a_digest_counts_for_exactly_what_it_was_made_of(
    receive: Receive, sign_it: Sign, authority: Authority
) -> None:
    path = sign_it(receive(), Placement(page=1, x=0.5, y=0.5)).intake.path
    whole = path.read_bytes()
    start = whole.rindex(b"/Contents <") + len(b"/Contents ")
    end = whole.index(b">", start) + 1
    signed = Hashed("sha256", (0, start, end, len(whole) - end), hashlib.sha256(whole[:start] + whole[end:]).digest())
    elsewhere = dataclasses.replace(signed, byte_range=(0, start - 1, end, len(whole) - end), digest=bytes(32))
    otherwise = dataclasses.replace(signed, algorithm="sha512", digest=bytes(64))
    for hashed in (None, signed, elsewhere, otherwise):
        assert judged(path, authority, hashed)["valid"], hashed
    wrong = dataclasses.replace(signed, digest=bytes(32))
    assert not judged(path, authority, wrong)["valid"]


def judged(path: Path, authority: Authority, hashed: Hashed | None) -> Answer:
    # In a separate thread: pyHanko runs an event loop, and a browser test may have left one in this thread.
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(verify_file, str(path), [authority.certificate], True, hashed).result()
    report: Answer
    (report,) = answer["signatures"]
    return report
