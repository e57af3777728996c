"""Valid values of STORAGE_URL, and their meaning."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from docshare.document_storage import document_storage

BUCKET = "s3://key:secr%2Fet@Documents?endpoint=http://s3.internal:8333&region=fr-par"


def test_a_folder() -> None:
    found = document_storage("file:///srv/the%20documents")
    assert found.backend["OPTIONS"]["location"] == "/srv/the documents"
    assert found.presigning is None


def test_a_bucket_is_asked_to_encrypt_unless_told_otherwise() -> None:
    options = document_storage(BUCKET).backend["OPTIONS"]
    assert (options["bucket_name"], options["access_key"], options["secret_key"]) == ("Documents", "key", "secr/et")
    assert options["object_parameters"] == {"ServerSideEncryption": "AES256"}
    with_key = document_storage(BUCKET + "&encryption=aws:kms:documents-key").backend["OPTIONS"]
    assert with_key["object_parameters"] == {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "documents-key"}
    assert document_storage(BUCKET + "&encryption=none").backend["OPTIONS"]["object_parameters"] == {}


def test_browsers_may_reach_the_bucket_by_another_address() -> None:
    found = document_storage(BUCKET + "&public=https://files.example")
    assert found.backend["OPTIONS"]["endpoint_url"] == "http://s3.internal:8333"
    assert found.presigning is not None
    assert found.presigning["OPTIONS"]["endpoint_url"] == found.public_origin == "https://files.example"
    assert document_storage("s3://key:secret@documents?region=eu-west-3").public_origin == (
        "https://s3.eu-west-3.amazonaws.com"
    )


def test_keys_may_come_from_elsewhere() -> None:
    options = document_storage("s3://documents", access_key="key", secret_key="secret").backend["OPTIONS"]
    assert (options["access_key"], options["secret_key"]) == ("key", "secret")


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("ftp://documents", "neither file"),
        ("s3://", "neither file"),
        ("s3://documents?endpont=http://s3", "nobody knows: endpont"),
        ("s3://documents?encryption=rot13", "encryption in STORAGE_URL"),
    ],
)
def test_anything_else_stops_the_start_with_a_sentence(url: str, sentence: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=sentence):
        document_storage(url)
