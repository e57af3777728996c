"""An administrator takes the archive of a practice away: each state of the page, by keyboard."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from docshare.demo import cast
from personal_data.models import PracticeExport
from personal_data.practice_exports import make_next
from tests.e2e.conftest import Visitor
from tests.e2e.steps import sign_in_as_staff

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_request_wait_and_download_by_keyboard(site: str, browser: Browser, tmp_path: Path) -> None:
    visitor = Visitor(browser, site, 1440, 900)
    sign_in_as_staff(visitor, cast.STAFF[3].email)
    page = visitor.page
    page.goto(f"{site}/pro/settings/archive/")
    page.fill("main [name=password]", cast.PASSWORD)  # once more
    page.press("main [name=password]", "Enter")
    page.get_by_role("heading", name="Archive du cabinet").wait_for()
    visitor.accessible()
    page.get_by_role("button", name="Demander l’archive").press("Enter")
    page.get_by_role("link", name="Actualiser").wait_for()
    PracticeExport.objects.update(copied=3, documents=12)
    page.reload()
    assert page.get_by_label("Documents copiés\u00a0: 3 sur 12").get_attribute("value") == "25"
    visitor.accessible()
    visitor.readable()
    assert make_next()
    page.get_by_role("link", name="Actualiser").press("Enter")
    button = page.get_by_role("button", name="Télécharger l’archive (ZIP)")
    button.wait_for()
    visitor.accessible()
    visitor.readable()
    page.emulate_media(color_scheme="light")
    with page.expect_download() as download:
        button.press("Enter")
    download.value.save_as(tmp_path / "archive.zip")
    assert "practice.json" in zipfile.ZipFile(tmp_path / "archive.zip").namelist()
