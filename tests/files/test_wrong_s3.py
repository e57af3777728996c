"""An S3 server that answers wrongly, in front of a real one: missing objects do not count as stored, and wrong bytes
are neither shown nor passed on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from pytest_django import Settings
from s3transfer.exceptions import RetriesExceededError

from docshare.document_storage import document_storage
from files import storage
from files.intake import Intake
from files.models import StoredFile
from tests.documents.conftest import PDF
from tests.faults.between import standing
from tests.files.conftest import BUCKET, s3_url

Receive = Callable[..., Intake]
pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("s3")]
REFUSALS = (BotoCoreError, ClientError, RetriesExceededError, OSError, storage.BytesChanged, storage.NotKept)


@dataclass
class Crooked:
    state: str = "well"


@pytest.fixture
def crooked(bucket: str, s3_endpoint: str, settings: Settings) -> Iterator[Crooked]:
    crooked = Crooked()
    with standing("s3", s3_endpoint.removeprefix("http://"), lambda: crooked.state) as address:
        url = s3_url(f"http://{address}", BUCKET)
        settings.STORAGES = {**settings.STORAGES, "documents": document_storage(url).backend}
        yield crooked


@pytest.fixture
def stored(crooked: Crooked, receive: Receive) -> StoredFile:
    stored = storage.keep(receive(), practice=None)
    stored.save()
    return stored


@pytest.mark.parametrize("state", ["html", "slow down", "failing", "refusing", "cut upload", "hanging up"])
def test_what_the_server_does_not_have_is_not_kept(state: str, crooked: Crooked, receive: Receive) -> None:
    crooked.state = state
    with pytest.raises(REFUSALS):
        storage.keep(receive(), practice=None)
    crooked.state = "well"
    assert storage.keep(receive(), practice=None).size == len(PDF)


def test_an_upload_that_something_in_front_of_s3_swallowed_is_not_kept(crooked: Crooked, receive: Receive) -> None:
    crooked.state = "swallowing"
    with pytest.raises(storage.NotKept):
        storage.keep(receive(), practice=None)


@pytest.mark.parametrize("state", ["html", "truncated", "wrong bytes", "cut answer", "refusing"])
def test_bytes_that_are_not_the_documents_are_not_passed_on(state: str, crooked: Crooked, stored: StoredFile) -> None:
    crooked.state = state
    with pytest.raises(REFUSALS), storage.open_(stored) as file:
        file.read()
    with pytest.raises(REFUSALS), storage.local_copy(stored):
        pass
    crooked.state = "well"
    with storage.local_copy(stored) as path:
        assert path.read_bytes() == PDF


@pytest.mark.parametrize("state", ["wrong etag", "slow"])
def test_what_does_not_concern_the_bytes_does_no_harm(state: str, crooked: Crooked, receive: Receive) -> None:
    crooked.state = state
    stored = storage.keep(receive(), practice=None)
    with storage.local_copy(stored) as path:
        assert path.read_bytes() == PDF


@pytest.mark.parametrize("state", ["html", "refusing"])
def test_a_server_that_answers_wrongly_is_not_ready(state: str, crooked: Crooked) -> None:
    storage.answers()
    crooked.state = state
    with pytest.raises(REFUSALS):
        storage.answers()
