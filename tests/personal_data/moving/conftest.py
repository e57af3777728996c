"""Two practices in one installation, of which one moves; and the archive of the one that moves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from personal_data.moving.out import write_archive
from personal_data.practice import delete_without_archive
from tests.personal_data.conftest import *  # noqa: F403  # a store for each test
from tests.personal_data.house import House, furnish

TAG, OTHER = "lilas", "rivage"


@pytest.fixture
def house(db: None) -> House:
    return furnish(TAG, mobile="+33612345678")


@pytest.fixture
def other(house: House) -> House:
    return furnish(OTHER, mobile="+33698765432")


@pytest.fixture
def archive(house: House, other: House, tmp_path: Path) -> Path:
    path = tmp_path / "lilas.zip"
    write_archive(house.practice, path)
    return path


@pytest.fixture
def moved_out(archive: Path, house: House, django_capture_on_commit_callbacks: Any) -> Path:
    """The archive; its practice is deleted, and the other one is still here."""
    with django_capture_on_commit_callbacks(execute=True):
        delete_without_archive(house.practice)
    return archive
