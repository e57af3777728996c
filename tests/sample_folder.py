"""Documents of real software, which are not in the repository: SAMPLES_FOLDER names a folder with them.

Tests over it are optional: without the folder each is skipped with a reason, and the header of the run states how
many.
"""

from __future__ import annotations

import os
from pathlib import Path

import pypdfium2 as pdfium
import pytest

NAME = "SAMPLES_FOLDER"
FOLDER = os.environ.get(NAME, "")
OVER_THE_FOLDER = "@over_the_folder("
_TESTS = Path(__file__).parent


def over_the_folder(*suffixes: str) -> pytest.MarkDecorator:
    """One test for each `path` in the folder with one of these suffixes, including subfolders."""
    if not FOLDER:
        absent = pytest.mark.skip(reason=f"{NAME} names no folder of documents")
        return pytest.mark.parametrize("path", [pytest.param(Path(), id="none", marks=absent)])
    folder = Path(FOLDER)
    if not folder.is_dir():
        raise pytest.UsageError(f"{NAME}: {folder} is no folder")
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in suffixes and path.is_file())
    return pytest.mark.parametrize("path", paths, ids=lambda path: str(path.relative_to(folder)))


def viewer_opens(content: bytes) -> bool:
    """Whether pdfium, the engine of browsers, shows the first page without a password."""
    try:
        return bool(pdfium.PdfDocument(content)[0])
    except pdfium.PdfiumError:
        return False


def header() -> str:
    """A line for the header of the run."""
    if FOLDER:
        return f"sample folder: {FOLDER}"
    count = sum(path.read_text().count(f"\n{OVER_THE_FOLDER}") for path in _TESTS.rglob("test_*.py"))
    return f"sample folder absent: {count} tests over it don't run ({NAME}=… names one)"
