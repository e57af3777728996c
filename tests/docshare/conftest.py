from pathlib import Path

import pytest

from tests.docshare.installations import MAKE, SETUP, python
from tests.documents.conftest import *  # noqa: F403  # the same documents
from tests.migrated import copy_migrated


@pytest.fixture(scope="session")
def demo_installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """DATA_DIR of an installation with the demo practice and one queued message. Making it takes ten seconds: what
    uses it is in the xdist_group "backups", and changes a copy."""
    folder = tmp_path_factory.mktemp("demo")
    copy_migrated(folder / "docshare.sqlite3")
    made = python(folder, "-c", SETUP + MAKE)
    assert made.returncode == 0, made.stderr
    return folder
