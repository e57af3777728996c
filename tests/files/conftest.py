"""A real S3 server on loopback, one for the whole run. Its keys are checked: a badly signed request is refused."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from pytest_django import Settings
from storages.backends.s3 import S3Storage

from docshare.document_storage import document_storage

START_SECONDS = 30
BUCKET = "documents"
PORTS = [f"{part}.port{kind}" for part in ("master", "volume", "filer", "s3") for kind in ("", ".grpc")]


def free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


@pytest.fixture(scope="session")
def s3_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("s3")
    credentials = [{"accessKey": "docshare", "secretKey": "with/a+slash"}]
    who = {"name": "docshare", "credentials": credentials, "actions": ["Admin", "Read", "Write", "List"]}
    (folder / "identities.json").write_text(json.dumps({"identities": [who]}))
    ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
    command = [
        *(str(Path(sys.executable).with_name("weed")), "server", "-dir", str(folder), "-s3"),
        *("-ip", "127.0.0.1", "-ip.bind", "127.0.0.1", "-s3.config", str(folder / "identities.json")),
        *("-s3.iam=false", "-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false"),
        *("-master.volumeSizeLimitMB=64", "-volume.max=8"),
        *(f"-{name}={port}" for name, port in ports.items()),
    ]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            command, stdout=log, stderr=log, env={**os.environ, "WEED_S3_SSE_KEY": "tests"}, start_new_session=True
        )
    endpoint = f"http://127.0.0.1:{ports['s3.port']}"
    try:
        wait_until_it_stores(endpoint, server, folder / "log")
        yield endpoint
    finally:
        os.killpg(server.pid, signal.SIGKILL)  # on SIGTERM it would take 15 seconds
        server.wait()


def wait_until_it_stores(endpoint: str, server: subprocess.Popen[bytes], log: Path) -> None:
    backend = document_storage(s3_url(endpoint, BUCKET)).backend
    once = Config(
        connect_timeout=1, read_timeout=5, retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}
    )
    backend["OPTIONS"]["client_config"] = once
    client = S3Storage(**backend["OPTIONS"]).connection.meta.client
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            client.create_bucket(Bucket=BUCKET)
            client.put_object(Bucket=BUCKET, Key="probe", Body=b"stored")
        except (BotoCoreError, ClientError):
            if server.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"The S3 server did not start:\n{log.read_text()[-2000:]}")
            time.sleep(0.1)
        else:
            return


def s3_url(endpoint: str, bucket: str, **parameters: str) -> str:
    query = "&".join(f"{name}={value}" for name, value in {"endpoint": endpoint, **parameters}.items())
    return f"s3://docshare:with%2Fa%2Bslash@{bucket}?{query}&region=local"


@pytest.fixture
def bucket(s3_endpoint: str) -> str:
    """The address of an empty bucket, created at the server's start."""
    url = s3_url(s3_endpoint, BUCKET)
    S3Storage(**document_storage(url).backend["OPTIONS"]).bucket.objects.all().delete()
    return url


@pytest.fixture
def on_s3(bucket: str, settings: Settings) -> str:
    """An installation that stores documents in that bucket."""
    documents = document_storage(bucket)
    settings.STORAGE_URL = bucket
    settings.STORAGES = {
        **settings.STORAGES,
        "documents": documents.backend,
        "documents-presigned": documents.presigning,
    }
    settings.DOCUMENT_SERVING = "presigned"
    return bucket
