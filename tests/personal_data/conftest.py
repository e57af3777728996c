"""Documents to share, and a separate store for each test."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.files.storage import FileSystemStorage

from files import storage
from tests.documents.conftest import *  # noqa: F403  # the same documents


@pytest.fixture(autouse=True)
def own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty store."""
    folder = tmp_path / "store"
    own = FileSystemStorage(location=folder, file_permissions_mode=0o600)
    monkeypatch.setattr(storage, "documents_storage", lambda: own)
    return folder
