"""Our scripts import each other by the hashed names that pages use, and these files exist."""

from __future__ import annotations

import json
import posixpath
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site_settings
from django.test import override_settings

from deploy.prepare import collect_static_files
from docshare import settings as site

pytestmark = pytest.mark.ground
SOURCES = Path(site_settings.BASE_DIR) / "static"
TEMPLATES = Path(site_settings.BASE_DIR) / "templates"
IMPORT = re.compile(
    r"""(?:\bfrom|\bimport)\s*\(?\s*["']([^"']+)["']"""
)  # static, dynamic, for its effect, export from
MODULES = sorted(path.relative_to(SOURCES).as_posix() for path in SOURCES.glob("js/**/*.js"))


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """The folder with our collected static files, and the hashed name of each."""
    root = tmp_path_factory.mktemp("collected")
    wanted: dict[str, Any] = {
        "STORAGES": {**site_settings.STORAGES, "staticfiles": site.STORAGES["staticfiles"]},
        "STATICFILES_DIRS": [SOURCES, *site.STATICFILES_DIRS[-1:]],  # and the font that our style sheets name
        "STATICFILES_FINDERS": ["django.contrib.staticfiles.finders.FileSystemFinder"],
        "STATIC_ROOT": root,
    }
    with override_settings(**wanted):
        collect_static_files()
    names: dict[str, str] = json.loads((root / "staticfiles.json").read_text())["paths"]
    return root, names


def imports_of(module: str, collected: tuple[Path, dict[str, str]]) -> set[str]:
    root, names = collected
    text = (root / names[module]).read_text()
    return {posixpath.normpath(posixpath.join(posixpath.dirname(module), one)) for one in IMPORT.findall(text)}


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_others_by_their_hashed_names(module: str, collected: tuple[Path, dict[str, str]]) -> None:
    root, names = collected
    written = {
        posixpath.normpath(posixpath.join("js", one)) for one in IMPORT.findall((SOURCES / module).read_text())
    }
    found = imports_of(module, collected)
    assert found == {names[one] for one in written}
    assert all((root / one).is_file() for one in found)


def test_pages_load_modules_by_their_hashed_names_alone() -> None:
    """So each module has one address, whoever loads it."""
    for template in TEMPLATES.rglob("*.html"):
        for tag in re.findall(r"<script\b[^>]*>", template.read_text()):
            if "src=" in tag:
                assert re.search(r"""src="(\{% static '[^']+' %\}|\{\{ \w+ \}\})\"""", tag), (template, tag)


def test_a_changed_module_changes_the_names_of_all_that_import_it(tmp_path: Path, settings: Any) -> None:
    (tmp_path / "source" / "js").mkdir(parents=True)
    low, high = (tmp_path / "source" / "js" / name for name in ("low.js", "high.js"))
    high.write_text('import { word } from "./low.js";\nconsole.log(word, await import("./low.js"));\n')
    settings.STORAGES = {**settings.STORAGES, "staticfiles": site.STORAGES["staticfiles"]}
    settings.STATICFILES_DIRS = [tmp_path / "source"]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATIC_ROOT = tmp_path / "static"

    def name_of_high(text: str) -> str:
        low.write_text(text)
        collect_static_files()
        names = json.loads((tmp_path / "static" / "staticfiles.json").read_text())["paths"]
        return str(names["js/high.js"])

    assert name_of_high('export const word = "one";\n') != name_of_high('export const word = "another";\n')
