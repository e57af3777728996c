"""Every user of the machine can read collected static files, whoever collected them and with any umask."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import brotli
import pytest

from deploy.prepare import collect_static_files
from docshare import settings as site
from docshare.static_files import BEST, GOOD, LARGE, ReadableCompressor


@pytest.fixture
def static_root(settings: Any, tmp_path: Path) -> Path:
    """Collects one style sheet with the site's own storage; collecting all takes a minute."""
    settings.STORAGES = {**settings.STORAGES, "staticfiles": site.STORAGES["staticfiles"]}
    (tmp_path / "source" / "css").mkdir(parents=True)
    (tmp_path / "source" / "css" / "page.css").write_text("p { margin: 0 }\n" * 200)
    settings.STATICFILES_DIRS = [tmp_path / "source"]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATIC_ROOT = tmp_path / "static"
    return tmp_path / "static"


@pytest.fixture(autouse=True)
def _umask_of_a_careful_root() -> Iterator[None]:
    before = os.umask(0o077)
    yield
    os.umask(before)


def modes(folder: Path) -> set[int]:
    return {path.stat().st_mode & 0o777 for path in [folder, *folder.rglob("*")]}


@pytest.mark.ground
def test_static_files_are_readable_by_all_and_mended_where_they_were_not(static_root: Path) -> None:
    collect_static_files()
    assert {".gz", ".br", ".json", ".css"} <= {path.suffix for path in static_root.rglob("*")}
    assert modes(static_root) == {0o644, 0o755}

    for path in [static_root, *static_root.rglob("*")]:  # as earlier versions left them
        path.chmod(0o700 if path.is_dir() else 0o600)
    collect_static_files()
    assert modes(static_root) == {0o644, 0o755}


@pytest.mark.ground
def test_each_content_is_compressed_once_and_the_best_quality_is_for_what_a_first_page_needs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[int, int]] = []

    def compress(data: bytes, *, quality: int) -> bytes:
        asked.append((len(data), quality))
        return b"x"

    monkeypatch.setattr(brotli, "compress", compress)
    compressor = ReadableCompressor(quiet=True)
    for data in (b"a" * LARGE, b"a" * LARGE, b"b" * (LARGE + 1), b"a" * LARGE):
        assert compressor.compress_brotli(data) == b"x"
    assert asked == [(LARGE, BEST), (LARGE + 1, GOOD)]
