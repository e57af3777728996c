"""Every upload is scanned by a real clamd, and none passes without a scan."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from files.intake import Intake, Refused, ScannerUnavailable
from tests.documents.conftest import PDF
from tests.scanner import EICAR, Clamd

Receive = Callable[..., Intake]


@pytest.fixture
def clamd(settings: Any) -> Iterator[Clamd]:
    folder = Path(tempfile.mkdtemp(prefix="clamd-"))
    scanner = Clamd(folder)
    settings.CLAMD_URL = scanner.url
    yield scanner
    scanner.stop()
    shutil.rmtree(folder)


def with_eicar(content: bytes = PDF) -> bytes:
    """A valid PDF that contains the test string of the European Institute for Computer Antivirus Research."""
    end = content.rindex(b"startxref")
    return content[:end] + b"%" + EICAR + b"\n" + content[end:]


def refusal(receive: Receive, content: bytes, name: str = "ordonnance.pdf") -> Refused:
    with pytest.raises(Refused) as caught:
        receive(content, name)
    return caught.value


def test_eicar_is_refused_and_told_and_the_clean_document_taken(
    clamd: Clamd, receive: Receive, files_in_store: Callable[[], list[Path]], caplog: pytest.LogCaptureFixture
) -> None:
    clamd.start()
    before = files_in_store()
    refused = refusal(receive, with_eicar())
    assert refused.code == "virus"
    assert "virus" in refused.sentence
    assert files_in_store() == before
    assert "Eicar-Test" in caplog.text
    assert "ordonnance" not in caplog.text
    assert receive().size == len(PDF)


def test_away_nothing_is_taken_and_back_it_goes_through_by_itself(clamd: Clamd, receive: Receive) -> None:
    refused = refusal(receive, PDF)
    assert isinstance(refused, ScannerUnavailable)
    assert refused.retry_after > 0
    clamd.start()
    assert receive().size == len(PDF)
    clamd.stop()
    assert isinstance(refusal(receive, PDF), ScannerUnavailable)


@pytest.mark.parametrize("beyond", [70_000, 3_000_000])
def test_beyond_the_scanners_own_limit_is_not_scanned_and_never_clean(
    beyond: int, clamd: Clamd, receive: Receive
) -> None:
    clamd.stream_max_length = "1M"
    clamd.start()
    end = PDF.rindex(b"startxref")
    long = PDF[:end] + b"%" + b"x" * (1_048_576 + beyond) + b"\n" + PDF[end:]
    assert refusal(receive, long).code == "not_scanned"
    assert receive().size == len(PDF)


def test_what_clamd_skips_by_its_other_limits_is_not_scanned(clamd: Clamd, receive: Receive) -> None:
    clamd.max_file_size = "1K"
    clamd.start()
    assert refusal(receive, PDF).code == "not_scanned"


def test_an_address_that_is_none_stops_the_start(settings: Any) -> None:
    settings.CLAMD_URL = "localhost:3310"
    with pytest.raises(SystemCheckError, match="Set CLAMD_URL to tcp://host:3310"):
        call_command("check")
